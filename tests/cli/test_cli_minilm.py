"""From words to results with the real embedder, as a user has it."""

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import Run

from saetui.embed import minilm


def test_a_question_finds_documents_about_it(run: Run, minilm_bundle: Path) -> None:
    found = run("search", minilm_bundle, "corals that turn white in warm water", "--json").json
    assert all("coral reefs" in result["title"] for result in found["results"][:5])
    assert found["features"][0]["label"] in {"Coral reefs", "Bleaching"}


def test_a_process_answers_like_the_library(run: Run, minilm_bundle: Path) -> None:
    words = ["search", str(minilm_bundle), "heavy stars that collide", "--steer", "3=0.2", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "saetui", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(done.stdout) == run(*words).json
    assert done.stderr == ""


def test_an_embedder_of_another_width_is_refused(run: Run, bundle: Path) -> None:
    outcome = run("search", bundle, "reef")
    assert outcome.code == 1
    assert "width 384" in outcome.err
    assert "width 32" in outcome.err


@pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="the hub's client is absent")
def test_a_build_without_weights_and_network_says_so_at_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm, "installed_folder", lambda: None)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "Coral reefs."}\n', "utf-8")
    began = time.monotonic()
    outcome = run("build", tmp_path / "a.jsonl", "-o", tmp_path / "x.bundle")
    assert time.monotonic() - began < 15
    assert outcome.code == 1
    sentence, hint = outcome.err.splitlines()
    assert "are not on this machine, and the Hugging Face hub cannot be reached" in sentence
    assert "saetui[demo]" in hint

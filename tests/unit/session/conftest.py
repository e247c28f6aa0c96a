"""Sessions on bundles of synthetic documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle

from saetui.session.session import Session
from saetui.store.bundle import Bundle


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of many more documents than its index, a graph, names."""
    folder = tmp_path_factory.mktemp("bundles") / "large.bundle"
    return make_bundle(folder, documents=900, index="graph", candidates=40)


@pytest.fixture
def session(bundle_folder: Path) -> Iterator[Session]:
    session = Session(Bundle(bundle_folder), embedder=HashEmbedder())
    yield session
    session.close()

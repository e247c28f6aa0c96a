"""Sessions on bundles of synthetic documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle
from hypothesis import settings

from saetui.session.session import Session
from saetui.store.bundle import Bundle

# Property tests draw the same examples in every run, however busy the machine.
settings.register_profile("steady", max_examples=50, derandomize=True, deadline=None, database=None)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of more documents than the index names candidates."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "large.bundle", documents=900)


@pytest.fixture
def session(bundle_folder: Path) -> Iterator[Session]:
    session = Session(Bundle(bundle_folder), embedder=HashEmbedder())
    yield session
    session.close()

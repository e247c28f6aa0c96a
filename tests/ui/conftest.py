"""Small bundles to run the app on, and pictures of its screens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_bundle
from driver import open_still
from odd_bundles import make_hostile_bundle
from screens import ScreenSnapshots
from syrupy.assertion import SnapshotAssertion

from saetui.session.session import Session


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "small.bundle", truth=True)


@pytest.fixture(scope="session")
def hostile_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_hostile_bundle(tmp_path_factory.mktemp("bundles") / "hostile.bundle")


@pytest.fixture
def session(bundle: Path) -> Iterator[Session]:
    """An open session on synthetic documents."""
    session = open_still(bundle)
    yield session
    session.close()


@pytest.fixture
def screens(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares screens with the pictures in `snapshots/`."""
    return snapshot.use_extension(ScreenSnapshots)

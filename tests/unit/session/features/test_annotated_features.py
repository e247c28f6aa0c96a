"""What a reader says about one feature changes what is known of it, and nothing else."""

import shutil
from pathlib import Path

import pytest
from bundles import HashEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.notes import NOTES

FILTERS = ("", "own", "label:own", "note:any", "bookmark:any", "quality:any own", "0")
SAID = st.one_of(
    st.tuples(st.just("label"), st.sampled_from(["", "Own name", "own"])),
    st.tuples(st.just("note"), st.sampled_from(["", "odd"])),
    st.tuples(st.just("bookmark"), st.sampled_from(["", "yes"])),
    st.tuples(st.just("rejected"), st.sampled_from(["", "1", "-1"])),
)


@pytest.fixture(scope="module")
def own_folder(bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path_factory.mktemp("own") / "own.bundle"))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), SAID), max_size=6))
def test_what_is_said_step_by_step_is_what_is_read_anew(
    own_folder: Path, said: list[tuple[int, tuple[str, str]]]
) -> None:
    (own_folder / NOTES).unlink(missing_ok=True)
    session = Session(Bundle(own_folder), embedder=HashEmbedder())
    session.find_features("own")
    session.features.lookup.warm()
    for feature, (kind, text) in said:
        session.note(feature, kind, text)  # type: ignore[arg-type]
        session.features.table.sorted(session.features, "label", descending=False)
    session.write_notes()
    again = Session(Bundle(own_folder), embedder=HashEmbedder())
    assert list(session.features) == list(again.features)
    assert dict(session.features.notes) == dict(again.features.notes)
    for text in FILTERS:
        assert session.find_features(text) == again.find_features(text)
    for key in ("label", "f1"):
        sorted_now = session.features.table.sorted(session.features, key, descending=True)
        assert sorted_now == again.features.table.sorted(again.features, key, descending=True)
    session.close()
    again.close()

"""What a reader says of documents moves the share that a label is true of."""

from pathlib import Path

from bundles import make_bundle

from saetui.session.search.request_text import parse_filter
from saetui.session.session import open_session
from saetui.store.notes import UNTRUE

BLACK_HOLES = 0


def test_a_reader_who_says_no_lowers_the_share_and_taking_it_back_restores_it(
    tmp_path: Path,
) -> None:
    session = open_session(make_bundle(tmp_path / "own.bundle", truth=True))
    before = session.features[BLACK_HOLES].true
    assert before is not None
    ids = [example.id for example in session.feature(BLACK_HOLES, 3).top]
    for number in ids:
        session.note(BLACK_HOLES, "judged", UNTRUE, about="Black holes", document=number)
    lowered = session.features[BLACK_HOLES].true
    assert lowered is not None
    assert lowered.value < before.value
    # What is said of another label tells nothing of this one.
    session.note(BLACK_HOLES, "judged", UNTRUE, about="White holes", document="doc-3")
    assert session.features[BLACK_HOLES].true == lowered
    session.write_notes()
    session.close()
    again = open_session(tmp_path / "own.bundle")
    assert again.features[BLACK_HOLES].true == lowered
    for number in ids:
        again.note(BLACK_HOLES, "judged", "", about="Black holes", document=number)
    assert again.features[BLACK_HOLES].true == before
    again.close()


def test_filters_go_by_what_counts_and_can_ask_for_all_that_is_active(tmp_path: Path) -> None:
    session = open_session(make_bundle(tmp_path / "own.bundle", truth=True))
    masks, record = session.searcher.masks, session.features[BLACK_HOLES]

    def found(text: str) -> int:
        mask = masks.eligible(parse_filter(text, session.features.lookup.feature))
        assert mask is not None
        return int(mask.sum())

    assert found('has:"Black holes"') == record.documents < record.active
    assert found('active:"Black holes"') == record.active
    assert found('without:"Black holes"') == len(session.bundle) - record.documents
    assert found('active:"Black holes" without:"Black holes"') == record.active - record.documents
    session.close()

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.documents import Document
from saetui.errors import InputError
from saetui.session.questions.asking import ask
from saetui.session.questions.overview import overview
from saetui.session.questions.trends import trends
from saetui.session.questions.units import counted_whys, held_back
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.layout import FEATURES, sae_folder

BLACK_HOLES, LANGUAGE_MODELS, MERGERS, BLEACHING, FISH, UNNAMED = 0, 5, 2, 11, 12, 16


def dated(row: int, document: Document) -> Document:
    """Black holes and reefs are late, language models early."""
    late = document.metadata["categories"] != ["Language models"]
    return replace(document, published=f"{(2012 if late else 2002) + row % 8}-06-15")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("bundles") / "subjects.bundle"
    make_bundle(folder, documents=240, changed=dated)
    name = Bundle(folder).manifest.saes[0].name
    with closing(sqlite3.connect(sae_folder(folder, name) / FEATURES)) as features, features:
        said = "UPDATE features SET quality = ? WHERE id = ?"
        features.executemany(said, [("mixed", BLACK_HOLES), ("word", MERGERS)])
        # A word that nearly all documents have, and one that only those of the feature have.
        features.execute(f"UPDATE features SET cohesion = 0.2 WHERE id IN ({BLEACHING}, {FISH})")
        features.execute(f"UPDATE labels SET text = 'Measure' WHERE feature = {FISH}")
    with closing(Session(Bundle(folder), embedder=HashEmbedder())) as found:
        yield found


def test_mixed_features_manners_of_writing_and_plain_words_are_no_subjects(
    session: Session,
) -> None:
    found = held_back(session, range(UNNAMED + 1))
    assert found == {
        BLACK_HOLES: "mixed",
        MERGERS: "a manner of writing",
        FISH: "a plain word",
        15: "without a label",
        UNNAMED: "without a label",
    }
    assert counted_whys(found.values()) == (
        "1 mixed, 1 manner of writing, 1 plain word, 2 without a label"
    )


def test_trends_leave_out_what_is_no_subject_and_say_so(session: Session) -> None:
    told = trends(session, "year")
    listed = {row.id for row in told.rows if row.significant}
    assert LANGUAGE_MODELS in listed
    assert not listed & {BLACK_HOLES, FISH}
    assert told.facts["left_out"][BLACK_HOLES] == "mixed"
    (remark,) = (each for each in told.remarks if each.startswith("Left out"))
    assert remark.endswith("; 'over years all', or --all, shows them.")
    assert BLACK_HOLES not in [row.id for row in overview(session).rising]

    everything = ask(session, "over years all")
    assert everything.question == "over years all"
    assert {BLACK_HOLES, FISH} <= {row.id for row in everything.rows if row.significant}
    assert not any(each.startswith("Left out") for each in everything.remarks)
    with pytest.raises(InputError, match="'years some' is not a period"):
        ask(session, "over years some")


def test_what_a_reader_named_is_a_subject(session: Session) -> None:
    session.note(BLACK_HOLES, "label", "Holes")
    try:
        assert BLACK_HOLES not in held_back(session, [BLACK_HOLES])
        assert BLACK_HOLES in {row.id for row in trends(session, "year").rows}
    finally:
        session.note(BLACK_HOLES, "label", "")

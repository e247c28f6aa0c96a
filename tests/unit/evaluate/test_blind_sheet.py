"""A blind sheet has documents of every kind, and says nothing about them."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from bundles import make_bundle

from saetui.core.features import DECILES
from saetui.errors import InputError
from saetui.evaluate.blind_sheet import (
    COLUMNS,
    Key,
    draw_key,
    key_path,
    read_key,
    read_rows,
    write_sheet,
)
from saetui.store.bundle import Bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("sheets") / "some.bundle"
    return Bundle(make_bundle(folder, documents=200))


def drawn(bundle: Bundle, count: int = 5, seed: int = 0) -> Key:
    sae = bundle.sae()
    return draw_key(bundle, sae, sae.features, count, seed)


def test_documents_are_of_every_tenth_near_misses_and_random(bundle: Bundle) -> None:
    sae, key = bundle.sae(), drawn(bundle)
    questions = list(key.questions.values())
    assert len({each.feature for each in questions}) == 5
    for feature in {each.feature for each in questions}:
        own = [each for each in questions if each.feature == feature]
        assert sorted(each.tenth for each in own if each.tenth) == list(range(1, DECILES + 1))
        assert Counter(each.kind for each in own) == {"active": DECILES, "near": 3, "random": 3}
        assert len({each.document for each in own}) == len(own)
        by_tenth = sorted((each.tenth, each.activation) for each in own if each.tenth)
        assert [a for _, a in by_tenth] == sorted((a for _, a in by_tenth), reverse=True)
    for each in questions:
        row = bundle.documents.row_of(each.document)
        active = (sae.codes.indices[row] == each.feature).any()
        assert active == (each.kind == "active")
        assert each.label == sae.features[each.feature].label


def test_near_misses_are_nearer_than_random_documents(bundle: Bundle) -> None:
    sae = bundle.sae()
    cosines: dict[str, list[float]] = {"near": [], "random": []}
    for each in drawn(bundle, count=12).questions.values():
        if each.kind in cosines:
            row = bundle.documents.row_of(each.document)
            direction = sae.weights.directions[each.feature]
            cosines[each.kind].append(float(bundle.embeddings[row] @ direction))
    means = {kind: sum(values) / len(values) for kind, values in cosines.items()}
    assert means["near"] > means["random"] + 0.1


def test_the_sheet_tells_nothing(bundle: Bundle, tmp_path: Path) -> None:
    key, sheet = drawn(bundle), tmp_path / "blind.csv"
    write_sheet(sheet, key_path(sheet), key, bundle)
    with sheet.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert tuple(rows[0]) == COLUMNS
    assert {row["judgement"] for row in rows} == {""}
    questions = [key.questions[row["id"]] for row in rows]
    for row, question in zip(rows, questions, strict=True):
        found = bundle.documents.row_of(question.document)
        assert found is not None
        assert row["text"] == bundle.documents.document(found).embedding_text
    # Neither the order of rows nor that of ids goes with the feature or the kind of document.
    for order in (questions, sorted(questions, key=lambda each: each.id)):
        for attribute in ("feature", "kind"):
            values = [getattr(each, attribute) for each in order]
            changes = sum(a != b for a, b in pairwise(values))
            assert changes > len(values) / 3


def test_a_seed_draws_the_same_sheet_again(bundle: Bundle) -> None:
    assert drawn(bundle) == drawn(bundle)
    assert drawn(bundle).questions.keys() != drawn(bundle, seed=1).questions.keys()


def test_a_key_is_read_as_it_was_written(bundle: Bundle, tmp_path: Path) -> None:
    key, sheet = drawn(bundle), tmp_path / "blind.csv"
    write_sheet(sheet, key_path(sheet), key, bundle)
    assert read_key(tmp_path / "blind.key.json") == key
    with pytest.raises(InputError, match=r"blind\.csv exists"):
        write_sheet(sheet, tmp_path / "other.json", key, bundle)
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not the key of a sheet"),
        ('{"questions": [{"kind": "top"}]}', "is not the key of a sheet"),
        (None, "There is no key"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "blind.key.json"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=complaint):
        read_key(path)


def test_nothing_can_be_judged_without_labels(bundle: Bundle) -> None:
    with pytest.raises(InputError, match="no labelled feature"):
        draw_key(bundle, bundle.sae(), [], 3, 0)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sheet_is_read_as_spreadsheets_save_it(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "blind.csv"
    lines = [["ID", "label", "Judgement "], ["a1", "Jets", " yes "], ["a2", "x\ny", ""]]
    text = "".join(delimiter.join(f'"{cell}"' for cell in line) + "\r\n" for line in lines)
    path.write_bytes(("\ufeff" + text).encode())
    found = [(values["id"], values["judgement"]) for _, values in read_rows(path)]
    assert found == [("a1", "yes"), ("a2", "")]


def test_a_sheet_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "blind.csv"
    path.write_text("id,label\n1,Jets\n")
    with pytest.raises(InputError, match="no columns 'id' and 'judgement'"):
        list(read_rows(path))
    path.write_bytes(b"id,judgement\n\xff,yes\n")
    with pytest.raises(InputError, match="not UTF-8"):
        list(read_rows(path))

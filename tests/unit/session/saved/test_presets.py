"""Searches that were saved mean the same when they are opened again, or say that they do not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.changes import MODES, Change
from saetui.core.document_filter import DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.saved.presets import open_preset, read_preset, save_preset
from saetui.session.session import Session
from saetui.session.steering import steered_toward
from saetui.store.bundle import Bundle

REQUEST = SearchRequest(
    steering={3: Change("add", 0.25), 9: Change("scale", -1.0), 1: Change("set", 0.0)},
    mode="codes",
    solo=3,
    limit=7,
    why=True,
    exact=True,
    like=11,
    muted=(4, 5),
    retrieval="hybrid",
    filter=DocumentFilter("2011", "2018-05", ("Coral reefs",), (("a", "b"),), (1,), (2, 3)),
)


@pytest.mark.parametrize("request_", [SearchRequest("reef"), REQUEST])
def test_a_search_comes_back_whole(
    session: Session, tmp_path: Path, request_: SearchRequest
) -> None:
    path = tmp_path / "a.json"
    save_preset(path, session, request_, [SearchRequest("before")])
    opened = open_preset(read_preset(path), session)
    assert opened.request == request_
    assert list(opened.request.steering) == list(request_.steering)
    assert opened.history == (SearchRequest("before"),)
    assert opened.warnings == ()


def test_a_session_of_fifty_steps_replays_the_same(session: Session, tmp_path: Path) -> None:
    request, steps = SearchRequest("black hole merger"), []
    for step in range(50):
        if step % 7 == 3:
            row = session.search(request).results[step % 5].row
            request = steered_toward(session, request, row, 1 if step % 2 else -1)
        elif step % 7 == 5:
            request = replace(request, mode=MODES[step % len(MODES)])
        elif step % 11 == 8:
            request = replace(request, solo=None if request.solo else 2, muted=(step % 24,))
        else:
            change = Change("add", round(0.05 * (step % 9 - 4), 2))
            request = replace(request, steering={**request.steering, step % 24: change})
        steps.append(request)
    answers = [session.search(step) for step in steps]
    path = tmp_path / "steps.json"
    save_preset(path, session, steps[-1], steps)

    folder = make_bundle(tmp_path / "again.bundle", documents=900)
    again = Session(Bundle(folder), embedder=HashEmbedder())
    opened = open_preset(read_preset(path), again)
    assert opened.request == steps[-1]
    assert len(opened.history) == 50
    for answer, step in zip(answers, opened.history, strict=True):
        assert replace(again.search(step), milliseconds=0) == replace(answer, milliseconds=0)
    again.close()


def test_labels_that_changed_are_told(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    save_preset(path, session, SearchRequest("reef", {3: Change("add", 0.1)}))
    value = json.loads(path.read_text())
    value["search"]["changes"][0]["label"] = "Something else"
    value["bundle"] = "another"
    path.write_text(json.dumps(value))
    opened = open_preset(read_preset(path), session)
    assert opened.request.steering == {3: Change("add", 0.1)}
    bundle, label = opened.warnings
    assert "saved for the bundle another" in bundle
    assert "Feature 3 was called 'Something else'" in label
    assert session.features[3].label in label


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("not json", "cannot be read as JSON"),
        ([], "is not a preset"),
        ({}, "is not a preset"),
        ({"saetui_preset": 2}, "that this version can read"),
        ({"sae": "k9-n9", "of": ""}, "saved for the SAE k9-n9"),
        ({"features": 3_000, "of": ""}, "with 3,000 features"),
        ({"features": "24"}, "its features is '24'"),
        ({"history": {}}, "history is not a list"),
        ({"search": {"colour": 1}}, "no field 'colour'"),
        ({"search": {"mode": "up"}}, "mode is 'up'"),
        ({"search": {"limit": 0}}, "limit is 0"),
        ({"search": {"query": 3}}, "query is 3"),
        ({"search": {"solo": 24}}, "features from 0 to 23"),
        ({"search": {"muted": "3"}}, "features from 0 to 23"),
        ({"search": {"document": "none"}}, "no document 'none'"),
        ({"search": {"changes": [3]}}, "3 is not a change"),
        ({"search": {"changes": [{"feature": 99}]}}, "features from 0 to 23"),
        ({"search": {"changes": [{"feature": 1, "operation": "up", "amount": 1}]}}, "not a change"),
        ({"search": {"changes": [{"feature": 1, "operation": "add", "amount": "1"}]}}, "a change"),
        ({"search": {"filter": {"x": 1}}}, "is not a filter"),
        ({"search": {"filter": {"where": [["a"]]}}}, "where is"),
        ({"search": {"filter": {"having": [-1]}}}, "features from 0 to 23"),
        ({"search": {"filter": {"after": 2019}}}, "after is 2019"),
    ],
)
def test_what_is_wrong_with_a_preset_is_said(
    session: Session, tmp_path: Path, damage: object, message: str
) -> None:
    path = tmp_path / "a.json"
    save_preset(path, session, SearchRequest("reef"))
    if isinstance(damage, dict) and damage:
        path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    else:
        path.write_text(damage if isinstance(damage, str) else json.dumps(damage))
    with pytest.raises(InputError, match=message):
        open_preset(read_preset(path), session)


def test_a_preset_that_is_not_there_or_cannot_be_written(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing"):
        read_preset(tmp_path / "none.json")
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_preset(blocked / "a.json", session, SearchRequest("reef"))

"""Result sets that were marked are found again, and say when they are others now."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from saetui.core.changes import Change
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.saved.bookmarks import bookmark, bookmark_called, bookmarks, remove_bookmark
from saetui.session.saved.presets import open_preset, what_differs
from saetui.session.session import Session
from saetui.store.check import check_bundle


def test_a_bookmark_holds_the_search_and_what_it_found(session: Session) -> None:
    request = SearchRequest("reef fish: a/b", {1: Change("add", 0.3)}, "codes")
    response = session.search(request)
    first = bookmark(session, request, response, [SearchRequest("reef")])
    second = bookmark(session, request, response)
    assert first.name.startswith("reef-fish-a-b")
    assert second.name == f"{first.name}-2"
    assert {each.name for each in bookmarks(session.bundle.path)} == {first.name, second.name}
    opened = open_preset(bookmark_called(session.bundle.path, first.name).preset, session)
    assert opened.request == request
    assert opened.steps == (SearchRequest("reef"), request)
    assert what_differs(opened, response) == ""
    other = session.search(replace(request, steering={}))
    assert "results are others" in what_differs(opened, other)
    turned = replace(response, results=response.results[::-1])
    assert "in another order" in what_differs(opened, turned)
    # A bundle with bookmarks is as whole as before.
    assert all(finding.ok for finding in check_bundle(session.bundle.path))
    remove_bookmark(session.bundle.path, first.name)
    remove_bookmark(session.bundle.path, second.name)
    assert not bookmarks(session.bundle.path)
    with pytest.raises(InputError, match="No bookmark"):
        bookmark_called(session.bundle.path, first.name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_bundle_that_cannot_be_written(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path))
    folder, request = session.bundle.path, SearchRequest("reef")
    mode = folder.stat().st_mode
    folder.chmod(mode & ~stat.S_IWUSR)
    try:
        made = bookmark(session, request, session.search(request))
        assert made.path.is_relative_to(tmp_path)
        assert [each.path for each in bookmarks(session.bundle.path)] == [made.path]
    finally:
        folder.chmod(mode)

"""Bookmarks: presets with their results, kept with the bundle.

They are in the folder `searches/` of the bundle or, if the bundle cannot be written, in a folder of
the user's. Each is a preset file like any other.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saetui.core.search_request import SearchRequest
from saetui.errors import InputError, SaetuiError
from saetui.paths import data_dir
from saetui.session.saved.presets import Preset, read_preset, save_preset
from saetui.session.saved.search_text import step_text
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.store.layout import SEARCHES

_LONGEST = 48
_NOT_IN_NAMES = re.compile(r"[^\w+-]+")


@dataclass(frozen=True)
class SavedSearch:
    """A preset that was found in a folder, with the path of its file."""

    path: Path
    preset: Preset

    @property
    def name(self) -> str:
        """Its name: the name of its file without the ending."""
        return self.path.name.removesuffix(".json")


def search_name(session: Session, request: SearchRequest) -> str:
    """A file name for a search, made of what it asks for."""
    text = step_text(session, SearchRequest(), request).removeprefix("ask: ")
    return _NOT_IN_NAMES.sub("-", text)[:_LONGEST].strip("-") or "search"


def folder_of(bundle: Path) -> Path:
    """The folder of a bundle's bookmarks."""
    inside = bundle / SEARCHES
    # In a bundle from elsewhere a link may lead to any folder of the reader's.
    if os.access(inside if inside.exists() else bundle, os.W_OK) and not inside.is_symlink():
        return inside
    name = hashlib.sha256(os.fsencode(bundle.resolve())).hexdigest()[:16]
    return data_dir() / SEARCHES / name


def bookmark(
    session: Session,
    request: SearchRequest,
    response: SearchResponse,
    history: Sequence[SearchRequest] = (),
) -> SavedSearch:
    """Keep a search with its results and the searches that led to it, oldest first.

    It is on disk when this returns.

    Raises:
        InputError: It cannot be written.
    """
    folder = folder_of(session.bundle.path)
    name = search_name(session, request)
    taken = {each.name for each in folder.glob("*.json")} if folder.is_dir() else set()
    path, number = folder / f"{name}.json", 2
    while path.name in taken:
        path, number = folder / f"{name}-{number}.json", number + 1
    save_preset(path, session, request, history, [each.id for each in response.results])
    return SavedSearch(path, read_preset(path))


def bookmarks(bundle: Path) -> list[SavedSearch]:
    """All bookmarks of a bundle, the newest first."""
    inside = bundle / SEARCHES
    found = saved_in(inside)
    own = folder_of(bundle)
    return found if own == inside else [*saved_in(own), *found]


def bookmark_called(bundle: Path, name: str) -> SavedSearch:
    """The bookmark with a name.

    Raises:
        InputError: There is none.
    """
    for found in bookmarks(bundle):
        if found.name == name:
            return found
    raise InputError(f"No bookmark is called '{name}'.", "See them with: saetui bookmarks BUNDLE")


def remove_bookmark(bundle: Path, name: str) -> None:
    """Delete a bookmark.

    Raises:
        InputError: There is none of that name, or it cannot be removed.
    """
    found = bookmark_called(bundle, name)
    try:
        found.path.unlink()
    except OSError as error:
        raise InputError(
            f"{found.path} cannot be removed ({error.strerror or error}).",
            "Mend its permissions.",
        ) from None


def saved_in(folder: Path) -> list[SavedSearch]:
    """The presets in a folder, the newest first; other files are ignored."""
    found = []
    try:
        paths = sorted(folder.glob("*.json"))
        paths.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
    for path in paths:
        try:
            if path.is_file():
                found.append(SavedSearch(path, read_preset(path)))
        except SaetuiError:
            continue
    return found

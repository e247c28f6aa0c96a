"""Groups of documents, as people name them.

    category:cs.LG after:2019        a filter, see `saetui.session.search.request_text`
    search:dark matter halos         the first results of a search
    bookmark:NAME                    the results of a bookmarked search
    unsteered:NAME                   the results of the same search without its steering
    results, unsteered               those of the search that is shown in the app
    marked                           those of its results that are marked there
    @FILE                            documents whose ids are in a file, one a line
    all                              every document
    rest                             every document that is not in the other group
    bundle:FOLDER                    another bundle with the same SAE

A name may stand in quotation marks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.saved.bookmarks import bookmark_called
from saetui.session.saved.presets import open_preset
from saetui.session.search.request_text import parse_filter
from saetui.session.session import Session, open_session

Mask = NDArray[np.bool_]

REST, ALL, RESULTS, UNSTEERED, MARKED = "rest", "all", "results", "unsteered", "marked"
FIRST_RESULTS = 100
"""How many results of a search make a group."""
_LARGEST_FILE = 64 << 20


@dataclass(frozen=True)
class Shown:
    """What a reader has before their eyes, so that a group can be called by it.

    Attributes:
        request: The search.
        marked: The rows of its results that are marked.
    """

    request: SearchRequest
    marked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Group:
    """Some documents of a bundle.

    Attributes:
        name: As it was asked for.
        session: The open bundle.
        mask: Which documents are in it, bool `(N,)`.
        missing: How many ids of a file belong to no document.
    """

    name: str
    session: Session
    mask: Mask
    missing: int = 0

    @property
    def size(self) -> int:
        """How many documents it has."""
        return int(self.mask.sum())


def mask_of(session: Session, text: str) -> Mask:
    """Documents that pass a filter, bool `(N,)`; all for an empty text.

    Raises:
        InputError: The text is no filter.
    """
    return of_filter(session, filter_of(session, text))


def filter_of(session: Session, text: str) -> DocumentFilter:
    """A filter as it was typed.

    Raises:
        InputError: The text is no filter.
    """
    return parse_filter(text, session.features.lookup.feature, session.field_names)


def of_filter(session: Session, wanted: DocumentFilter) -> Mask:
    """Documents that pass a filter, bool `(N,)`."""
    found = session.searcher.masks.eligible(wanted)
    return np.ones(len(session.bundle), dtype=bool) if found is None else found


def group(
    session: Session,
    text: str,
    first: int = FIRST_RESULTS,
    shown: Shown | None = None,
    among: DocumentFilter = EVERYTHING,
) -> Group:
    """The group that a text names; for `rest` see `two_groups`.

    Args:
        session: An open bundle.
        text: As described above.
        first: How many results of a search make a group.
        shown: The search that is shown, if there is one.
        among: A search for words is made among these documents.

    Raises:
        InputError: The text names no group, or nothing is in it.
    """
    text = text.strip()
    word, colon, rest = text.partition(":")
    name = rest.strip().strip('"')
    if text.startswith("@"):
        found = _of_file(session, text[1:])
    elif text in ("", ALL):
        found = Group(ALL, session, of_filter(session, EVERYTHING))
    elif text in (RESULTS, UNSTEERED):
        found = _of_shown(session, shown, text, first)
    elif text == MARKED:
        found = _of_marked(session, shown)
    elif colon and word == "search":
        if not name:
            raise InputError("'search:' says nothing to search for.", "Write search:WORDS")
        found = _found(session, SearchRequest(name, limit=first, filter=among), text)
    elif colon and word in ("bookmark", UNSTEERED):
        saved = bookmark_called(session.bundle.path, name).preset
        request = replace(open_preset(saved, session).request, limit=first)
        found = _found(session, request.reset() if word == UNSTEERED else request, text)
    elif colon and word == "bundle":
        found = replace(_of_bundle(session, name), name=text)
    else:
        found = Group(text, session, mask_of(session, text))
    if not found.size:
        raise InputError(f"No document is in the group '{text}'.", "Ask for another group.")
    return found


def two_groups(
    session: Session,
    a: str,
    b: str = REST,
    *,
    within: str = "",
    first: int = FIRST_RESULTS,
    shown: Shown | None = None,
) -> tuple[Group, Group, int]:
    """Two groups that share no document, and how many documents are in both and left out.

    `b` may be `rest`, and `within` is a filter that the documents of both must pass, too; see
    `group` for the rest.

    Raises:
        InputError: A text names no group, or a group has no document of its own.
    """
    if a.strip() == REST:
        raise InputError("The first group cannot be the rest.", "Exchange the groups.")
    among = filter_of(session, within)
    one = group(session, a, first, shown, among)
    rest = b.strip() == REST
    other = Group(REST, one.session, ~one.mask) if rest else group(session, b, first, shown, among)
    if among != EVERYTHING:
        passing = of_filter(session, among)
        one, other = (
            replace(each, mask=each.mask & passing) if each.session is session else each
            for each in (one, other)
        )
    shared = 0
    if one.session is other.session:
        both = one.mask & other.mask
        # A group that lies in the other is compared with what else is there.
        inside, around = np.array_equal(both, one.mask), np.array_equal(both, other.mask)
        shared = 0 if inside or around else int(both.sum())
        if not inside or around:
            one = replace(one, mask=one.mask & ~both)
        if not around or inside:
            other = replace(other, mask=other.mask & ~both)
    for each in (one, other):
        if not each.size:
            raise InputError(
                f"The group '{each.name}' has no document of its own"
                + (" that passes the filter." if among != EVERYTHING else "."),
                "Ask for another group.",
            )
    return one, other, shared


def of_rows(session: Session, rows: Iterable[int], name: str) -> Group:
    """The group of documents in some rows."""
    mask = np.zeros(len(session.bundle), dtype=bool)
    mask[list(rows)] = True
    return Group(name, session, mask)


def _found(session: Session, request: SearchRequest, name: str) -> Group:
    return of_rows(session, (each.row for each in session.search(request).results), name)


def _of_marked(session: Session, shown: Shown | None) -> Group:
    if shown is None or not shown.marked:
        raise InputError("No results are marked.", "Mark some in the search view of the app.")
    return of_rows(session, shown.marked, MARKED)


def _of_shown(session: Session, shown: Shown | None, text: str, first: int) -> Group:
    if shown is None or not shown.request.asks:
        raise InputError(
            f"There is no search whose {text} could be compared.", "Search for something first."
        )
    wanted = replace(shown.request.effective, limit=first, why=False)
    return _found(session, wanted.reset() if text == UNSTEERED else wanted, text)


def _of_bundle(session: Session, folder: str) -> Group:
    """All documents of another bundle, opened with the SAE that both have."""
    other = open_session(folder)
    try:
        for record in other.bundle.manifest.saes:
            if other.bundle.sae(record.name).of == session.sae.of:
                other = other.using(record.name)
                return Group(folder, other, of_filter(other, EVERYTHING))
    except BaseException:
        other.close()
        raise
    other.close()
    raise InputError(
        f"{folder} does not have the SAE {session.sae.record.name} of this bundle, so their "
        "features are not the same.",
        "Build it with the SAE of this bundle.",
    )


def _of_file(session: Session, name: str) -> Group:
    from saetui.store.json_files import read_regular_file

    path = Path(name.strip())
    try:
        text = read_regular_file(path, _LARGEST_FILE).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({problem}).", "Name a file of ids.") from None
    ids = [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    rows = session.bundle.documents.rows_of(ids)
    found = of_rows(session, rows.values(), f"@{name}")
    return replace(found, missing=len(set(ids) - rows.keys()))

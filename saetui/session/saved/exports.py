"""Write search results to a file: JSON, CSV, or BibTeX for papers on arXiv."""

import json
from collections.abc import Callable
from pathlib import Path

from saetui.csv_text import csv_text
from saetui.errors import InputError
from saetui.session.saved.bibtex import bibtex_entry, link_of
from saetui.session.saved.search_json import search_to_json
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.store.atomic import atomic_write, named_if_unwritable

_CSV = ("rank", "baseline_rank", "score", "id", "title", "published", "url")


def as_json(session: Session, response: SearchResponse) -> str:
    """The whole answer, as `saetui search --json` prints it."""
    value = search_to_json(session, response)
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(session: Session, response: SearchResponse, *, formulas: bool = False) -> str:
    """One line per result; `formulas` as in `saetui.csv_text.csv_text`."""
    rows = [
        [
            result.rank,
            result.baseline_rank,
            float(f"{result.score:.7g}"),
            result.id,
            result.title,
            result.published,
            link_of(session.bundle.documents.document(result.row)),
        ]
        for result in response.results
    ]
    return csv_text([_CSV, *rows], formulas=formulas)


def as_bibtex(session: Session, response: SearchResponse) -> str:
    """One entry per result that is a paper on arXiv; other results are left out.

    Raises:
        InputError: No result is a paper on arXiv.
    """
    documents = (session.bundle.documents.document(result.row) for result in response.results)
    entries = [entry for document in documents if (entry := bibtex_entry(document))]
    if not entries:
        raise InputError(
            "BibTeX entries are made from arXiv ids, and none of these documents has one.",
            "Export them as .csv or .json.",
        )
    return "\n".join(entries)


EXPORT_FORMATS: dict[str, Callable[[Session, SearchResponse], str]] = {
    ".json": as_json,
    ".csv": as_csv,
    ".bib": as_bibtex,
}


def export_results(
    path: Path, session: Session, response: SearchResponse, *, formulas: bool = False
) -> int:
    """Write results to a file, in the format given by its ending.

    Args:
        path: Of the file.
        session: Found the results.
        response: Holds them.
        formulas: Whether texts in CSV may begin as formulas of a spreadsheet do.

    Returns:
        How many documents were written.

    Raises:
        InputError: The ending is not one of `EXPORT_FORMATS`, no result can be written in that
            format, or the file cannot be written.
    """
    form = EXPORT_FORMATS.get(path.suffix.casefold())
    if form is None:
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            f"Let it end in one of: {', '.join(EXPORT_FORMATS)}",
        )
    if form is as_csv:
        text = as_csv(session, response, formulas=formulas)
    else:
        text = form(session, response)
    with named_if_unwritable(path), atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8", errors="replace")
    return text.count("\n@") + 1 if form is as_bibtex else len(response.results)

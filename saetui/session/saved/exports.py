"""What was found, as a file for others: JSON, CSV, or BibTeX for papers on arXiv."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from saetui.errors import InputError
from saetui.session.saved.bibtex import bibtex_entry
from saetui.session.saved.search_json import search_to_json
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.store.atomic import atomic_write, named_if_unwritable

_CSV = ("rank", "baseline_rank", "score", "id", "title", "published", "url")


def as_json(session: Session, response: SearchResponse) -> str:
    """All that is known of the search, as `saetui search --json` prints it."""
    value = search_to_json(session, response)
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(session: Session, response: SearchResponse) -> str:
    """A line for each result."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV)
    for result in response.results:
        writer.writerow(
            [
                result.rank,
                "" if result.baseline_rank is None else result.baseline_rank,
                f"{result.score:.7g}",
                result.id,
                result.title,
                result.published,
                session.bundle.documents.document(result.row).url,
            ]
        )
    return text.getvalue()


def as_bibtex(session: Session, response: SearchResponse) -> str:
    """An entry for each result that is a paper on arXiv; the others are left out.

    Raises:
        InputError: None of them is.
    """
    documents = (session.bundle.documents.document(result.row) for result in response.results)
    entries = [entry for document in documents if (entry := bibtex_entry(document))]
    if not entries:
        raise InputError(
            "None of these documents has an id of arXiv, which BibTeX entries are made from.",
            "Export them as .csv or .json.",
        )
    return "\n".join(entries)


FORMATS: dict[str, Callable[[Session, SearchResponse], str]] = {
    ".json": as_json,
    ".csv": as_csv,
    ".bib": as_bibtex,
}


def export_results(path: Path, session: Session, response: SearchResponse) -> int:
    """Write results to a file in the format that its ending says.

    Returns:
        How many documents are in it.

    Raises:
        InputError: The ending is none of `FORMATS`, none of the results can be written in that
            format, or the file cannot be written.
    """
    form = FORMATS.get(path.suffix.casefold())
    if form is None:
        raise InputError(
            f"{path.name} does not say in which format to write.",
            f"End it in one of: {', '.join(FORMATS)}",
        )
    text = form(session, response)
    with named_if_unwritable(path), atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8", errors="replace")
    return text.count("\n@") + 1 if form is as_bibtex else len(response.results)

"""Write documents of a reader's list to a file: JSON, CSV, or BibTeX for papers on arXiv."""

import json
from collections.abc import Iterable
from pathlib import Path

from saetui.csv_text import csv_text
from saetui.errors import InputError
from saetui.session.saved.bibtex import bibtex_entry, link_of
from saetui.session.saved.exports import EXPORT_FORMATS
from saetui.session.session import Session
from saetui.store.atomic import atomic_write, named_if_unwritable
from saetui.store.lists import Listed

_CSV = ("id", "title", "published", "url", "note")


def export_documents(path: Path, session: Session, listed: Iterable[Listed]) -> int:
    """Write documents of a reader's list to a file, in the format given by its ending.

    Those that are gone from the bundle are left out.

    Returns:
        How many documents were written.

    Raises:
        InputError: The ending is not one of `EXPORT_FORMATS`, no document can be written in that
            format, or the file cannot be written.
    """
    notes = {each.document: each.note for each in listed}
    rows = session.bundle.documents.rows_of(notes)
    documents = session.bundle.documents.some([rows[each] for each in notes if each in rows])
    count = len(documents)
    if path.suffix.casefold() == ".bib":
        found = [entry for document in documents if (entry := bibtex_entry(document))]
        if not found:
            raise InputError(
                "BibTeX entries are made from arXiv ids, and none of these documents has one.",
                "Export them as .csv or .json.",
            )
        text, count = "\n".join(found), len(found)
    elif path.suffix.casefold() == ".csv":
        lines = [
            [each.id, each.title, each.published, link_of(each), notes[each.id]]
            for each in documents
        ]
        text = csv_text([_CSV, *lines])
    elif path.suffix.casefold() == ".json":
        shapes = [
            {
                "id": each.id,
                "title": each.title,
                "published": each.published,
                "url": link_of(each),
                "note": notes[each.id],
            }
            for each in documents
        ]
        text = json.dumps(shapes, indent=1, ensure_ascii=False) + "\n"
    else:
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            f"Let it end in one of: {', '.join(EXPORT_FORMATS)}",
        )
    with named_if_unwritable(path), atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8", errors="replace")
    return count

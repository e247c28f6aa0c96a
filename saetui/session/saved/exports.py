"""Write search results, or documents of a reader's list, to a file: JSON, CSV or BibTeX."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from saetui.core.documents import Document
from saetui.corpus.json_records import submission_month, without_prefix
from saetui.errors import InputError
from saetui.session.saved.search_json import search_to_json
from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.store.atomic import ending_of, write_text
from saetui.store.lists import Listed
from saetui.text import csv_text, visible_line

_IN_LINK = re.compile(r"arxiv\.org/(?:abs|pdf)/(.+?)(?:\.pdf)?$", re.IGNORECASE)
# BibTeX has its own words for months.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = 2_000
_ESCAPED = re.compile(r"\\.")
_ESCAPED_OR_SPECIAL = re.compile(r"(\\.)|([&%#])")


def arxiv_id(document: Document) -> str:
    """The document's arXiv id; empty if it has none."""
    link = _IN_LINK.search(document.url.strip())
    for candidate in (document.id, link[1] if link else ""):
        if submission_month(candidate):
            return without_prefix(candidate)
    return ""


def bibtex_entry(document: Document) -> str:
    """An entry that ends with a line break; empty if the document is not on arXiv."""
    number = arxiv_id(document)
    if not number:
        return ""
    date = document.published or submission_month(number)
    year, _, month = date[:7].partition("-")
    primary = _first(document.metadata.get("categories"))
    doi = document.metadata.get("doi")
    fields = {
        "title": f"{{{_safe(document.title)}}}" if document.title else "",
        "author": _authors(document.metadata.get("authors")),
        "year": year if year.isdecimal() else "",
        "eprint": number,
        "archivePrefix": "arXiv",
        "primaryClass": primary,
        "doi": _safe(doi) if isinstance(doi, str) else "",
        "url": f"https://arxiv.org/abs/{number}",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    if month.isdecimal() and 1 <= int(month) <= len(_MONTHS):
        lines.append(f"  month = {_MONTHS[int(month) - 1]},")
    return "\n".join([f"@misc{{arXiv:{number},", *lines, "}", ""])


def link_of(document: Document) -> str:
    """The document's address: its own, or that of its arXiv id or DOI; empty if it has none."""
    if document.url:
        return document.url
    number, doi = arxiv_id(document), document.metadata.get("doi")
    if number:
        return f"https://arxiv.org/abs/{number}"
    return f"https://doi.org/{doi.strip()}" if isinstance(doi, str) and doi.strip() else ""


def citation(document: Document) -> str:
    """Text to paste: BibTeX if the document is a paper on arXiv, else its title, id and link."""
    plain = "\n".join(each for each in (document.title, document.id, link_of(document)) if each)
    return bibtex_entry(document) or plain


def _authors(value: object) -> str:
    """Names joined by "and"; arXiv separates them by commas."""
    if isinstance(value, str):
        names: Sequence[object] = re.split(r",\s*(?:and\s+)?|\s+and\s+", value)
    else:
        names = value if isinstance(value, list) else []
    return " and ".join(_safe(name) for name in names if isinstance(name, str) and name.strip())


def _first(value: object) -> str:
    """The first category of a list, or of a text with blanks."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return _safe(value.split()[0]) if isinstance(value, str) and value.split() else ""


def _safe(text: str) -> str:
    """Text that cannot break a BibTeX file; LaTeX in it stays."""
    text = visible_line(text, _LONGEST).strip()
    # Unbalanced braces would end the entry or swallow the next one. BibTeX counts all braces, some
    # other programs only those without a backslash before them.
    if not _balanced(text) or not _balanced(_ESCAPED.sub("", text)):
        text = re.sub(r"[{}]", "", text)
    text = _ESCAPED_OR_SPECIAL.sub(lambda found: found[1] or f"\\{found[2]}", text)
    # The last backslash of an odd number would escape the brace that closes the field.
    return text if (len(text) - len(text.rstrip("\\"))) % 2 == 0 else text[:-1].rstrip()


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


_RESULT_COLUMNS = ("rank", "baseline_rank", "score", "id", "title", "published", "url")
_LIST_COLUMNS = ("id", "title", "published", "url", "note")

EXPORT_FORMATS = (".json", ".csv", ".bib")
"""Endings of files that results and documents can be written to."""


def export_results(
    path: Path, session: Session, response: SearchResponse, *, formulas: bool = False
) -> int:
    """Write results to a file, in the format given by its ending.

    JSON holds the whole answer, as `saetui search --json` prints it. CSV has a line for each
    result, BibTeX an entry for each that is a paper on arXiv. Only with `formulas` may texts in CSV
    begin as formulas of a spreadsheet do.

    Returns:
        How many documents were written.

    Raises:
        InputError: The ending is not one of `EXPORT_FORMATS`, no result can be written in that
            format, or the file cannot be written.
    """
    ending = ending_of(path, EXPORT_FORMATS)
    results = response.results
    documents = (
        []
        if ending == ".json"
        else [session.bundle.documents.document(result.row) for result in results]
    )
    if ending == ".bib":
        return _write_bibtex(path, documents)
    if ending == ".csv":
        rows = [
            [
                result.rank,
                result.baseline_rank,
                float(f"{result.score:.7g}"),
                result.id,
                result.title,
                result.published,
                link_of(document),
            ]
            for result, document in zip(results, documents, strict=True)
        ]
        text = csv_text([_RESULT_COLUMNS, *rows], formulas=formulas)
    else:
        text = _json(search_to_json(session, response))
    write_text(path, text)
    return len(results)


def export_documents(path: Path, session: Session, listed: Iterable[Listed]) -> int:
    """Write documents of a reader's list to a file, in the format given by its ending.

    Those that are gone from the bundle are left out.

    Returns:
        How many documents were written.

    Raises:
        InputError: The ending is not one of `EXPORT_FORMATS`, no document can be written in that
            format, or the file cannot be written.
    """
    ending = ending_of(path, EXPORT_FORMATS)
    notes = {each.document: each.note for each in listed}
    rows = session.bundle.documents.rows_of(notes)
    documents = session.bundle.documents.some([rows[each] for each in notes if each in rows])
    if ending == ".bib":
        return _write_bibtex(path, documents)
    lines = [
        [each.id, each.title, each.published, link_of(each), notes[each.id]] for each in documents
    ]
    if ending == ".csv":
        text = csv_text([_LIST_COLUMNS, *lines])
    else:
        text = _json([dict(zip(_LIST_COLUMNS, line, strict=True)) for line in lines])
    write_text(path, text)
    return len(documents)


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write_bibtex(path: Path, documents: Iterable[Document]) -> int:
    """Write an entry for each document that is on arXiv; returns how many are."""
    entries = [entry for document in documents if (entry := bibtex_entry(document))]
    if not entries:
        raise InputError(
            "BibTeX entries are made from arXiv ids, and none of these documents has one.",
            "Export them as .csv or .json.",
        )
    write_text(path, "\n".join(entries))
    return len(entries)

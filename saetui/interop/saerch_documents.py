"""The papers that the paper's embeddings are of, one at a time, in the order of the embeddings."""

import csv
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from saetui.core.documents import Document
from saetui.errors import InputError
from saetui.interop.json_columns import JsonColumns

NO_TEXT = "(no text)"
"""Stands for a text that is empty: rows must stay where their embeddings are."""

_ENDINGS = re.compile(r"(?:_arXiv)?(?:\.(?:txt|json|pdf))?$", re.IGNORECASE)
_OLD_STYLE = re.compile(r"([a-z-]+(?:\.[A-Z]{2})?)[_/]?(\d{7})")
_MISSING = object()


def arxiv_id(document_id: str) -> str:
    """The arXiv id in a document's id, which may be the name of a file: `0704.0001_arXiv.txt`."""
    name = _ENDINGS.sub("", document_id.strip())
    old = _OLD_STYLE.fullmatch(name)
    return f"{old[1]}/{old[2]}" if old else name


def read_documents(texts: Path, metadata: Path | None) -> Iterator[Document]:
    """Documents in the order of the file, with what the metadata says about them.

    Args:
        texts: `{doc_ids, abstracts}`, each abstract with its title, a blank line, the text.
        metadata: CSV with `arxiv_id`, `title`, `citation_count`, `year`; None if there is none.

    Raises:
        InputError: A file cannot be read, or there are not as many ids as abstracts.
    """
    known = {} if metadata is None else _metadata(metadata)
    columns = JsonColumns(texts)
    # Two readers of one file: neither list has to be held, whichever comes first.
    both = zip_longest(columns.items("doc_ids"), columns.items("abstracts"), fillvalue=_MISSING)
    for number, (document_id, text) in enumerate(both):
        if document_id is _MISSING or text is _MISSING:
            more, fewer = "doc_ids", "abstracts"
            if document_id is _MISSING:
                more, fewer = fewer, more
            raise InputError(
                f"{texts} has {number:,} {fewer} but more {more}.",
                "Each document needs one of both.",
            )
        if not isinstance(document_id, str | int) or not isinstance(text, str | None):
            raise InputError(f"{texts}: item {number + 1:,} of its lists is not text.")
        yield _document(str(document_id), text or "", known)


def _document(document_id: str, text: str, known: dict[str, tuple[str, str]]) -> Document:
    paper = arxiv_id(document_id)
    year, citations = known.get(document_id) or known.get(paper) or ("", "")
    title, separator, body = text.strip().partition("\n\n")
    if not separator:
        title, body = "", title
    facts: dict[str, object] = {"arxiv_id": paper} if paper != document_id else {}
    if citations:
        facts["citation_count"] = int(citations)
    title, body = " ".join(title.split()), body.strip()
    return Document(document_id, title, body or title or NO_TEXT, published=year, metadata=facts)


def _metadata(path: Path) -> dict[str, tuple[str, str]]:
    """Year and number of citations by arXiv id, as digits; empty where they are not known."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if "arxiv_id" not in (reader.fieldnames or ()):
                raise InputError(
                    f"{path} has no column arxiv_id.",
                    "Its first line must name arxiv_id, title, citation_count, year.",
                )
            return {
                (row["arxiv_id"] or "").strip(): (
                    _whole(row.get("year"), 4),
                    _whole(row.get("citation_count"), 9),
                )
                for row in reader
            }
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
    except csv.Error as error:
        raise InputError(f"{path} is not CSV that can be read ({error}).") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None


def _whole(value: str | None, most_digits: int) -> str:
    """Digits of a whole number, which a table with gaps writes as `2019.0`."""
    digits = (value or "").strip().removesuffix(".0")
    return digits if digits.isdecimal() and len(digits) <= most_digits else ""

"""Published texts: the abstracts in the order of the embeddings, labels of features, and families.

`{"doc_ids": [...], "abstracts": [...]}` of half a million abstracts is one line of 600 MB; decoded
at once it would take three times as much memory. So the lists are read an item at a time.
"""

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from saetui.core.documents import Document
from saetui.errors import InputError
from saetui.store.json_files import JsonWindow

NO_TEXT = "(no text)"
"""Stands for an empty abstract, which cannot be left out: row i belongs to embedding i."""

_ENDINGS = re.compile(r"(?:_arXiv)?(?:\.(?:txt|json|pdf))?$", re.IGNORECASE)
_OLD_STYLE = re.compile(r"([a-z-]+(?:\.[A-Z]{2})?)[_/]?(\d{7})")
_MISSING = object()

_CHUNK_BYTES = 1 << 20
# Only in a damaged file, where the end of a string is missing, is an item longer than this.
_LONGEST_ITEM = 64 << 20


def arxiv_id(document_id: str) -> str:
    """The arXiv id in a document's id, which may be a file name such as `0704.0001_arXiv.txt`."""
    name = _ENDINGS.sub("", document_id.strip())
    old = _OLD_STYLE.fullmatch(name)
    return f"{old[1]}/{old[2]}" if old else name


def read_documents(texts: Path, metadata: Path | None) -> Iterator[Document]:
    """Documents in the order of the file, with year and citations from the metadata.

    Args:
        texts: `{doc_ids, abstracts}`; an abstract is a title, a blank line, and the text.
        metadata: CSV with `arxiv_id`, `title`, `citation_count`, `year`; None if there is none.

    Raises:
        InputError: A file cannot be read, or the numbers of ids and abstracts differ.
    """
    known = {} if metadata is None else _metadata(metadata)
    columns = JsonColumns(texts)
    # Each list has a reader of its own, so neither is held in memory, whichever comes first.
    both = zip_longest(columns.items("doc_ids"), columns.items("abstracts"), fillvalue=_MISSING)
    for number, (document_id, text) in enumerate(both):
        if document_id is _MISSING or text is _MISSING:
            more, fewer = "doc_ids", "abstracts"
            if document_id is _MISSING:
                more, fewer = fewer, more
            raise InputError(
                f"{texts} has {number:,} {fewer} but more {more}.",
                "Each document needs one of each.",
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
    """Year and number of citations by arXiv id, as digits; empty where unknown."""
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
    """Digits of a whole number, which pandas writes as `2019.0` in a column with gaps."""
    digits = (value or "").strip().removesuffix(".0")
    return digits if digits.isdecimal() and len(digits) <= most_digits else ""


@dataclass(frozen=True)
class JsonColumns:
    """A JSON file that holds one object, some of whose values are long lists.

    `chunk` bytes are read at a time.
    """

    path: Path
    chunk: int = _CHUNK_BYTES

    def items(self, column: str) -> Iterator[Any]:
        """The items of the list named `column`, one at a time.

        Raises:
            InputError: The file cannot be read, is cut short, is not such an object, or has no
                such list.
        """
        try:
            with self.path.open("rb") as stream:
                window = JsonWindow(
                    stream, json.JSONDecoder(), longest=_LONGEST_ITEM, chunk=self.chunk
                )
                yield from self._items(window, column)
        except UnicodeDecodeError:
            raise InputError(f"{self.path} is not UTF-8 text.", "Copy it again.") from None
        except FileNotFoundError:
            raise InputError(
                f"{self.path.name} is missing from {self.path.parent}.", "Copy it there."
            ) from None
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror or error}).") from None

    def _items(self, window: JsonWindow, column: str) -> Iterator[Any]:
        self._expect(window, "{", "the object that it should be")
        while window.peek() != "}":
            name = self._take(window, "the names of its lists")
            self._expect(window, ":", f"what follows '{name}'")
            if window.peek() == "[":
                for item in self._list_items(window, name):
                    if name == column:
                        yield item
                if name == column:
                    return
            elif name == column:
                raise InputError(f"'{column}' in {self.path} is not a list.")
            else:
                self._take(window, f"'{name}'")
            if window.peek() == ",":
                window.skip()
        raise InputError(
            f"{self.path} has no list '{column}'.",
            "It must hold one object with the lists 'doc_ids' and 'abstracts'.",
        )

    def _list_items(self, window: JsonWindow, name: str) -> Iterator[Any]:
        """The items of the list that begins here; skips its closing bracket."""
        window.skip()
        number = 0
        while window.peek() != "]":
            where = f"'{name}' after item {number:,}"
            if number:
                self._expect(window, ",", where)
            yield self._take(window, where)
            number += 1
        window.skip()

    def _expect(self, window: JsonWindow, character: str, where: str) -> None:
        found = window.peek()
        if found != character:
            raise self._broken(where, ended=not found)
        window.skip()

    def _take(self, window: JsonWindow, where: str) -> Any:  # noqa: ANN401 - JSON can be anything.
        if not window.peek():
            raise self._broken(where, ended=True)
        try:
            return window.take()[0]
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            ended = _ends_early(error) or not window.peek()
            raise self._broken(where, ended=ended) from None

    def _broken(self, where: str, *, ended: bool) -> InputError:
        if ended:
            return InputError(f"{self.path} is cut short: it ends in {where}.", "Copy it again.")
        return InputError(f"{self.path} is not JSON that can be read: see {where}.")


def _ends_early(error: ValueError | RecursionError) -> bool:
    """Whether a text would be JSON if it went on."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())


@dataclass(frozen=True)
class PublishedFeature:
    """One entry of `feature_analysis_results_K.json`.

    The label and the reasoning of the language model may be empty. `f1` and `pearson` say how well
    the label predicts which documents activate the feature, `density` is their share; None if
    unknown.
    """

    index: int
    label: str
    reasoning: str = ""
    f1: float | None = None
    pearson: float | None = None
    density: float | None = None


@dataclass(frozen=True)
class PublishedFamily:
    """One family, named after its parent.

    `parent_number` is the number beside its name, a size, if there is one; each child is a name and
    the number of a feature.
    """

    name: str
    parent_number: int | None
    children: tuple[tuple[str, int], ...]


def read_features(path: Path, n: int) -> list[PublishedFeature]:
    """The features that a file describes, in its order.

    Raises:
        InputError: It cannot be read, or describes an SAE of another size than `n`.
    """
    entries = _json(path)
    if not isinstance(entries, list):
        raise InputError(f"{path} is not a list of features.")
    return [_feature(path, place, entry, n) for place, entry in enumerate(entries, start=1)]


def _feature(path: Path, place: int, entry: object, n: int) -> PublishedFeature:
    if not isinstance(entry, dict) or type(entry.get("index")) is not int:
        raise InputError(f"{path}: entry {place:,} has no index.", "Look at that entry.")
    _check_index(path, entry["index"], n)
    return PublishedFeature(
        entry["index"],
        _text(entry.get("label")),
        _text(entry.get("reasoning")),
        _number(entry.get("f1")),
        _number(entry.get("pearson_correlation")),
        _number(entry.get("density")),
    )


def read_families(path: Path, n: int) -> list[PublishedFamily]:
    """The families in a file, in its order.

    `clean_families.json` is `{parent: [[child, index], ...]}`; `clean_families_K_N.json` is
    `{name: {"parent": [name, size], "children": [[name, index], ...]}}`.

    Raises:
        InputError: It cannot be read, or describes an SAE of another size than `n`.
    """
    families = _json(path)
    if not isinstance(families, dict):
        raise InputError(f"{path} is not an object with a family under each name.")
    found = []
    for name, value in families.items():
        parent, number, children = name, None, value
        if isinstance(value, dict):
            children = value.get("children")
            parent, number = _parent(value.get("parent"), name)
        members = tuple(_children(path, name, children, n))
        found.append(PublishedFamily(parent, number, members))
    return found


def _parent(value: object, name: str) -> tuple[str, int | None]:
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        number = value[1] if len(value) > 1 else None
        return _text(value[0]) or name, number if type(number) is int else None
    return _text(value) or name, None


def _children(path: Path, name: str, children: object, n: int) -> Iterator[tuple[str, int]]:
    if not isinstance(children, list):
        raise InputError(f"{path}: the family '{name[:60]}' has no list of children.")
    for child in children:
        if not isinstance(child, list) or len(child) < 2 or type(child[1]) is not int:
            raise InputError(
                f"{path}: a child of the family '{name[:60]}' is not a name and a number."
            )
        _check_index(path, child[1], n)
        yield _text(child[0]), child[1]


def _check_index(path: Path, index: int, n: int) -> None:
    if not 0 <= index < n:
        raise InputError(
            f"{path} names feature {index}, but the SAE has features 0 to {n - 1}.",
            "It belongs to another SAE: take it out of the folder, or choose that one by --sae.",
        )


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything.
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is cut short or not JSON ({error}).", "Copy it again.") from None


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def names_of(features: Sequence[PublishedFeature]) -> Mapping[int, str]:
    """Labels by feature."""
    return {feature.index: feature.label for feature in features if feature.label}

"""Lists of documents that a reader has marked, each with notes.

They lie in `lists.jsonl` beside the notes, one entry a line in the order in which they were made:
a document goes into a list, with a note if there is one, or is taken out. Documents are named by
their ids, so lists stay true when a bundle is built again.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from saetui.errors import InputError
from saetui.store.atomic import append_lines, named_if_unwritable, own_file
from saetui.store.json_files import read_regular_file

LISTS = "lists.jsonl"
_MOST_BYTES = 32 << 20
_NAME = re.compile(r"[^\s:\"'=<>-][^\s:\"'=<>]{0,59}")
_WHEN_UNWRITABLE = "Free some space or mend the permissions, and do it again."


@dataclass(frozen=True, slots=True)
class Listed:
    """A document in a list, by its id, with a note or none; `at` is when it was put there."""

    document: str
    note: str = ""
    at: str = ""


def check_name(name: str) -> None:
    """Refuse a name that cannot stand in a filter, `in:NAME`.

    Raises:
        InputError: It is one.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be the name of a list.", "Use letters and digits, as in: to-read"
        )


def read_lists(bundle: Path) -> dict[str, dict[str, Listed]]:
    """All lists of a bundle by name, each by the ids of its documents, in order of marking.

    Raises:
        InputError: The file is there but cannot be read.
    """
    found: dict[str, dict[str, Listed]] = {}
    for path in own_file(bundle, LISTS)[:2]:
        for name, listed, is_in in _entries(path):
            entries = found.setdefault(name, {})
            if is_in:
                entries[listed.document] = listed
            else:
                entries.pop(listed.document, None)
    return {name: entries for name, entries in found.items() if entries}


def mark(bundle: Path, name: str, documents: list[str], note: str = "") -> None:
    """Put documents into a list; it is on disk when this returns.

    Raises:
        InputError: The name cannot be one, or the file cannot be written.
    """
    check_name(name)
    _write(bundle, name, documents, {"note": note} if note else {})


def unmark(bundle: Path, name: str, documents: list[str]) -> None:
    """Take documents out of a list; it is on disk when this returns.

    Raises:
        InputError: The file cannot be written.
    """
    _write(bundle, name, documents, {"out": True})


def _write(bundle: Path, name: str, documents: list[str], more: dict[str, object]) -> None:
    path = own_file(bundle, LISTS)[2]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [
        json.dumps({"list": name, "document": document, "at": at, **more}, ensure_ascii=False)
        for document in documents
    ]
    with named_if_unwritable(path, _WHEN_UNWRITABLE):
        append_lines(path, "".join(f"{line}\n" for line in lines))


def _entries(path: Path) -> Iterator[tuple[str, Listed, bool]]:
    try:
        text = read_regular_file(path, _MOST_BYTES).decode("utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({problem}).", "Mend or move it.") from None
    for line in text.split("\n"):
        try:
            value = json.loads(line)
            name, document = value["list"], value["document"]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if isinstance(name, str) and isinstance(document, str) and _NAME.fullmatch(name):
            listed = Listed(document, str(value.get("note", "")), str(value.get("at", "")))
            yield name, listed, not value.get("out")

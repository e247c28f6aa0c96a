"""Long lists inside one JSON object, read an item at a time.

`{"doc_ids": [...], "abstracts": [...]}` of half a million abstracts is a line of 600 MB; decoded
at once it would take three times as much memory.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from saetui.errors import InputError
from saetui.store.json_files import JsonWindow

_CHUNK_BYTES = 1 << 20
# An item that is longer than this is no text, but a file without the end of a string.
_LONGEST_ITEM = 64 << 20


class JsonColumns:
    """A JSON file that holds one object, some of whose values are lists.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def items(self, column: str) -> Iterator[Any]:
        """The items of the list named `column`, one at a time.

        Raises:
            InputError: The file cannot be read, is cut short, is not such an object, or has no
                such list.
        """
        try:
            with self.path.open("rb") as stream:
                yield from self._items(_Reader(self.path, stream), column)
        except UnicodeDecodeError:
            raise InputError(f"{self.path} is not UTF-8 text.", "Copy it again.") from None
        except FileNotFoundError:
            raise InputError(
                f"{self.path.name} is missing from {self.path.parent}.", "Copy it there."
            ) from None
        except OSError as error:
            raise InputError(f"{self.path} cannot be read ({error.strerror or error}).") from None

    def _items(self, reader: "_Reader", column: str) -> Iterator[Any]:
        reader.expect("{", "the object that it should be")
        while reader.peek() != "}":
            name = reader.take("the names of its lists")
            reader.expect(":", f"what follows '{name}'")
            if name == column:
                if reader.peek() != "[":
                    raise InputError(f"'{column}' in {self.path} is not a list.")
                yield from reader.list_items(name)
                return
            if reader.peek() == "[":
                for _ in reader.list_items(str(name)):
                    pass
            else:
                reader.take(f"'{name}'")
            if reader.peek() == ",":
                reader.skip()
        raise InputError(
            f"{self.path} has no list '{column}'.",
            "It must hold one object with the lists 'doc_ids' and 'abstracts'.",
        )


class _Reader:
    """Reads a JSON text part by part, and says where it is broken.

    Args:
        path: Of the file, for messages.
        stream: The text.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._window = JsonWindow(
            stream, json.JSONDecoder(), longest=_LONGEST_ITEM, chunk=_CHUNK_BYTES
        )
        self.peek, self.skip = self._window.peek, self._window.skip

    def expect(self, character: str, where: str) -> None:
        """Go past a character that must come now."""
        if self.peek() != character:
            raise self._broken(where)
        self.skip()

    def list_items(self, name: str) -> Iterator[Any]:
        """The items of the list that begins here; goes past its end."""
        self.skip()
        number = 0
        while self.peek() != "]":
            if number:
                self.expect(",", f"'{name}' after item {number:,}")
            yield self.take(f"'{name}' after item {number:,}")
            number += 1
        self.skip()

    def take(self, where: str) -> Any:  # noqa: ANN401 - JSON can be anything.
        """Decode the value that begins here."""
        if not self.peek():
            raise self._broken(where)
        try:
            return self._window.take()[0]
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise self._broken(where, ended=_ends_early(error)) from None

    def _broken(self, where: str, *, ended: bool = False) -> InputError:
        if ended or not self.peek():
            return InputError(f"{self._path} is cut short: it ends in {where}.", "Copy it again.")
        return InputError(f"{self._path} is not JSON that can be read: see {where}.")


def _ends_early(error: ValueError | RecursionError) -> bool:
    """Whether a text is no JSON for want of its end."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip())

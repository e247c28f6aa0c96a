"""What `saetui search` reads: the query, a search as JSON, a preset or a bookmark."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saetui.errors import InputError, SaetuiError

if TYPE_CHECKING:
    from saetui.session.saved.presets import Preset

_STANDARD_INPUT = "standard input"
_SURROGATE = re.compile("[\ud800-\udfff]")


def query_text(words: Sequence[str] | None) -> str | None:
    """The query that words of the command line make, or None for no words at all.

    A single "-" stands for standard input. Bytes that are not text become replacement characters.
    """
    if not words:
        return None
    if list(words) == ["-"]:
        return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    # Python turns such bytes of the command line into lone surrogates.
    return _SURROGATE.sub("\ufffd", " ".join(words))


def name_of(path: Path) -> str:
    """What to call a file in messages; "-" is standard input."""
    return _STANDARD_INPUT if str(path) == "-" else str(path)


def read_json_input(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything.
    """The JSON in a file, or on standard input for "-".

    Raises:
        InputError: It cannot be read.
    """
    from saetui.store.json_files import read_json

    if str(path) != "-":
        try:
            return read_json(path)
        except SaetuiError as error:
            raise InputError(error.message, "Name a file of JSON.") from None
    try:
        return json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"Standard input cannot be read as JSON ({error}).") from None


def preset_called(bundle: Path, name: str) -> "Preset":
    """A preset by the name of its file, "-" for standard input, or a bookmark of the bundle.

    Raises:
        InputError: There is none, or it cannot be read.
    """
    from saetui.session.saved.bookmarks import bookmark_called
    from saetui.session.saved.presets import preset_from_json, read_preset

    path = Path(name)
    if name == "-":
        return preset_from_json(read_json_input(path), _STANDARD_INPUT)
    # A bookmark's name has neither a folder nor an ending; anything else names a file.
    if path.exists() or path.suffix or len(path.parts) > 1:
        return read_preset(path)
    return bookmark_called(bundle, name).preset

"""Read files with the document id of every row of a matrix."""

import json
from collections import Counter
from pathlib import Path

from saetui.errors import InputError

_NAMED = 5


def read_ids(path: Path) -> list[str]:
    """The ids in a file, in order.

    Args:
        path: `.txt` with one id a line; `.json` with a list; or `.jsonl` with an id, or an object
            with an `id`, on each line. Numbers become their digits.

    Raises:
        InputError: The file cannot be read, is of another kind, or names a document twice.
    """
    readers = {".txt": _read_lines, ".json": _read_list, ".jsonl": _read_records}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} is not a list of ids that saetui reads.", "Use a .txt, .json or .jsonl file."
        )
    try:
        ids = reader(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}).") from None
    except ValueError as error:
        raise InputError(f"{path} is not a list of ids: {error}.") from None
    repeated = [id_ for id_, count in Counter(ids).items() if count > 1]
    if repeated:
        raise InputError(
            f"{path} names documents more than once: {', '.join(repeated[:_NAMED])}"
            f"{', ...' if len(repeated) > _NAMED else ''}."
        )
    return ids


def _read_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _read_list(text: str) -> list[str]:
    values = json.loads(text)
    if not isinstance(values, list):
        raise ValueError("the file holds no list")
    return [_id_of(value, f"entry {number}") for number, value in enumerate(values, 1)]


def _read_records(text: str) -> list[str]:
    ids = []
    for number, line in enumerate(_read_lines(text), 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON ({error})") from None
        ids.append(_id_of(value.get("id") if isinstance(value, dict) else value, f"line {number}"))
    return ids


def _id_of(value: object, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{place} holds no id")
    return str(value)

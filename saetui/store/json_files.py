"""Read the JSON files of a bundle; whatever is wrong with one is said in words."""

import json
import reprlib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_origin

from saetui.errors import BundleDamaged

Record = TypeVar("Record")

_BRIEF = 60


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything.
    """The value in a JSON file.

    Raises:
        BundleDamaged: It is missing, cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    # Brackets nested without end exhaust the parser's stack.
    except (OSError, ValueError, RecursionError) as error:
        raise BundleDamaged(f"{path} cannot be read as JSON ({error}).") from None


def record_from(kind: type[Record], value: object) -> Record:
    """A flat dataclass from a JSON object that has its fields and no others.

    Raises:
        ValueError: A field is missing, unknown, or not of the type that the dataclass declares.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{briefly(value)} where an object belongs")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise ValueError(f"{briefly(unknown[0])} is not known")
    for name, field in known.items():
        if name not in value:
            if field.default is MISSING and field.default_factory is MISSING:
                raise ValueError(f"{name} is missing")
        # Exactly that type: true would pass for a whole number otherwise.
        elif type(value[name]) is not (get_origin(field.type) or field.type):
            raise ValueError(f"{name} is {briefly(value[name])}")
    return kind(**value)


def briefly(value: object) -> str:
    """`value` in a message, however large it is."""
    text = reprlib.repr(value)
    return text if len(text) <= _BRIEF else text[: _BRIEF - 3] + "..."

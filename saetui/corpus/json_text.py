"""JSON as corpora have it, with what Python's writer and others add to the standard."""

import json
import math


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=lambda _: None)
"""Reads NaN, Infinity and numbers beyond a double's range, none of them JSON, as null."""


def json_error_reason(error: ValueError | RecursionError) -> str:
    """Say why a text is no JSON; completes "Line 12 is ..."."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"not JSON that can be read: {error}"


def has_broken_characters(source: str, value: object) -> bool:
    """Tell whether a string in `value` holds half of a surrogate pair, which is no text.

    JSON may write one as an escape (a backslash, u, d800), but no UTF-8 file can hold it, so it
    could not be stored. `source` is the text that `value` was decoded from.
    """
    if "\\ud" not in source and "\\uD" not in source:
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def kind_of(value: object) -> str:
    """Name a JSON value's type in plain words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "a string", int: "a number", float: "a number", list: "a list"}
    return kinds.get(type(value), "an object")


BROKEN_CHARACTERS = "holds half of a surrogate pair (such as \\ud800), which is no text"

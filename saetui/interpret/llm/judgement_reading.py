"""From a reply to a confidence for every document."""

import math
import re
from collections.abc import Iterable

from saetui.interpret.llm.replies import Unusable, object_in, without_reasoning

_LINE = re.compile(
    r"^\W*(?:document\s*)?(\d+)\W*?[\]).:=,\s]\s*(?:confidence\s*[:=]\s*)?"
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))\W*$",
    re.IGNORECASE,
)


def confidences_in(text: str, documents: int) -> tuple[float, ...]:
    """The confidences that a reply gives, in JSON or as lines of number and confidence.

    Args:
        text: The reply.
        documents: How many were asked about, numbered from 1.

    Raises:
        Unusable: A document is missing or counted twice, or a confidence lies outside -1 to 1.
    """
    confidences: dict[int, float] = {}
    for number, confidence in _pairs_in(text):
        if number in confidences:
            raise Unusable(f"it judges document {number} twice")
        if not -1 <= confidence <= 1:
            raise Unusable(f"its confidence for document {number} is not between -1 and 1")
        confidences[number] = confidence
    if set(confidences) != set(range(1, documents + 1)):
        raise Unusable(f"it does not judge each document from 1 to {documents}")
    return tuple(confidences[number] for number in range(1, documents + 1))


def _pairs_in(text: str) -> Iterable[tuple[int, float]]:
    found = object_in(text, "judgements")
    if found is None:
        lines = map(_LINE.match, without_reasoning(text).splitlines())
        return [(int(line[1]), float(line[2])) for line in lines if line]
    entries = found["judgements"]
    if not isinstance(entries, list):
        raise Unusable("its judgements are not a list")
    try:
        return [
            (whole_number(entry["document"]), _number(entry["confidence"])) for entry in entries
        ]
    except (TypeError, KeyError, ValueError, OverflowError):
        raise Unusable("an entry lacks the number of a document or a confidence") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def whole_number(value: object) -> int:
    """The whole number that a reply gives, in digits or as a string of them.

    Raises:
        TypeError: It is of another kind.
        ValueError: It is no whole number.
    """
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)

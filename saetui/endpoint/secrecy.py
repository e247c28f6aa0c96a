"""Keep a key out of every text that came from a server, however the server wrote it."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

HIDDEN = "[key]"

# So many consecutive characters betray a key; anything shorter than the second figure is no key
# but a placeholder, such as the "x" that some local servers want.
_TELLING = 8
_SHORTEST = 4

# They log the headers of answers, for those who switch that on.
_LOGGERS = ("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.proxy")
_UNITS = re.compile(
    r"""%(?:25)*(?P<percent>[0-9a-f]{2}) | \\+u(?P<json>[0-9a-f]{4}) | \\+x(?P<byte>[0-9a-f]{2})
    | (?P<html>&(?:\#[0-9]{1,7}|\#x[0-9a-f]{1,6}|amp|quot|apos|lt|gt|plus|sol|equals|period);)
    | (?P<between>\\+[nrt] | [\s"'`\\\u200b-\u200d\u2060\ufeff]) | .""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


def without_key(text: str, key: str) -> str:
    """`text` with every trace of `key` replaced by `[key]`.

    A trace is the key or any eight consecutive characters of it: in either case, broken by white
    space or quotation marks, percent-encoded, or escaped as in JSON or HTML.

    Args:
        text: From a server.
        key: Which that server was sent; "" for none.
    """
    wanted, _ = _read(key)
    if len(wanted) < _SHORTEST:
        return text
    plain, places = _read(text)
    length = min(_TELLING, len(wanted))
    found: list[tuple[int, int]] = []
    for start in range(len(wanted) - length + 1):
        part = wanted[start : start + length]
        place = plain.find(part)
        while place >= 0:
            found.append((places[place][0], places[place + length - 1][1]))
            place = plain.find(part, place + 1)
    kept, end = [], 0
    for start, stop in sorted(found):
        # Traces overlap: eight characters, then eight from the second one on.
        if start >= end:
            kept += [text[end:start], HIDDEN]
        end = max(end, stop)
    return "".join([*kept, text[end:]])


@contextmanager
def hidden_in_logs(key: str) -> Iterator[None]:
    """Replace `key` in whatever the HTTP library logs in the meantime."""

    def hide(record: logging.LogRecord) -> bool:
        record.msg, record.args = without_key(record.getMessage(), key), ()
        return True

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(hide)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(hide)


def _read(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The characters that a text means, in lower case, and where each of them is written."""
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    for unit in _UNITS.finditer(text):
        if unit.lastgroup == "between":
            continue
        meant = unit.group()
        if unit.lastgroup == "html":
            meant = unescape(meant)
        elif unit.lastgroup:
            meant = chr(int(unit.group(unit.lastgroup), 16))
        for character in meant.lower():
            characters.append(character)
            places.append(unit.span())
    return "".join(characters), places

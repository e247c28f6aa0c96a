"""Where an endpoint is, which key it may be sent, and how its answers are kept free of the key."""

import ipaddress
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from urllib.parse import urlsplit

from saetui.errors import SaetuiError

OFFICIAL_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""What is sent in place of a key: servers on this machine want some key, and take any."""


def address_of(base_url: str | None) -> str:
    """The address that the user gave, or the one in `OPENAI_BASE_URL`, or OpenAI's own."""
    address = base_url or os.environ.get("OPENAI_BASE_URL") or OFFICIAL_URL
    return address.strip().rstrip("/")


def check_address(address: str, error: type[SaetuiError]) -> None:
    """Refuse an address that cannot work, before anything is sent to it.

    Raises:
        SaetuiError: An `error`: it is no address, it holds a password, or it is OpenAI's own and
            there is no key.
    """
    if _host_and_user(address)[1]:
        # Addresses are shown on the screen and recorded in bundles.
        raise error(
            "The address of the endpoint holds a user name or a password, which a bundle would "
            "record.",
            "Leave them out of the address, and set OPENAI_API_KEY and OPENAI_BASE_URL.",
        )
    if not address.startswith(("https://", "http://")) or not _host_and_user(address)[0]:
        raise error(
            f"'{address}' is not the address of an endpoint.",
            "It begins with https:// or http://, such as http://localhost:11434/v1.",
        )
    if not (_key().isascii() and _key().isprintable()):
        raise error(
            "OPENAI_API_KEY holds characters that no key has.", "Set it again, without line breaks."
        )
    if lacks_key(address):
        raise error(
            "OpenAI wants a key, and OPENAI_API_KEY is not set.",
            "Set it, or name another endpoint by --base-url or OPENAI_BASE_URL.",
        )


def lacks_key(address: str) -> bool:
    """Whether the endpoint is OpenAI's own and `OPENAI_API_KEY` is not set."""
    return address == OFFICIAL_URL and not _key()


def key_for(address: str) -> str:
    """The key to send to `address`.

    `OPENAI_API_KEY` goes to OpenAI and to the address in `OPENAI_BASE_URL`, and nowhere else:
    other addresses may come from a bundle, and so from whoever built it.
    """
    trusted = (OFFICIAL_URL, os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/"))
    return (_key() if address in trusted else "") or NO_KEY


def _key() -> str:
    return os.environ.get("OPENAI_API_KEY", "").strip()


def is_this_machine(address: str) -> bool:
    """Whether the endpoint runs where saetui does."""
    host, _ = _host_and_user(address)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_and_user(address: str) -> tuple[str, str]:
    """The host that an address names, and whatever stands before an @; "" for what it lacks."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.netloc.rpartition("@")[0]
    except ValueError:
        return "", ""


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

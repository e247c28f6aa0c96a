"""Where an endpoint is, and which key it may be sent."""

import ipaddress
import os
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

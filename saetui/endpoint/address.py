"""Where an endpoint is, and which key it may be sent."""

import ipaddress
import os
from urllib.parse import urlsplit

from saetui.errors import SaetuiError

OFFICIAL_URL = "https://api.openai.com/v1"
# Servers on this machine want some key, and take any.
_NO_KEY = "none"


def address_of(base_url: str | None) -> str:
    """The address asked for, or else that in `OPENAI_BASE_URL`, or else OpenAI's own."""
    address = base_url or os.environ.get("OPENAI_BASE_URL") or OFFICIAL_URL
    return address.strip().rstrip("/")


def check_address(address: str, error: type[SaetuiError]) -> None:
    """Refuse an address that cannot work, before anything is sent to it.

    Raises:
        SaetuiError: The `error` given: it is no address, or OpenAI's own and there is no key.
    """
    if not address.startswith(("https://", "http://")):
        raise error(
            f"'{address}' is not the address of an endpoint.",
            "It begins with https:// or http://, such as http://localhost:11434/v1.",
        )
    if lacks_key(address):
        raise error(
            "OpenAI wants a key, and OPENAI_API_KEY is not set.",
            "Set it, or name another endpoint by --base-url or OPENAI_BASE_URL.",
        )


def lacks_key(address: str) -> bool:
    """Whether the endpoint is OpenAI's own and `OPENAI_API_KEY` is not set."""
    return address == OFFICIAL_URL and not os.environ.get("OPENAI_API_KEY")


def key_for(address: str) -> str:
    """The key to send to `address`.

    `OPENAI_API_KEY` goes to OpenAI and to the address in `OPENAI_BASE_URL`, and nowhere else:
    other addresses may come from a bundle, and so from whoever built it.
    """
    trusted = (OFFICIAL_URL, os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/"))
    return (os.environ.get("OPENAI_API_KEY") if address in trusted else None) or _NO_KEY


def is_this_machine(address: str) -> bool:
    """Whether the endpoint runs where saetui does."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

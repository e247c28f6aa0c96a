"""What an endpoint understands: servers differ in the options that they take."""

import re
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from saetui.endpoint.address import OFFICIAL_URL
from saetui.interpret.llm.questions import Request

# Refusals that are about the text, whatever the options.
_ABOUT_THE_TEXT = ("content_filter", "context_length_exceeded")
_OTHER_LIMIT = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_WORD = re.compile(r"\w+")


class Format(IntEnum):
    """How a reply's form is asked for, most binding last; the prompt always describes it too."""

    TEXT = 0
    JSON_OBJECT = 1
    JSON_SCHEMA = 2


@dataclass(frozen=True)
class Dialect:
    """The options to send.

    Attributes:
        format: How the reply's form is asked for.
        limit: Name of the option that limits a reply's tokens. OpenAI's newer models refuse the
            older `max_tokens`; llama.cpp and others ignore the newer name, and would not stop.
        temperature: Whether to ask for temperature 0; reasoning models refuse that.
        seed: Whether to send a seed.
    """

    format: Format = Format.JSON_SCHEMA
    limit: str = "max_tokens"
    temperature: bool = True
    seed: bool = True

    def options(self, request: Request) -> dict[str, Any]:
        """The options of a request, beside model and messages."""
        options: dict[str, Any] = {self.limit: request.room}
        if self.temperature:
            options["temperature"] = 0
        if self.seed:
            options["seed"] = request.seed
        if self.format is Format.JSON_OBJECT:
            options["response_format"] = {"type": "json_object"}
        if self.format is Format.JSON_SCHEMA:
            name = request.schema["title"]
            described = {"name": name, "strict": True, "schema": dict(request.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": described}
        return options

    def after(self, error: Exception) -> "Dialect | None":
        """What to try after a refusal; None where the options are not at fault.

        Endpoints name the option in the error's `param` or in its words, and some do neither;
        then the reply's form is the likeliest to be unknown.
        """
        if str(getattr(error, "code", "")) in _ABOUT_THE_TEXT:
            return None
        named = set(_WORD.findall(f"{getattr(error, 'param', '')} {error}"))
        if "response_format" not in named:
            if self.limit in named:
                return replace(self, limit=_OTHER_LIMIT[self.limit])
            if self.temperature and "temperature" in named:
                return replace(self, temperature=False)
            if self.seed and "seed" in named:
                return replace(self, seed=False)
        return replace(self, format=Format(self.format - 1)) if self.format else None


def dialect_of(address: str) -> Dialect:
    """What to try first at an address."""
    host = urlsplit(address).hostname or ""
    newer = address == OFFICIAL_URL or host.endswith(".azure.com")
    return Dialect(limit="max_completion_tokens" if newer else "max_tokens")

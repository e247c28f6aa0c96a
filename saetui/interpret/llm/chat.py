"""One request to an endpoint that speaks OpenAI's chat-completions protocol, in its dialect.

Servers differ in the options that they take, and so each is asked as it has shown to understand.
Protocol: https://platform.openai.com/docs/api-reference/chat.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from saetui.endpoint.client import Endpoint
from saetui.endpoint.keys import OFFICIAL_URL
from saetui.endpoint.retries import NotTheProtocol, Refused
from saetui.interpret.llm.questions import Reply, Request

# A reply of 16,384 tokens, each written as escapes, takes 2 MB.
_MOST_BYTES = 8_000_000
# No model reads or writes so much at once; sums of anything larger would not fit into the ledger.
_MOST_TOKENS = 100_000_000
# Refusals that are about the text, whatever the options.
_ABOUT_THE_TEXT = ("content_filter", "context_length_exceeded")
_OTHER_LIMIT = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_NAMES_OF_THE_FORMAT = {"response_format", "json_schema", "json_object"}
_WORD = re.compile(r"\w+")


class Format(IntEnum):
    """How a reply's form is asked for, most binding last; the prompt always describes it too."""

    TEXT = 0
    JSON_OBJECT = 1
    JSON_SCHEMA = 2


@dataclass(frozen=True)
class Dialect:
    """The options that a server takes.

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

    def is_named_in(self, refused: Refused) -> bool:
        """Whether a refusal names one of these options, or the reply's form."""
        named = _words(refused)
        return bool(named & {*_NAMES_OF_THE_FORMAT, self.limit, "temperature", "seed"})

    def after(self, refused: Refused) -> "Dialect | None":
        """What to try after a refusal; None where the options are not at fault.

        Endpoints name the option in the error's `param` or in its words, and some do neither;
        then the reply's form is the likeliest to be unknown.
        """
        if refused.code in _ABOUT_THE_TEXT:
            return None
        named = _words(refused)
        if not named & _NAMES_OF_THE_FORMAT:
            if self.limit in named:
                return replace(self, limit=_OTHER_LIMIT[self.limit])
            if self.temperature and "temperature" in named:
                return replace(self, temperature=False)
            if self.seed and "seed" in named:
                return replace(self, seed=False)
        return replace(self, format=Format(self.format - 1)) if self.format else None

    def as_json(self) -> str:
        """The dialect as a ledger keeps it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Dialect | None":
        """The dialect that `as_json` wrote; None where another version wrote something else."""
        try:
            found = json.loads(text)
            return cls(**{**found, "format": Format(found["format"])})
        except (ValueError, TypeError, LookupError):
            return None


def first_dialect(address: str) -> Dialect:
    """What to try first at an address."""
    host = urlsplit(address).hostname or ""
    newer = address == OFFICIAL_URL or host.endswith(".azure.com")
    return Dialect(limit="max_completion_tokens" if newer else "max_tokens")


async def ask(endpoint: Endpoint, model: str, request: Request, dialect: Dialect) -> Reply:
    """Send a request once.

    A reply is used whatever else is wrong with the answer, since it is paid for.

    Raises:
        EndpointFailure: There is no reply.
    """
    body = {"model": model, "messages": list(request.messages), **dialect.options(request)}
    answer = await endpoint.post("/chat/completions", body, _MOST_BYTES)
    choice = _first(answer.get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        error = answer.get("error")
        said = f"it says: {endpoint.shown(json.dumps(error))}" if error else "it holds no message"
        raise NotTheProtocol(said)
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    finish = choice.get("finish_reason")
    return Reply(
        text=endpoint.without_key(_text(message.get("content"))),
        refusal=endpoint.without_key(_text(message.get("refusal"))),
        finish=finish if isinstance(finish, str) and finish else "stop",
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def _words(refused: Refused) -> set[str]:
    return set(_WORD.findall(f"{refused.param} {refused}"))


def _first(choices: object) -> Mapping[str, Any]:
    found = choices[0] if isinstance(choices, list) and choices else None
    return found if isinstance(found, dict) else {}


def _text(content: object) -> str:
    """The text of a message, which some servers send in parts; "" where there is none."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    # JSON can hold halves of characters, which nothing else can.
    return content.encode("utf-8", "replace").decode("utf-8") if isinstance(content, str) else ""


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None

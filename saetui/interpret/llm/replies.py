"""What a model replied, and how its answer is found in it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What models with open reasoning put before their answer.
_REASONING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


class Unusable(Exception):
    """A reply that answers nothing; its message completes "The reply cannot be used: ..."."""


@dataclass(frozen=True)
class Reply:
    """One reply of a model.

    Attributes:
        text: What it wrote; may be empty.
        refusal: Its reason not to answer; "" where it gave none.
        finish: Why it stopped, as the endpoint says: `stop`, `length`, `content_filter`.
        prompt_tokens: As the endpoint counted them; None where it does not say.
        completion_tokens: The same for the reply, hidden reasoning included.
    """

    text: str
    refusal: str = ""
    finish: str = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def refused(self) -> bool:
        """Whether the model or a filter declined to answer."""
        return bool(self.refusal) or self.finish == "content_filter"

    @property
    def truncated(self) -> bool:
        """Whether the reply ended because it had no more room."""
        return self.finish == "length"

    def as_json(self) -> str:
        """The reply as stored."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Reply":
        """The reply that `as_json` stored."""
        return cls(**json.loads(text))


def object_in(text: str, wanted: str) -> Mapping[str, Any] | None:
    """The last JSON object in a reply that has an entry `wanted`; None where there is none.

    Servers without structured output may put prose, reasoning or a code fence around it.
    """
    text = without_reasoning(text)
    decoder = json.JSONDecoder()
    found: Mapping[str, Any] | None = None
    start = text.find("{")
    while start >= 0:
        end = start + 1
        try:
            value, after = decoder.raw_decode(text, start)
        except ValueError:
            pass
        except RecursionError:
            break
        else:
            if wanted in value:
                found, end = value, after
        start = text.find("{", end)
    return found


def without_reasoning(text: str) -> str:
    """A reply without the reasoning that precedes the answer."""
    return _REASONING.sub("", text).strip()

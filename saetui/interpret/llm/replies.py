"""What a model replied, and how its answer is found in it."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What models with open reasoning put before their answer; some servers take the beginning away.
_END_OF_REASONING = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_OBJECT = re.compile(r'\{\s*"')
_MOST_OBJECTS = 1_000
_MOST_CHARACTERS = 500_000


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

    Raises:
        Unusable: The reply is longer than any answer.
    """
    text = without_reasoning(text)
    decoder = json.JSONDecoder()
    found: Mapping[str, Any] | None = None
    end = 0
    # A reply made of brackets alone would otherwise be read from each of them.
    for _ in range(_MOST_OBJECTS):
        start = _OBJECT.search(text, end)
        if start is None:
            break
        end = start.start() + 1
        try:
            value, after = decoder.raw_decode(text, start.start())
        except ValueError:
            continue
        except RecursionError:
            break
        if wanted in value:
            found, end = value, after
    return found


def without_reasoning(text: str) -> str:
    """A reply without the reasoning that precedes the answer.

    Raises:
        Unusable: The reply is longer than any answer.
    """
    if len(text) > _MOST_CHARACTERS:
        raise Unusable(f"it has {len(text):,} characters")
    return _END_OF_REASONING.split(text)[-1].strip()


def number_in(value: object) -> float:
    """The finite number that a reply gives, in digits or as a string of them.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def whole_number_in(value: object) -> int:
    """The whole number that a reply gives; see `number_in`.

    Raises:
        ValueError: It is none.
    """
    number = number_in(value)
    if number != int(number):
        raise ValueError
    return int(number)

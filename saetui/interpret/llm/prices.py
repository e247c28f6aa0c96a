"""What models cost, so that a budget can be kept."""

import re
from dataclasses import dataclass

from saetui.errors import InputError

# US dollars per million tokens, input and output, without discounts for cached input or batches.
# As OpenAI lists them (https://platform.openai.com/docs/pricing, read in November 2026); another
# provider, a fine-tuned model or a changed price needs --price.
_LISTED = {
    "gpt-4o": (2.50, 10.00),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
    "gpt-5": (1.25, 10.00),
    "gpt-5-mini": (0.25, 2.00),
    "gpt-5-nano": (0.05, 0.40),
    "gpt-5.1": (1.25, 10.00),
    "gpt-5.2": (1.75, 14.00),
    "o1": (15.00, 60.00),
    "o3-mini": (1.10, 4.40),
    "o4-mini": (1.10, 4.40),
}
_RELEASE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The dollars that a request of this size costs."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1_000_000


FREE = Price(0.0, 0.0)


def parse_price(text: str) -> Price:
    """The price that an option such as `2.50,10` gives: input, then output.

    Raises:
        InputError: It is not two numbers of at least 0.
    """
    try:
        price = Price(*(float(part) for part in text.split(",")))
    except (ValueError, TypeError):
        price = None
    if price is None or not (0 <= price.input < 1e6 and 0 <= price.output < 1e6):
        raise InputError(
            f"'{text}' is not a price.",
            "Write dollars per million tokens, input and output, such as 2.50,10.",
        )
    return price


def listed_price(model: str, on_this_machine: bool) -> Price | None:
    """The price of a model, None where it is not known.

    A model with a listed name has that price wherever it is asked, since a server on this machine
    may pass requests on. Any other model on this machine is free.
    """
    listed = _LISTED.get(model) or _LISTED.get(_RELEASE.sub("", model))
    if listed is not None:
        return Price(*listed)
    return FREE if on_this_machine else None

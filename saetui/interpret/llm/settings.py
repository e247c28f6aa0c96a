"""Which language model to ask, where, how patiently, for how much, and at what price."""

import re
from dataclasses import dataclass

from saetui.endpoint.address import address_of, check_address, is_this_machine
from saetui.endpoint.sending import Patience
from saetui.errors import InputError, LanguageModelError

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
_PATIENCE = Patience(deadline=120.0, tries=8)


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The dollars that a request of this size costs."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1_000_000


FREE = Price(0.0, 0.0)


@dataclass(frozen=True)
class ModelSettings:
    """Everything needed to ask a model, and nothing secret: keys stay in the environment.

    Attributes:
        model: Its name at the endpoint.
        address: The endpoint's address.
        price: What it costs; None where that is not known.
        concurrency: How many requests may be under way at once. As many may have been paid for
            without an answer when the process is killed.
        patience: How long to wait.
        attempts: How often one question is asked while the replies cannot be used.
    """

    model: str
    address: str
    price: Price | None
    concurrency: int = 8
    patience: Patience = _PATIENCE
    attempts: int = 3

    @property
    def spec(self) -> str:
        """How the model is named on the command line."""
        return f"openai:{self.model}"


@dataclass(frozen=True)
class Budget:
    """What a job may cost; None sets no limit.

    Attributes:
        dollars: US dollars.
        tokens: Tokens, of prompts and replies together.
    """

    dollars: float | None = None
    tokens: int | None = None


def model_settings(
    spec: str,
    *,
    base_url: str | None = None,
    price: Price | None = None,
    concurrency: int = 8,
) -> ModelSettings:
    """Settings from what a user writes.

    Args:
        spec: `openai:MODEL`; the endpoint may be any that speaks OpenAI's chat protocol.
        base_url: Its address; by default that in `OPENAI_BASE_URL`, or else OpenAI's own.
        price: What the model costs; by default its listed price, and nothing for one on this
            machine that is not listed.
        concurrency: See `ModelSettings`.

    Raises:
        InputError: The spec names no model, or the concurrency is below 1.
        LanguageModelError: The address cannot be asked.
    """
    kind, _, model = (part.strip() for part in spec.partition(":"))
    if kind != "openai" or not model:
        raise InputError(
            f"'{spec}' does not name a language model.", "Write openai: and a model's name."
        )
    if concurrency < 1:
        raise InputError(f"There cannot be {concurrency} requests at a time.")
    address = address_of(base_url)
    check_address(address, LanguageModelError)
    price = price or _listed_price(model, is_this_machine(address))
    return ModelSettings(model, address, price, concurrency)


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


def _listed_price(model: str, on_this_machine: bool) -> Price | None:
    """The price of a model, None where it is not known.

    A model with a listed name has that price wherever it is asked, since a server on this machine
    may pass requests on. Any other model on this machine is free.
    """
    listed = _LISTED.get(model) or _LISTED.get(_RELEASE.sub("", model))
    if listed is not None:
        return Price(*listed)
    return FREE if on_this_machine else None

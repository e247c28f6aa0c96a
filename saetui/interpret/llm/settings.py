"""Which language model to ask, where, how patiently, for how much, and what requests to it cost.

The tokenizer of a model is not to be had for every endpoint, so tokens are counted by rule:

- Expected: one token per four bytes of UTF-8, which is about right for English prose. Where the
  endpoint has counted earlier prompts and replies of the model, the rule is corrected by these.
- At most: one token per byte, since every token of the tokenizers in use covers a byte or more,
  and some for what servers wrap around a prompt. An endpoint that counts even more than that
  raises what is set aside for later requests.
"""

import re
from dataclasses import dataclass

from saetui.endpoint.keys import address_of, check_address, is_this_machine
from saetui.endpoint.retries import Patience
from saetui.errors import InputError, LanguageModelError
from saetui.interpret.llm.questions import Reply, Request

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
_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 8
_MOST_TOKENS_ADDED = 256


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
class Budget:
    """What a job may cost, in dollars and in tokens of all prompts and replies; None: no limit."""

    dollars: float | None = None
    tokens: int | None = None


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


@dataclass(frozen=True)
class Cost:
    """Tokens read and written in one request, and what they cost; 0 where the price is unknown."""

    prompt_tokens: int
    completion_tokens: int
    dollars: float


@dataclass(frozen=True)
class Spending:
    """What a job has cost over all its runs.

    Attributes:
        dollars: Everything that was paid or may have been.
        tokens: The same in tokens.
        replies: Replies received.
        uncounted: Of these, replies without a count of tokens, taken as the most possible.
        unanswered: Requests of this run or an earlier one that may have been paid for and have no
            reply, because of a kill, a lost connection or a time limit; taken as the most possible.
        unanswered_dollars: The part of `dollars` that is due to these.
    """

    dollars: float
    tokens: int
    replies: int
    uncounted: int
    unanswered: int
    unanswered_dollars: float

    @property
    def caveats(self) -> tuple[str, ...]:
        """What is not certain about the sums, in sentences for the user."""
        said = []
        if self.unanswered:
            said.append(
                f"{self.unanswered:,} requests were sent and never answered, because the work was "
                f"killed or the connection failed; up to ${self.unanswered_dollars:.4f} may have "
                "been paid for them, and counts against the budget."
            )
        if self.uncounted:
            said.append(
                f"The endpoint did not count the tokens of {self.uncounted:,} replies; each is "
                "taken as the most that it can have cost."
            )
        return tuple(said)


@dataclass(frozen=True)
class CostEstimate:
    """What questions will probably cost.

    Attributes:
        questions: How many have to be asked.
        replayed: How many were answered before, and cost nothing.
        prompt_tokens: What the model will read.
        completion_tokens: What it will write, its hidden reasoning only as far as earlier replies
            show it.
        dollars: What that costs without discounts; None where the price is not known.
    """

    questions: int = 0
    replayed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dollars: float | None = 0.0

    def in_words(self) -> str:
        """A sentence to say before the first request."""
        price = (
            "at a price that is not known" if self.dollars is None else f"about ${self.dollars:.2f}"
        )
        known = f", {self.replayed:,} more are answered already" if self.replayed else ""
        return (
            f"{self.questions:,} requests{known}: about {self.prompt_tokens:,} tokens to read "
            f"and {self.completion_tokens:,} to write, {price}."
        )

    def __add__(self, other: "CostEstimate") -> "CostEstimate":
        known = self.dollars is not None and other.dollars is not None
        return CostEstimate(
            self.questions + other.questions,
            self.replayed + other.replayed,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            (self.dollars or 0) + (other.dollars or 0) if known else None,
        )


class Costs:
    """Counts and prices of one model's requests.

    Args:
        price: The model's; None where it is not known, and only tokens are counted.
    """

    def __init__(self, price: Price | None) -> None:
        self._price = price or FREE
        self._excess = 1.0

    def expected(self, request: Request, completion_tokens: int) -> Cost:
        """What a request probably costs, by rule."""
        prompt = request.size // _BYTES_PER_TOKEN + _TOKENS_PER_MESSAGE * len(request.messages)
        return self._cost(prompt, completion_tokens)

    def most(self, request: Request) -> Cost:
        """The most that a request can cost."""
        prompt = request.size + _MOST_TOKENS_ADDED
        return self._cost(int(prompt * self._excess) + 1, int(request.room * self._excess) + 1)

    def actual(self, reply: Reply, most: Cost) -> tuple[Cost, bool]:
        """What a reply did cost, and whether the endpoint said so; if not, the most."""
        if reply.prompt_tokens is None or reply.completion_tokens is None:
            return most, False
        cost = self._cost(reply.prompt_tokens, reply.completion_tokens)
        for counted, reserved in (
            (cost.prompt_tokens, most.prompt_tokens),
            (cost.completion_tokens, most.completion_tokens),
        ):
            if counted > reserved:
                self._excess *= counted / reserved
        return cost, True

    def _cost(self, prompt_tokens: int, completion_tokens: int) -> Cost:
        dollars = self._price.of(prompt_tokens, completion_tokens)
        return Cost(prompt_tokens, completion_tokens, dollars)

"""What requests cost: at most, probably, and in the end.

The tokenizer of a model is not to be had for every endpoint, so tokens are counted by rule:

- Expected: one token per four bytes of UTF-8, which is about right for English prose. Where the
  endpoint has counted earlier prompts and replies of the model, the rule is corrected by these.
- At most: one token per byte, since every token of the tokenizers in use covers a byte or more,
  and some for what servers wrap around a prompt. An endpoint that counts even more than that
  raises what is set aside for later requests.
"""

from dataclasses import dataclass

from saetui.interpret.llm.questions import Request
from saetui.interpret.llm.replies import Reply
from saetui.interpret.llm.settings import FREE, Price

_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 8
_MOST_TOKENS_ADDED = 256


@dataclass(frozen=True)
class Cost:
    """Size and price of one request.

    Attributes:
        prompt_tokens: What the model reads.
        completion_tokens: What it writes.
        dollars: What both cost; 0 where the price is not known.
    """

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

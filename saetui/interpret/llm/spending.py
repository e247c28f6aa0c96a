"""What requests cost, one and all together."""

from dataclasses import dataclass


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

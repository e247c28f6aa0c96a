"""One question to a model, and the exchange that leads to its answer."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from saetui.errors import LanguageModelError
from saetui.interpret.llm.replies import Reply, Unusable

AnswerT = TypeVar("AnswerT")
Message = dict[str, str]

# Reasoning counts as part of a reply, so a truncated one may need far more room than its text.
_ROOM_GROWTH = 4
_MOST_ROOM = 16_384
_KEPT_OF_BAD_REPLY = 2_000


@dataclass(frozen=True)
class Question(Generic[AnswerT]):
    """What to ask, and how to read the reply.

    Attributes:
        version: Version of the prompt.
        messages: The prompt.
        schema: JSON schema of the reply; its `title` names it.
        room: Tokens that the reply may take at first.
        expected: Tokens that it is expected to take.
        read: Gives the answer that a reply's text holds, or raises `Unusable`.
    """

    version: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    room: int
    expected: int
    read: Callable[[str], AnswerT]


class Ending(Enum):
    """How a question ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    NOT_ASKED = "not asked"
    """The budget or the account's credit had come to its end; a later run asks it."""


@dataclass(frozen=True)
class Outcome(Generic[AnswerT]):
    """What became of a question.

    Attributes:
        ending: How it ended.
        answer: The answer; None unless it was answered.
        reason: Why there is none, in a sentence; "" where there is one.
    """

    ending: Ending
    answer: AnswerT | None = None
    reason: str = ""


def check_all_asked(outcomes: Sequence[Outcome[AnswerT]], unit: str) -> None:
    """Refuse outcomes of which some are missing for want of money.

    Whatever would stand in their place would pass for answers of the model.

    Args:
        outcomes: Of all questions.
        unit: What one question stands for, in plural.

    Raises:
        LanguageModelError: A question was not asked.
    """
    missing = [outcome.reason for outcome in outcomes if outcome.ending is Ending.NOT_ASKED]
    if missing:
        raise LanguageModelError(
            f"{len(missing):,} of {len(outcomes):,} {unit} were not asked about. {missing[0]}",
            "What was answered is kept: run it again with a larger --budget or more credit, or "
            "with fewer --queries.",
        )


@dataclass(frozen=True)
class Request:
    """One request of an exchange: everything on which the reply depends but the model.

    Attributes:
        version: Version of the prompt.
        messages: What is sent.
        schema: JSON schema of the reply.
        room: Tokens that the reply may take.
        seed: Distinguishes further attempts at a question from the first; 0 for that.
    """

    version: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    room: int
    seed: int

    @property
    def size(self) -> int:
        """Bytes of UTF-8 that the model reads."""
        texts = [message["content"] for message in self.messages]
        return sum(len(text.encode()) for text in [*texts, json.dumps(self.schema)])

    def key(self, address: str, model: str) -> str:
        """SHA-256 of the request and of whom it is put to, in hexadecimal."""
        parts = [address, model, self.version, self.messages, self.schema, self.room, self.seed]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Exchange(Generic[AnswerT]):
    """A question and the replies to it so far.

    The next request follows from the question and the replies alone. Replies that were stored
    therefore lead to the same requests again, and to where the exchange broke off.
    """

    def __init__(self, question: Question[AnswerT]) -> None:
        self.question = question
        self.answer: AnswerT | None = None
        self.reason = ""
        self.refused = False
        self._attempts = 0
        self._room = question.room
        self._objection: tuple[Message, ...] = ()

    @property
    def request(self) -> Request:
        """What to ask next."""
        question = self.question
        messages = question.messages + self._objection
        return Request(question.version, messages, question.schema, self._room, self._attempts)

    def take(self, reply: Reply) -> None:
        """Read a reply: it gives the answer, or the reason why the next attempt is needed."""
        self._attempts += 1
        self._objection = ()
        self.refused = reply.refused
        if reply.refused:
            self.reason = f"The model declined: {reply.refusal or 'a filter stopped it'}."
            return
        # What was cut off may look whole: half of a label is a label too.
        if reply.truncated:
            self.reason = f"The reply was cut off after {self._room:,} tokens."
            self._room = min(self._room * _ROOM_GROWTH, max(_MOST_ROOM, self.question.room))
            return
        try:
            self.answer = self.question.read(reply.text)
        except Unusable as error:
            self.reason = f"The reply cannot be used: {error}."
            if reply.text.strip():
                self._objection = self._objection_to(reply.text)

    def _objection_to(self, text: str) -> tuple[Message, ...]:
        return (
            {"role": "assistant", "content": text[:_KEPT_OF_BAD_REPLY]},
            {"role": "user", "content": f"{self.reason} Reply again, in the form asked for."},
        )

    def outcome(self) -> Outcome[AnswerT]:
        """How the question ended, once no more is asked."""
        if self.answer is not None:
            return Outcome(Ending.ANSWERED, self.answer)
        return Outcome(Ending.FAILED, reason=self.reason)

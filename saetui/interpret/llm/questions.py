"""One question to a model, the exchange that leads to its answer, and how a reply is read.

Documents are sent as JSON strings, so that nothing in them can pass for part of the prompt. Each
prompt describes the form of the reply in words too, for servers that do not enforce a schema.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from saetui.errors import LanguageModelError

# What models with open reasoning put before their answer; some servers take the beginning away.
_END_OF_REASONING = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_OBJECT = re.compile(r'\{\s*"')
_MOST_OBJECTS = 1_000
_MOST_CHARACTERS = 500_000
# To be raised with every change to a prompt for labels or judgements: labels keep the version that
# they were made with, and stored replies belong to one version.
PROMPT_VERSION = "1"

AnswerT = TypeVar("AnswerT")
Message = dict[str, str]
# Reasoning counts as part of a reply, so a truncated one may need far more room than its text.
_ROOM_GROWTH = 4
_MOST_ROOM = 16_384
_KEPT_OF_BAD_REPLY = 2_000


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
    """The budget or the account's credit was used up; a later run asks it."""


@dataclass(frozen=True)
class Outcome(Generic[AnswerT]):
    """What became of a question: the answer, or in a sentence why there is none."""

    ending: Ending
    answer: AnswerT | None = None
    reason: str = ""


def check_all_asked(outcomes: Sequence[Outcome[AnswerT]], unit: str) -> None:
    """Refuse outcomes of which some are missing for want of money.

    Whatever would stand in their place would pass for answers of the model.

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

    The reply may take `room` tokens. The seed tells further attempts at a question from the first,
    which has 0.
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


def messages_of(system: str, lines: Sequence[str]) -> tuple[Message, ...]:
    """A prompt: what the system is told, and the lines that the user writes."""
    return (
        {"role": "system", "content": system},
        {"role": "user", "content": "\n".join(lines)},
    )


def json_line(value: object) -> str:
    """A value as JSON in one line, so that nothing in it can pass for part of a prompt."""
    text = json.dumps(value, ensure_ascii=False)
    # JSON can hold halves of characters, which nothing else can.
    return text.encode("utf-8", "replace").decode("utf-8")


def beginning(text: str, longest: int) -> str:
    """The beginning of `text`, up to a word's end."""
    text = text.strip()
    if len(text) <= longest:
        return text
    head = text[:longest]
    return (head.rsplit(None, 1)[0] if " " in head else head) + " \u2026"

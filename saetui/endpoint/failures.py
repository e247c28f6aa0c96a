"""What can go wrong with a request to an endpoint, and what that means to the user.

EndpointFailure
|-- NoConnection        nothing was sent
|-- NoAnswer            it was sent, and no complete answer came
|-- NotTheProtocol      the answer is not what OpenAI's protocol says
|-- Redirected          the address refers to another one
`-- Refused             the endpoint answered with an error
"""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

from saetui.errors import SaetuiError

_LONGEST_PAUSE = 600.0
_PASSING_STATUS = (408, 409, 425, 429)
_FAULT_OF_THE_REQUEST = (400, 413, 422, 501)
_BUSY_STATUS = (429, 503)
# A gateway lost the answer, which the model behind it may have given.
_GATEWAY_STATUS = (502, 504)
_NO_CREDIT = "insufficient_quota"
_PAYMENT_REQUIRED = 402

ErrorT = TypeVar("ErrorT", bound=SaetuiError)


class EndpointFailure(Exception):
    """A request that brought nothing usable; the message is safe to show.

    Attributes:
        passes: Whether the same request may well succeed later.
        maybe_paid: Whether the model may have answered, so that the request may be charged for.
    """

    passes = True
    maybe_paid = True


class NoConnection(EndpointFailure):
    """There is no connection, so nothing was sent."""

    maybe_paid = False


class NoAnswer(EndpointFailure):
    """The request was sent, and no complete answer came."""


class NotTheProtocol(EndpointFailure):
    """The answer is not what OpenAI's protocol says.

    Args:
        message: What is wrong with it.
        passes: See `EndpointFailure`.
    """

    def __init__(self, message: str, passes: bool = True) -> None:
        super().__init__(message)
        self.passes = passes


class Redirected(EndpointFailure):
    """The address refers to another one, to which texts and key were not meant to go."""

    passes = False
    maybe_paid = False


class Refused(EndpointFailure):
    """The endpoint answered with an error.

    Args:
        message: Its own words.
        status: The HTTP status.
        code: Its name for the error; "" where it gives none.
        param: The part of the request that it finds fault with; "" where it names none.
        pause: Seconds that it asks to wait; 0 where it does not say.
    """

    def __init__(
        self, message: str, status: int, *, code: str = "", param: str = "", pause: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param, self.pause = status, code, param, pause
        self.maybe_paid = status in _GATEWAY_STATUS
        self.no_credit = status == _PAYMENT_REQUIRED or (status == 429 and code == _NO_CREDIT)
        self.of_the_request = status in _FAULT_OF_THE_REQUEST
        """Whether it found fault with what it was sent: too much, too long, not known."""
        self.busy = status in _BUSY_STATUS and not self.no_credit
        serious = status >= 500 and not self.of_the_request
        self.passes = (status in _PASSING_STATUS or serious) and not self.no_credit


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that an endpoint asks to wait: 0 where it does not say, at most ten minutes."""
    asked = _seconds(headers.get("retry-after-ms", "")) / 1_000
    asked = asked or _seconds(headers.get("retry-after", ""))
    return min(max(asked, 0.0), _LONGEST_PAUSE)


def _seconds(value: str) -> float:
    """What a header gives as a number or as a date; 0 for neither."""
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        return 0.0 if math.isnan(number) else number
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    # Which of these a date outside the calendar raises depends on its form.
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0


def explained(
    failure: EndpointFailure, address: str, model: str, kind: type[ErrorT], task: str
) -> ErrorT:
    """The error to show for a failure.

    Args:
        failure: What went wrong.
        address: The endpoint's.
        model: That was asked.
        kind: Class of the error to make.
        task: A verb for what the model was to do, such as "embed".
    """
    if isinstance(failure, NoConnection):
        return kind(
            f"There is no connection to {address} ({failure}).",
            "Check the address and the network; a local server must be running.",
        )
    if isinstance(failure, NoAnswer):
        return kind(f"{address} {failure}.", "Try again later, or with fewer requests at a time.")
    if isinstance(failure, NotTheProtocol):
        return kind(
            f"{address} did not answer in OpenAI's protocol ({failure}).",
            "Check the address; most end in /v1.",
        )
    if isinstance(failure, Refused):
        return _refusal(failure, address, model, kind, task)
    return kind(
        f"{address} {failure}, and nothing is sent to another address than the one given.",
        "If it is the right one, give it with --base-url or OPENAI_BASE_URL.",
    )


def _refusal(refused: Refused, address: str, model: str, kind: type[ErrorT], task: str) -> ErrorT:
    if refused.no_credit:
        return kind(
            f"{address} takes no more requests, since they are not paid for: {refused}",
            "The account has no credit left; add some, then run the same command again: it goes "
            "on where it stopped.",
        )
    if refused.status in (401, 403):
        return kind(
            f"{address} did not accept the key: {refused}",
            "Set OPENAI_API_KEY. It is sent to OpenAI, and to another address only where "
            "OPENAI_BASE_URL names that address.",
        )
    if refused.status == 404:
        return kind(
            f"{address} does not offer the model '{model}': {refused}",
            "Check the model's name and the address; most addresses end in /v1.",
        )
    if refused.status == 429:
        return kind(
            f"{address} takes no more requests now: {refused}",
            "Wait and run the same command again: it goes on where it stopped.",
        )
    return kind(f"{address} refused to {task} with '{model}': {refused}")

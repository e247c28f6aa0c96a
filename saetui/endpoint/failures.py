"""What an endpoint's failures mean to the user, and which of them pass with time."""

import math
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from saetui.errors import SaetuiError

if TYPE_CHECKING:
    from openai import OpenAIError

_SHOWN_CHARACTERS = 300
_LONGEST_PAUSE = 600.0

ErrorT = TypeVar("ErrorT", bound=SaetuiError)


def is_passing(error: Exception) -> bool:
    """Whether the same request may well succeed later: too many requests, overload, no answer."""
    from openai import APIConnectionError, APIStatusError, InternalServerError, RateLimitError

    if isinstance(error, RateLimitError):
        return error.code != "insufficient_quota"
    if isinstance(error, APIStatusError) and error.status_code in (408, 409):
        return True
    return isinstance(error, APIConnectionError | InternalServerError)


def is_refusal(error: Exception) -> bool:
    """Whether the endpoint found fault with what it was sent: too much, too long, not known."""
    from openai import APIStatusError

    return isinstance(error, APIStatusError) and error.status_code in (400, 413, 422)


def retry_after(error: Exception) -> float:
    """The seconds that the endpoint asks to wait, where it says so; at most ten minutes."""
    response = getattr(error, "response", None)
    headers = response.headers if response is not None else {}
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
    except ValueError:
        return 0.0


def said_by(error: Exception) -> str:
    """The endpoint's own words, cut to a length that fits a message."""
    return str(getattr(error, "message", error))[:_SHOWN_CHARACTERS]


def explained(
    error: "OpenAIError", base_url: str, model: str, kind: type[ErrorT], task: str
) -> ErrorT:
    """The error to show for one that the SDK raised.

    Args:
        error: What the SDK raised.
        base_url: The endpoint's address.
        model: The model asked for.
        kind: Class of the error to make.
        task: A verb for what the endpoint was to do, such as "embed".
    """
    import openai

    if isinstance(error, openai.APITimeoutError):
        return kind(f"{base_url} did not answer in time.", "Try again later.")
    if isinstance(error, openai.APIConnectionError):
        return kind(
            f"There is no connection to {base_url}.",
            "Check the address and the network; a local server must be running.",
        )
    said = said_by(error)
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return kind(
            f"{base_url} did not accept the key: {said}",
            "Set OPENAI_API_KEY. It is sent to OpenAI, and to another address only where "
            "OPENAI_BASE_URL names that address.",
        )
    if isinstance(error, openai.NotFoundError):
        return kind(
            f"{base_url} does not offer the model '{model}': {said}",
            "Check the model's name and the address; most addresses end in /v1.",
        )
    if isinstance(error, openai.RateLimitError):
        hint = "Wait and run the same command again: it goes on where it stopped."
        if not is_passing(error):
            hint = "The account has no credit left; add some, then run the same command again."
        return kind(f"{base_url} takes no more requests now: {said}", hint)
    return kind(f"{base_url} refused to {task} with '{model}': {said}")

"""What an endpoint's failures mean to the user, and which of them pass with time."""

from typing import TYPE_CHECKING

from saetui.errors import EmbedderError

if TYPE_CHECKING:
    from openai import OpenAIError

_SHOWN_CHARACTERS = 300


def is_passing(error: Exception) -> bool:
    """Whether the same request may well succeed later: too many requests, overload, no answer."""
    from openai import APIConnectionError, InternalServerError, RateLimitError

    if isinstance(error, RateLimitError):
        return error.code != "insufficient_quota"
    return isinstance(error, APIConnectionError | InternalServerError)


def is_refusal(error: Exception) -> bool:
    """Whether the endpoint may have found the texts too many or too long."""
    from openai import APIStatusError

    return isinstance(error, APIStatusError) and error.status_code in (400, 413, 422)


def explained(error: "OpenAIError", base_url: str, model: str) -> EmbedderError:
    """The error to show for one that the SDK raised."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return EmbedderError(f"{base_url} did not answer in time.", "Try again later.")
    if isinstance(error, openai.APIConnectionError):
        return EmbedderError(
            f"There is no connection to {base_url}.",
            "Check the address and the network; a local server must be running.",
        )
    said = str(getattr(error, "message", error))[:_SHOWN_CHARACTERS]
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return EmbedderError(
            f"{base_url} did not accept the key: {said}",
            "Set OPENAI_API_KEY. It is sent to OpenAI, and to another address only where "
            "OPENAI_BASE_URL names that address.",
        )
    if isinstance(error, openai.NotFoundError):
        return EmbedderError(
            f"{base_url} does not offer the model '{model}': {said}",
            "Check the model's name and the address; most addresses end in /v1.",
        )
    if isinstance(error, openai.RateLimitError):
        hint = "Wait and run the same command again: it goes on where it stopped."
        if not is_passing(error):
            hint = "The account has no credit left; add some, then run the same command again."
        return EmbedderError(f"{base_url} takes no more requests now: {said}", hint)
    return EmbedderError(f"{base_url} refused to embed with '{model}': {said}")

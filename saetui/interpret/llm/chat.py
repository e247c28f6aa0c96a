"""One request to an endpoint that speaks OpenAI's chat-completions protocol.

Protocol: https://platform.openai.com/docs/api-reference/chat.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from saetui.endpoint.address import key_for
from saetui.errors import MissingDependency
from saetui.interpret.llm.dialect import Dialect
from saetui.interpret.llm.questions import Request
from saetui.interpret.llm.replies import Reply
from saetui.interpret.llm.settings import ModelSettings

if TYPE_CHECKING:
    from openai import OpenAI

# Why a connection failed before the request was sent: nobody can charge for it.
_NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol")
# A gateway lost the answer, which the model behind it may have given.
_GATEWAY_STATUS = (502, 504)


class NotTheProtocol(Exception):
    """An answer of status 200 that is no chat completion."""


class Chat:
    """A model at an endpoint.

    Args:
        settings: Which, and how long to wait for it.

    Raises:
        MissingDependency: The package `openai` is not installed.
    """

    def __init__(self, settings: ModelSettings) -> None:
        if find_spec("openai") is None:
            raise MissingDependency("openai", f"The language model '{settings.spec}'", "openai")
        self._model = settings.model
        self._client = _client(settings)

    def ask(self, request: Request, dialect: Dialect) -> Reply:
        """Send a request once.

        Raises:
            NotTheProtocol: The answer is no chat completion.
            OpenAIError: There was no answer, or a refusal.
        """
        options = dialect.options(request)
        messages: Any = list(request.messages)
        create: Any = self._client.chat.completions.create
        try:
            completion = create(model=self._model, messages=messages, **options)
            choice = completion.choices[0]
            usage = getattr(completion, "usage", None)
            return Reply(
                text=_text(choice.message.content),
                refusal=_text(getattr(choice.message, "refusal", None)),
                finish=_text(choice.finish_reason) or "stop",
                prompt_tokens=_count(getattr(usage, "prompt_tokens", None)),
                completion_tokens=_count(getattr(usage, "completion_tokens", None)),
            )
        # The SDK checks nothing of a successful answer, so a wrong one fails anywhere in it.
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise NotTheProtocol(f"{type(error).__name__}: {error}") from error


def may_be_charged(error: Exception) -> bool:
    """Whether the model may have answered although nothing usable arrived."""
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIConnectionError):
        return type(error.__cause__).__name__ not in _NEVER_SENT
    if isinstance(error, APIStatusError):
        return error.status_code in _GATEWAY_STATUS
    return True


def _client(settings: ModelSettings) -> "OpenAI":
    from openai import OpenAI

    # The SDK's own retries would send, and could pay, more than was reserved.
    return OpenAI(
        api_key=key_for(settings.address),
        base_url=settings.address,
        timeout=settings.patience.timeout,
        max_retries=0,
    )


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    # JSON can hold halves of characters, which nothing else can.
    return (value or "").encode("utf-8", "replace").decode("utf-8")


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None

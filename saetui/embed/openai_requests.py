"""Requests to an embeddings endpoint: how they are cut, repeated, split, and checked."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.endpoint.failures import is_passing, is_refusal, retry_after
from saetui.errors import EmbedderError
from saetui.progress import Progress

if TYPE_CHECKING:
    from openai import OpenAI

Float = NDArray[np.float32]

# OpenAI's documented limits: 8,191 tokens a text and 300,000 a request. A token is at least one
# byte, so a request of that many bytes is never too large. English has over four bytes a token
# and formulas about three; a denser text is refused and then halved.
_BYTES_PER_TEXT = 3 * 8_191
_BYTES_PER_REQUEST = 300_000
_TEXTS_PER_REQUEST = 256
# A text this short that is still refused is not refused for its length.
_SHORTEST_CUT = 512


@dataclass(frozen=True)
class Patience:
    """How long to wait for an endpoint.

    Attributes:
        timeout: Seconds until a request counts as unanswered.
        retries: How often the SDK repeats a request, after 0.5 to 8 seconds or as the endpoint's
            Retry-After says.
        pauses: Seconds to wait, in bulk work, before each further series of such requests.
    """

    timeout: float = 300.0
    retries: int = 4
    pauses: tuple[float, ...] = (15, 30, 60, 60, 60, 60)


def cut_to_limit(text: str) -> tuple[str, bool]:
    """`text` without what lies beyond the model's limit, and whether that was anything."""
    encoded = text.encode()
    if len(encoded) <= _BYTES_PER_TEXT:
        return text, False
    return encoded[:_BYTES_PER_TEXT].decode(errors="ignore"), True


def batches_of(texts: Sequence[str]) -> Iterator[range]:
    """Rows of consecutive texts that one request may carry."""
    start = size = 0
    for row, text in enumerate(texts):
        length = len(text.encode())
        if row > start and (
            row - start == _TEXTS_PER_REQUEST or size + length > _BYTES_PER_REQUEST
        ):
            yield range(start, row)
            start, size = row, 0
        size += length
    if texts:
        yield range(start, len(texts))


@dataclass(frozen=True)
class Endpoint:
    """A model at an address.

    Attributes:
        client: The SDK's client, with address, key and patience.
        model: The model's name there.
        requested_dimensions: Width to ask for; None where the model's own is wanted.
    """

    client: "OpenAI"
    model: str
    requested_dimensions: int | None

    def ask(self, texts: Sequence[str], width: int | None) -> Float:
        """Send one request.

        Args:
            texts: None of them empty.
            width: What the vectors' width must be; None accepts any.

        Returns:
            Float32 `(m, d)` in the order of `texts`, as the endpoint sent them.

        Raises:
            EmbedderError: The answer is not what the protocol says.
            OpenAIError: There was no answer, or a refusal.
        """
        create = self.client.embeddings.create
        try:
            if self.requested_dimensions is None:
                response = create(model=self.model, input=list(texts))
            else:
                response = create(
                    model=self.model, input=list(texts), dimensions=self.requested_dimensions
                )
            entries = sorted(response.data, key=lambda entry: entry.index)
            indices = [entry.index for entry in entries]
            widths = {len(entry.embedding) for entry in entries}
        # The SDK checks nothing of a successful answer, so a wrong one fails anywhere in it.
        except (ValueError, TypeError, AttributeError) as error:
            raise EmbedderError(
                f"{self.client.base_url} did not answer in OpenAI's protocol "
                f"({type(error).__name__}: {error}).",
                "Check the address; most end in /v1.",
            ) from error
        if indices != list(range(len(texts))):
            raise EmbedderError(
                f"{self.client.base_url} sent {len(indices):,} vectors for {len(texts):,} texts, "
                "or numbered them wrongly."
            )
        if len(widths) != 1 or 0 in widths or width not in (None, *widths):
            raise EmbedderError(
                f"'{self.model}' gave vectors of width {', '.join(map(str, sorted(widths)))} "
                f"where {width or 'one width'} was expected.",
                "Ask for no other width than the model has, unless it can shorten its vectors.",
            )
        return np.array([entry.embedding for entry in entries], dtype=np.float32)


class Requests:
    """The requests of one call, which several threads may make.

    Args:
        endpoint: Where they go.
        width: Width of the vectors; None accepts any.
        pauses: Seconds before each further try, see `Patience`.
        progress: Told of waits; one thread at a time calls it.

    Attributes:
        stopping: Set to end all waiting.
        halved_texts: Texts that the endpoint took only in part.
    """

    def __init__(
        self, endpoint: Endpoint, width: int | None, pauses: Sequence[float], progress: Progress
    ) -> None:
        self.stopping = threading.Event()
        self.halved_texts: set[str] = set()
        self._endpoint = endpoint
        self._width = width
        self._pauses = pauses
        self._progress = progress
        self._most_texts = _TEXTS_PER_REQUEST
        self._lock = threading.Lock()
        self._said: set[str] = set()

    def vectors_of(self, texts: Sequence[str]) -> Float:
        """Vectors of a batch, in as many requests as the endpoint insists on.

        Raises:
            EmbedderError: An answer is not what the protocol says.
            OpenAIError: The endpoint stayed unreachable, or refused a single short text.
        """
        return self._vectors_of(texts)[0]

    def _vectors_of(self, texts: Sequence[str]) -> tuple[Float, bool]:
        """The vectors, and whether the endpoint took `texts` at once."""
        if len(texts) <= self._most_texts:
            try:
                return self._ask_patiently(texts), True
            except Exception as error:
                if not is_refusal(error) or (len(texts) == 1 and len(texts[0]) < _SHORTEST_CUT):
                    raise
        if len(texts) == 1:
            return self._halved(texts[0]), False
        middle = (len(texts) + 1) // 2
        first, first_at_once = self._vectors_of(texts[:middle])
        second, second_at_once = self._vectors_of(texts[middle:])
        if first_at_once and second_at_once:
            # Number, not length, was the trouble: spare later batches the refusal.
            self._most_texts = min(self._most_texts, middle)
        return np.concatenate([first, second]), False

    def _halved(self, text: str) -> Float:
        """The vector of the longest half, quarter and so on of `text` that the endpoint takes."""
        self.halved_texts.add(text)
        while True:
            text = text[: len(text) // 2]
            try:
                return self._ask_patiently([text])
            except Exception as error:
                if not is_refusal(error) or len(text) < _SHORTEST_CUT:
                    raise

    def _ask_patiently(self, texts: Sequence[str]) -> Float:
        for pause in self._pauses:
            try:
                return self._endpoint.ask(texts, self._width)
            except Exception as error:
                if not is_passing(error) or self.stopping.is_set():
                    raise
                seconds = max(pause, retry_after(error))
                self._say(f"The endpoint is busy or silent; waiting {seconds:.0f} s.")
                self.stopping.wait(seconds)
        return self._endpoint.ask(texts, self._width)

    def _say(self, message: str) -> None:
        with self._lock:
            if message not in self._said:
                self._said.add(message)
                self._progress.note(message)

"""Requests to an embeddings endpoint: how texts are divided among them, and what comes back."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.endpoint.client import Endpoint
from saetui.endpoint.failures import NotTheProtocol, Refused
from saetui.endpoint.sending import Sender
from saetui.errors import EmbedderError

Float = NDArray[np.float32]

# OpenAI's documented limits: 8,191 tokens a text and 300,000 a request. A token is at least one
# byte, so a request of that many bytes is never too large. English has over four bytes a token
# and formulas about three; a denser text is refused and then halved.
_BYTES_PER_TEXT = 3 * 8_191
_BYTES_PER_REQUEST = 300_000
_TEXTS_PER_REQUEST = 256
# A text this short that is still refused is not refused for its length.
_SHORTEST_CUT = 512
# 256 vectors of 8,192 numbers, each written with 24 digits, take 50 MB.
_MOST_BYTES = 64_000_000


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


class Requests:
    """Asks a model for vectors, in as many requests as its endpoint insists on.

    Args:
        endpoint: Where the requests go; connected.
        sender: Sends them.
        model: The model's name there.
        requested: Width to ask for; None for the model's own.
        width: What the vectors' width must be; None accepts any.

    Attributes:
        halved_texts: Texts that the endpoint took only in part.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sender: Sender,
        model: str,
        *,
        requested: int | None,
        width: int | None,
    ) -> None:
        self.halved_texts: set[str] = set()
        self._endpoint, self._sender = endpoint, sender
        self._model, self._requested, self._width = model, requested, width
        self._most_texts = _TEXTS_PER_REQUEST

    async def vectors_of(self, texts: Sequence[str]) -> Float:
        """Vectors of a batch, float32 `(m, d)`, as the endpoint sent them.

        Args:
            texts: None of them empty.

        Raises:
            EmbedderError: The vectors are not those asked for.
            EndpointFailure: The endpoint cannot be asked, or refused a single short text.
        """
        return (await self._vectors_of(texts))[0]

    async def _vectors_of(self, texts: Sequence[str]) -> tuple[Float, bool]:
        """The vectors, and whether the endpoint took `texts` at once."""
        if len(texts) <= self._most_texts:
            try:
                return await self._ask(texts), True
            except Refused as refused:
                if not refused.of_the_request or (
                    len(texts) == 1 and len(texts[0]) < _SHORTEST_CUT
                ):
                    raise
        if len(texts) == 1:
            return await self._halved(texts[0]), False
        middle = (len(texts) + 1) // 2
        first, first_at_once = await self._vectors_of(texts[:middle])
        second, second_at_once = await self._vectors_of(texts[middle:])
        if first_at_once and second_at_once:
            # Number, not length, was the trouble: spare later batches the refusal.
            self._most_texts = min(self._most_texts, middle)
        return np.concatenate([first, second]), False

    async def _halved(self, text: str) -> Float:
        """The vector of the longest half, quarter and so on of `text` that the endpoint takes."""
        self.halved_texts.add(text)
        while True:
            text = text[: len(text) // 2]
            try:
                return await self._ask([text])
            except Refused as refused:
                if not refused.of_the_request or len(text) < _SHORTEST_CUT:
                    raise

    async def _ask(self, texts: Sequence[str]) -> Float:
        """Send one request, patiently."""
        body: dict[str, Any] = {"model": self._model, "input": list(texts)}
        body["encoding_format"] = "base64"
        if self._requested is not None:
            body["dimensions"] = self._requested

        async def ask() -> list[Float]:
            return _vectors_in(await self._endpoint.post("/embeddings", body, _MOST_BYTES))

        return self._checked(await self._sender.send(ask), len(texts))

    def _checked(self, vectors: Sequence[Float], count: int) -> Float:
        """All vectors in one array, if they are as many and as wide as they should be."""
        if len(vectors) != count:
            raise EmbedderError(
                f"{self._endpoint.address} sent {len(vectors):,} vectors for {count:,} texts."
            )
        widths = {len(vector) for vector in vectors}
        if len(widths) != 1 or 0 in widths or self._width not in (None, *widths):
            raise EmbedderError(
                f"'{self._model}' gave vectors of width {', '.join(map(str, sorted(widths)))} "
                f"where {self._width or 'one width'} was expected.",
                "Ask for no other width than the model has, unless it can shorten its vectors.",
            )
        return np.stack(vectors)


def _vectors_in(answer: Mapping[str, Any]) -> list[Float]:
    """The vectors of an answer, in the order of the texts.

    Raises:
        NotTheProtocol: There are none, or they are numbered wrongly.
    """
    try:
        entries = {entry["index"]: _vector(entry["embedding"]) for entry in answer["data"]}
        vectors = [entries[place] for place in range(len(answer["data"]))]
    # Nothing of an answer is certain, and a wrong one fails anywhere in it.
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise NotTheProtocol(f"its vectors cannot be read: {type(error).__name__}") from None
    return vectors


def _vector(embedding: object) -> Float:
    """A vector as numbers, or as base64 of their bytes; servers send either, whatever is asked."""
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    vector = np.array(embedding, dtype=np.float32)
    if vector.ndim != 1:
        raise ValueError
    return vector

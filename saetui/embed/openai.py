"""Any endpoint that speaks OpenAI's embeddings protocol: OpenAI, Ollama, vLLM, TEI and others.

Protocol: https://platform.openai.com/docs/api-reference/embeddings.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.embed.protocol import EmbedderSettings, checked_query, encodable, unit_row, unit_rows
from saetui.endpoint.client import Endpoint, check_installed, connected, run, tasks
from saetui.endpoint.keys import address_of, check_address, lacks_key
from saetui.endpoint.retries import (
    EndpointFailure,
    NotTheProtocol,
    Patience,
    Refused,
    Sender,
    explained,
)
from saetui.errors import EmbedderError, MissingDependency
from saetui.progress import Progress, Silent

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
        """Vectors of texts, none of them empty, as the endpoint sent them; float32 `(m, d)`.

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
    """The vectors of an answer, in the order of the texts."""
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


_CONCURRENT_REQUESTS = 4
_PATIENCE = Patience(deadline=300.0, tries=12)
# Somebody waits for the result of a query.
_QUERY_SECONDS = 30.0
_QUERY_TRIES = 3
_QUERY_WAIT = 10.0


class OpenAIEmbedder:
    """A model behind an OpenAI-compatible endpoint; see `Endpoint` for which keys it is sent.

    Args:
        settings: Model, address and width, asked for or recorded.
        patience: How long to wait for the endpoint when many texts are embedded; a query is given
            up sooner.

    Raises:
        EmbedderError: The address cannot be asked.
    """

    def __init__(self, settings: EmbedderSettings, patience: Patience = _PATIENCE) -> None:
        self.name = settings.spec
        self.revision = settings.argument
        self.base_url = address_of(settings.base_url)
        self._settings = settings
        self._patience = patience
        check_address(self.base_url, EmbedderError)

    @cached_property
    def dimensions(self) -> int:
        """Width of the vectors; asks the endpoint where it is neither recorded nor requested."""
        known = self._settings.dimensions or self._settings.requested_dimensions
        return known or int(self._ask_soon("width", None).size)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of one query; see `Embedder.embed_query`."""
        sent = cut_to_limit((self._settings.query_prefix or "") + checked_query(text))[0]
        vector = self._ask_soon(sent, self.dimensions, self._query_model)
        return unit_row(vector, "the query", self.name)

    def embed_queries(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The vectors of queries, of which many are embedded as documents are."""
        return self._embed_all(
            texts, progress, self._settings.query_prefix or "", self._query_model
        )

    def embed_documents(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The vectors of documents; see `Embedder.embed_documents`.

        Four requests run at a time. Where the endpoint is busy they wait and try again; where it
        refuses a batch as too large, or a text as too long, it gets smaller ones.
        """
        prefix = self._settings.document_prefix or ""
        return self._embed_all(texts, progress, prefix, self._settings.argument)

    def _embed_all(
        self, texts: Sequence[str], progress: Progress | None, prefix: str, model: str
    ) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        _ = self._works
        try:
            return run(self._embed, texts, progress or Silent(), prefix, model)
        except EndpointFailure as failure:
            raise self._explained(failure) from None

    @cached_property
    def _works(self) -> bool:
        """True once the endpoint has answered: a wrong key or model shows at once, and only once.

        From then on a refusal must be due to the texts, and silence to the network.
        """
        return self._ask_soon("ready", self.dimensions).size > 0

    async def _embed(
        self, texts: Sequence[str], progress: Progress, prefix: str, model: str
    ) -> NDArray[np.float32]:
        # The protocol allows no empty string.
        cut = [cut_to_limit(prefix + encodable(text) or " ") for text in texts]
        sent = [text for text, _ in cut]
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        sender = Sender(self._patience, _CONCURRENT_REQUESTS, progress.note)
        async with connected(self.base_url, self._patience.deadline) as endpoint:
            requests = self._requests(endpoint, sender, self.dimensions, model)

            async def fill(batch: range) -> None:
                found = await requests.vectors_of(sent[batch.start : batch.stop])
                names = [f"text {row}" for row in batch]
                vectors[batch.start : batch.stop] = unit_rows(found, names, self.name)
                progress.advance(len(batch))

            async with tasks() as group:
                for batch in batches_of(sent):
                    group.start_soon(fill, batch)
        shortened = sum(was_cut or text in requests.halved_texts for text, was_cut in cut)
        if shortened:
            progress.note(f"Texts that were too long for {self.name} and were cut: {shortened:,}.")
        return vectors

    @property
    def _query_model(self) -> str:
        """What the server calls the model when it embeds queries."""
        spec = self._settings.query_spec
        return EmbedderSettings(spec).argument if spec else self._settings.argument

    def _ask_soon(
        self, text: str, width: int | None, model: str | None = None
    ) -> NDArray[np.float32]:
        """The vector of one text, as sent, without the patience that many texts are given."""
        try:
            return run(self._ask, text, width, model or self._settings.argument)
        except EndpointFailure as failure:
            raise self._explained(failure) from None

    async def _ask(self, text: str, width: int | None, model: str) -> NDArray[np.float32]:
        patience = replace(
            self._patience,
            deadline=min(_QUERY_SECONDS, self._patience.deadline),
            tries=min(_QUERY_TRIES, self._patience.tries),
            longest_wait=_QUERY_WAIT,
        )
        async with connected(self.base_url, patience.deadline) as endpoint:
            requests = self._requests(endpoint, Sender(patience, 1), width, model)
            vector: NDArray[np.float32] = (await requests.vectors_of([text]))[0]
            return vector

    def _requests(
        self, endpoint: Endpoint, sender: Sender, width: int | None, model: str
    ) -> Requests:
        requested = self._settings.requested_dimensions
        return Requests(endpoint, sender, model, requested=requested, width=width)

    def _explained(self, failure: EndpointFailure) -> EmbedderError:
        return explained(failure, self.base_url, self._settings.argument, EmbedderError, "embed")


def load(settings: EmbedderSettings) -> OpenAIEmbedder:
    """The embedder; the endpoint is not asked for anything yet."""
    check_installed(f"The embedder '{settings.spec}'")
    if settings.query_spec and EmbedderSettings(settings.query_spec).kind != settings.kind:
        raise EmbedderError(
            f"The embedder '{settings.query_spec}' cannot embed the queries of '{settings.spec}'.",
            "Name the same model as the endpoint calls it for queries: openai:MODEL",
        )
    return OpenAIEmbedder(settings)


def availability(settings: EmbedderSettings) -> tuple[bool, str]:
    """Whether packages and key are here; whether the endpoint answers shows only in asking it."""
    try:
        check_installed(f"The embedder '{settings.spec}'")
    except MissingDependency as missing:
        return False, str(missing)
    address = address_of(settings.base_url)
    if lacks_key(address):
        return False, "OPENAI_API_KEY is not set."
    return True, f"{settings.argument} will be asked for at {address}."

"""Any endpoint that speaks OpenAI's embeddings protocol: OpenAI, Ollama, vLLM, TEI and others.

Protocol: https://platform.openai.com/docs/api-reference/embeddings.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saetui.embed.checks import checked_query, encodable, unit_row, unit_rows
from saetui.embed.openai_requests import Requests, batches_of, cut_to_limit
from saetui.embed.protocol import EmbedderSettings
from saetui.endpoint.address import address_of, check_address, lacks_key
from saetui.endpoint.client import Endpoint, check_installed, connected, run, tasks
from saetui.endpoint.failures import EndpointFailure, explained
from saetui.endpoint.sending import Patience, Sender
from saetui.errors import EmbedderError, MissingDependency
from saetui.progress import Progress, Silent

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

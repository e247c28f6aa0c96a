"""Any endpoint that speaks OpenAI's embeddings protocol: OpenAI, Ollama, vLLM, TEI and others.

Protocol: https://platform.openai.com/docs/api-reference/embeddings.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.embed.openai_requests import (
    Endpoint,
    Patience,
    Requests,
    batches_of,
    cut_to_limit,
)
from saetui.embed.settings import EmbedderSettings
from saetui.embed.texts import checked_query, encodable
from saetui.embed.vectors import unit_row, unit_rows
from saetui.endpoint.address import address_of, check_address, key_for, lacks_key
from saetui.endpoint.failures import explained
from saetui.errors import EmbedderError, MissingDependency
from saetui.progress import Progress, Silent

if TYPE_CHECKING:
    from openai import OpenAIError

_CONCURRENT_REQUESTS = 4
_QUERY_TIMEOUT = 30.0
_QUERY_RETRIES = 2


class OpenAIEmbedder:
    """A model behind an OpenAI-compatible endpoint.

    The key comes from `OPENAI_API_KEY`. It is sent to OpenAI and to the address in
    `OPENAI_BASE_URL`, and nowhere else: the address in a bundle was written by whoever built it.

    Args:
        settings: Model, address and width, asked for or recorded.
        patience: How long to wait for the endpoint.

    Raises:
        EmbedderError: The address is none, or OpenAI is asked without a key.
    """

    def __init__(self, settings: EmbedderSettings, patience: Patience | None = None) -> None:
        self.name = settings.spec
        self.revision = settings.argument
        self.base_url = address_of(settings.base_url)
        self._settings = settings
        self._patience = patience or Patience()
        check_address(self.base_url, EmbedderError)

    @cached_property
    def dimensions(self) -> int:
        """Width of the vectors; asks the endpoint where it is neither recorded nor requested."""
        known = self._settings.dimensions or self._settings.requested_dimensions
        return known or int(self._ask_soon("width", None).size)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of one query; see `Embedder.embed_query`."""
        vector = self._ask_soon(cut_to_limit(checked_query(text))[0], self.dimensions)
        return unit_row(vector, "the query", self.name)

    def embed_documents(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The vectors of documents; see `Embedder.embed_documents`.

        Four requests run at a time. Where the endpoint is busy they wait and try again; where it
        refuses a batch as too large, or a text as too long, it gets smaller ones.
        """
        progress = progress or Silent()
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        _ = self._works
        # The protocol allows no empty string.
        cut = [cut_to_limit(encodable(text) or " ") for text in texts]
        requests = Requests(self._endpoint, self.dimensions, self._patience.pauses, progress)
        vectors = self._gathered(requests, [text for text, _ in cut], progress)
        shortened = sum(was_cut or text in requests.halved_texts for text, was_cut in cut)
        if shortened:
            progress.note(f"Texts that were too long for {self.name} and were cut: {shortened:,}.")
        return vectors

    @cached_property
    def _works(self) -> bool:
        """True once the endpoint has answered: a wrong key or model shows at once, and only once.

        From then on a refusal must be due to the texts, and silence to the network.
        """
        return self._ask_soon("ready", self.dimensions).size > 0

    def _gathered(
        self, requests: Requests, texts: list[str], progress: Progress
    ) -> NDArray[np.float32]:
        from openai import OpenAIError

        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        pool = ThreadPoolExecutor(_CONCURRENT_REQUESTS)
        try:
            batches = {
                pool.submit(requests.vectors_of, texts[batch.start : batch.stop]): batch
                for batch in batches_of(texts)
            }
            for future in as_completed(batches):
                batch = batches[future]
                names = [f"text {row}" for row in batch]
                vectors[batch.start : batch.stop] = unit_rows(future.result(), names, self.name)
                progress.advance(len(batch))
        except OpenAIError as error:
            raise self._explained(error) from error
        finally:
            requests.stopping.set()
            # An interrupted user need not wait for answers that are still under way.
            pool.shutdown(wait=False, cancel_futures=True)
        return vectors

    def _ask_soon(self, text: str, width: int | None) -> NDArray[np.float32]:
        """The vector of one text, as sent, without the patience that bulk work has."""
        from openai import OpenAIError

        client = self._endpoint.client.with_options(
            timeout=min(_QUERY_TIMEOUT, self._patience.timeout),
            max_retries=min(_QUERY_RETRIES, self._patience.retries),
        )
        requests = Requests(replace(self._endpoint, client=client), width, (), Silent())
        try:
            vector: NDArray[np.float32] = requests.vectors_of([text])[0]
        except OpenAIError as error:
            raise self._explained(error) from error
        return vector

    def _explained(self, error: "OpenAIError") -> EmbedderError:
        return explained(error, self.base_url, self._settings.argument, EmbedderError, "embed")

    @cached_property
    def _endpoint(self) -> Endpoint:
        from openai import OpenAI

        client = OpenAI(
            api_key=key_for(self.base_url),
            base_url=self.base_url,
            timeout=self._patience.timeout,
            max_retries=self._patience.retries,
        )
        return Endpoint(client, self._settings.argument, self._settings.requested_dimensions)


def load(settings: EmbedderSettings) -> OpenAIEmbedder:
    """The embedder; the endpoint is not asked for anything yet."""
    if find_spec("openai") is None:
        raise MissingDependency("openai", f"The embedder '{settings.spec}'", "openai")
    return OpenAIEmbedder(settings)


def availability(settings: EmbedderSettings) -> tuple[bool, str]:
    """Whether SDK and key are here; whether the endpoint answers shows only in asking it."""
    if find_spec("openai") is None:
        return False, (
            "The package 'openai' is not installed. Install it with: pip install 'saetui[openai]'"
        )
    address = address_of(settings.base_url)
    if lacks_key(address):
        return False, "OPENAI_API_KEY is not set."
    return True, f"{settings.argument} will be asked for at {address}."

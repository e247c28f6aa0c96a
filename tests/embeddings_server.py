"""A local endpoint that speaks OpenAI's embeddings protocol."""

import base64
import hashlib
from typing import Any

import numpy as np
from bundles import HashEmbedder
from endpoint_server import EndpointServer


def vector_of(text: str, width: int) -> np.ndarray:
    """What the server answers for a text: the same each time, and not of unit norm."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return 3 * np.random.default_rng(seed).normal(size=width).astype(np.float32)


class EmbeddingsServer(EndpointServer):
    """Vectors that depend on the text alone, the last text's first."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.width = width

    @property
    def texts(self) -> list[list[str]]:
        """The texts of every request so far."""
        return [request["input"] for request in self.requests]

    def vector(self, text: str, width: int) -> np.ndarray:
        """What a text is answered with."""
        return vector_of(text, width)

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        entries = []
        for index, text in enumerate(request["input"]):
            vector = self.vector(text, request.get("dimensions", self.width))
            coded: Any = vector.tolist()
            if request.get("encoding_format") == "base64":
                coded = base64.b64encode(vector.astype("<f4").tobytes()).decode()
            entries.append({"object": "embedding", "index": index, "embedding": coded})
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "data": entries[::-1], "model": request["model"], "usage": usage}


class HashingServer(EmbeddingsServer):
    """Texts that share words lie near each other, as with `HashEmbedder`."""

    def vector(self, text: str, width: int) -> np.ndarray:
        return HashEmbedder(width).embed_documents([text])[0]

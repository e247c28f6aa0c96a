"""Any model of the sentence-transformers library, on this machine."""

import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saetui.core.words import first_words
from saetui.embed.protocol import (
    EmbedderSettings,
    checked_query,
    encodable,
    unit_row,
    unit_rows,
    usual_words,
)
from saetui.embed.registry import MODELS, is_offline, snapshots_of, why_unreachable
from saetui.errors import EmbedderError, MissingDependency
from saetui.progress import Progress, Silent

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_TEXTS_PER_CALL = 256
_TEXTS_PER_BATCH = 32


class SentenceTransformerEmbedder:
    """A sentence-transformers model, with the prompts that it defines for queries and documents.

    Args:
        model: Name on the Hugging Face hub, or a folder.
        dimensions: Leading dimensions to keep, of models trained for that; None for all.
        name: What a bundle calls it; empty: by `model`.
        prompts: What is put before each query and each document; None for what the model defines.

    Raises:
        EmbedderError: The model cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        dimensions: int | None,
        *,
        name: str = "",
        prompts: dict[str, str] | None = None,
    ) -> None:
        self.name = name or f"sentence-transformers:{model}"
        self._model = _loaded(model, dimensions)
        self._model.prompts.update(prompts or {})
        self.most_tokens = int(self._model.max_seq_length or 0)
        self.dimensions = int(self._model.encode(["width"], show_progress_bar=False).shape[1])
        if dimensions and self.dimensions != dimensions:
            raise EmbedderError(
                f"'{model}' makes vectors of width {self.dimensions}, which cannot be cut to "
                f"{dimensions}."
            )
        # A model's tokenizer has state, so only one thread may use it at a time.
        self._in_use = threading.Lock()

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the weights in memory, the same wherever the model was found."""
        import torch

        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of one query; see `Embedder.embed_query`."""
        encode = getattr(self._model, "encode_query", self._model.encode)
        with self._in_use:
            vectors = encode([checked_query(text)], convert_to_numpy=True, show_progress_bar=False)
        return unit_row(np.asarray(vectors)[0], "the query", self.name)

    def embed_documents(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The vectors of documents; see `Embedder.embed_documents`.

        Matrix products run in bfloat16 where the hardware has it.
        """
        progress = progress or Silent()
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            part = [encodable(text) for text in texts[start : start + _TEXTS_PER_CALL]]
            names = [f"text {start + number}" for number in range(len(part))]
            vectors[start : start + len(part)] = unit_rows(self._encoded(part), names, self.name)
            progress.advance(len(part))
        return vectors

    def lengths_read(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text are read, what is put before texts taken into account.

        Where the tokenizer does not say where its tokens are, as slow ones do not, it is estimated.
        """
        tokenizer = getattr(self._model, "tokenizer", None)
        lengths = [len(text) for text in texts]
        if not self.most_tokens:
            return lengths
        if tokenizer is None or not getattr(tokenizer, "is_fast", False):
            return [first_words(text, usual_words(self.most_tokens)) for text in texts]
        prompt = encodable(self._model.prompts.get("document") or "")
        # A token has a character at least.
        surely = self.most_tokens - 2 - len(prompt)
        long = [row for row, length in enumerate(lengths) if length > surely]
        for start in range(0, len(long), _TEXTS_PER_CALL):
            rows = long[start : start + _TEXTS_PER_CALL]
            with self._in_use:
                found = tokenizer(
                    [prompt + encodable(texts[row]) for row in rows],
                    truncation=True,
                    max_length=self.most_tokens,
                    return_offsets_mapping=True,
                    return_overflowing_tokens=False,
                )
            for row, offsets in zip(rows, found["offset_mapping"], strict=True):
                if len(offsets) >= self.most_tokens:
                    lengths[row] = max(max(end for _, end in offsets) - len(prompt), 0)
        return lengths

    def _encoded(self, texts: list[str]) -> NDArray[np.floating]:
        import torch

        from saetui.embed.minilm_torch import bulk_dtype

        encode = getattr(self._model, "encode_document", self._model.encode)
        device = self._model.device
        halved = bulk_dtype(device) is torch.bfloat16
        with self._in_use, torch.autocast(device.type, dtype=torch.bfloat16, enabled=halved):
            vectors = encode(
                texts,
                batch_size=_TEXTS_PER_BATCH,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors)


def load(settings: EmbedderSettings) -> SentenceTransformerEmbedder:
    """The embedder with its weights in memory; importing the library takes seconds.

    Raises:
        MissingDependency: sentence-transformers is not installed.
        EmbedderError: The model is not on this machine and cannot be fetched.
    """
    if find_spec("sentence_transformers") is None:
        raise MissingDependency(
            "sentence-transformers", f"The embedder '{settings.spec}'", "sentence-transformers"
        )
    known = MODELS.get(settings.kind)
    if known is None:
        return SentenceTransformerEmbedder(settings.argument, settings.requested_dimensions)
    # What is missing is said before the slow library is imported.
    if not snapshots_of(known.model):
        why = "offline mode is set" if is_offline() else why_unreachable()
        if why:
            raise EmbedderError(
                f"The weights of {known.model} are not on this machine, and the Hugging Face hub "
                f"cannot be reached ({why}).",
                f"Fetch them where there is a network: hf download {known.model}",
            )
    prompts = {"query": known.query, "document": known.document}
    return SentenceTransformerEmbedder(
        known.model, settings.requested_dimensions, name=settings.kind, prompts=prompts
    )


def availability(settings: EmbedderSettings) -> tuple[bool, str]:
    """Whether the library is installed, and what is known of the weights."""
    known = MODELS.get(settings.kind)
    if find_spec("sentence_transformers") is None:
        if known is not None:
            return False, "needs: pip install 'saetui[sentence-transformers]'"
        return False, (
            "The package 'sentence-transformers' is not installed. "
            "Install it with: pip install 'saetui[sentence-transformers]'"
        )
    if known is not None:
        here = bool(snapshots_of(known.model))
        return True, "ready" if here else f"{known.megabytes:,} MB are downloaded at first use"
    if Path(settings.argument).is_dir():
        return True, f"The model is in the folder {settings.argument}."
    return True, f"sentence-transformers will look for {settings.argument}."


def _loaded(model: str, dimensions: int | None) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    # Progress bars would be drawn over the terminal app.
    disable_progress_bar()  # type: ignore[no-untyped-call, unused-ignore]
    failure: Exception | None = None
    # A model on this machine is used without asking the hub for a newer version.
    only_here = Path(model).is_dir() or is_offline()
    for local in (True,) if only_here else (True, False):
        if not local and why_unreachable():
            break
        try:
            return SentenceTransformer(model, truncate_dim=dimensions, local_files_only=local)
        except Exception as error:  # noqa: BLE001 - damaged model files raise anything
            failure = error
    raise EmbedderError(
        f"sentence-transformers cannot load '{model}' ({_first_line(failure)}).",
        "Check the model's name; offline, give the folder that holds it.",
    ) from failure


def _first_line(error: Exception | None) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

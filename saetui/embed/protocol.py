"""What every embedder offers and keeps to, and what a bundle records to load the same one again.

A query is not blank, a vector is finite and of unit norm, and of a long text only the beginning is
read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

from saetui.core.words import first_words
from saetui.errors import EmbedderError, InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from saetui.progress import Progress


class Embedder(Protocol):
    """Turns text into unit-norm float32 vectors of one width."""

    @property
    def name(self) -> str:
        """The spec that loads it again, such as `openai:text-embedding-3-small`."""

    @property
    def revision(self) -> str:
        """Identifies its weights, as far as that is known of a remote model."""

    @property
    def dimensions(self) -> int:
        """Width of its vectors, d."""

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """The vector of one query.

        Args:
            text: What the user typed; cut to the model's maximum length.

        Returns:
            Float32 `(d,)` of unit norm.

        Raises:
            InputError: The query is blank.
            EmbedderError: The embedder failed.
        """

    def embed_documents(
        self, texts: Sequence[str], progress: "Progress | None" = None
    ) -> "NDArray[np.float32]":
        """The vectors of documents; equal texts always get equal vectors.

        Args:
            texts: Documents; each is cut to the model's maximum length.
            progress: `advance` is called after every batch; the caller starts the task.

        Returns:
            Float32 `(m, d)`, rows of unit norm in the order of `texts`.

        Raises:
            EmbedderError: The embedder failed.
        """


def embed_queries(
    embedder: Embedder, texts: Sequence[str], progress: "Progress"
) -> "NDArray[np.float32]":
    """The vectors of many queries; float32 `(m, d)`.

    Args:
        embedder: One that has a method `embed_queries` is asked for all together.
        texts: None of them blank.
        progress: `advance` is called for each; the caller starts the task.

    Raises:
        EmbedderError: The embedder failed.
    """
    import numpy as np

    together = getattr(embedder, "embed_queries", None)
    if together is not None:
        vectors: NDArray[np.float32] = together(texts, progress)
        return vectors
    found = []
    for text in texts:
        found.append(embedder.embed_query(text))
        progress.advance()
    return np.stack(found)


@dataclass(frozen=True)
class EmbedderSettings:
    """Everything needed to load an embedder, and nothing secret: keys stay in the environment.

    Attributes:
        spec: Name of the embedder, with the model after a colon where it needs one.
        dimensions: Width of its vectors; None before an embedder was loaded.
        revision: Identifies its weights; empty before an embedder was loaded. Loading other
            weights than these is an error.
        requested_dimensions: Width requested from a model that can shorten its vectors; None for
            the model's full width.
        base_url: Address of the endpoint; None for the embedder's usual one.
        ids: For precomputed vectors, the file that names the document of every row.
        query_spec: For precomputed vectors, the embedder that made them, which embeds queries; for
            an endpoint, the same model under the name by which it embeds queries.
        query_prefix: What an endpoint's model needs before each query, such as "query: ".
        document_prefix: And before each document, such as "passage: ".
    """

    spec: str
    dimensions: int | None = None
    revision: str = ""
    requested_dimensions: int | None = None
    base_url: str | None = None
    ids: str | None = None
    query_spec: str | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None

    @property
    def kind(self) -> str:
        """The part of the spec that names the embedder."""
        return self.spec.partition(":")[0].strip()

    @property
    def argument(self) -> str:
        """The part of the spec after the first colon: a model or a file; may be empty."""
        return self.spec.partition(":")[2].strip()

    def resolved(self, embedder: "Embedder") -> "EmbedderSettings":
        """These settings completed with name, width and revision of the embedder they loaded."""
        return replace(
            self,
            spec=embedder.name,
            dimensions=embedder.dimensions,
            revision=embedder.revision,
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON values for a manifest; settings that are not set are left out."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EmbedderSettings":
        """The settings in a manifest; entries added by a later version are ignored.

        Raises:
            InputError: There is no spec, or an entry has the wrong type.
        """
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        for name, value in known.items():
            is_width = name in ("dimensions", "requested_dimensions")
            if value is not None and (type(value) is int if is_width else type(value) is str):
                continue
            if value is None and name not in ("spec", "revision"):
                continue
            raise InputError(f"The embedder's settings hold {value!r} as '{name}'.")
        if not known.get("spec"):
            raise InputError("The embedder's settings do not name an embedder.")
        return cls(**known)


_NAMED = 5


def checked_query(text: str) -> str:
    """`text` without surrounding white space, safe to encode.

    Raises:
        InputError: It is blank: the embedding of an empty text would find arbitrary documents.
    """
    query = encodable(text).strip()
    if not query:
        raise InputError("The query is empty.", "Type what to search for.")
    return query


def encodable(text: str) -> str:
    """`text` with lone surrogates, which UTF-8 cannot encode, replaced by question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def unit_rows(
    vectors: "NDArray[np.floating]", names: list[str], source: str
) -> "NDArray[np.float32]":
    """Rows `(m, d)` of any float type scaled to unit norm; a copy, float32.

    `names` of the rows and `source`, what made them, are for error messages.

    Raises:
        EmbedderError: A row holds NaN or infinity, or is zero.
    """
    import numpy as np

    # Double precision, because a half-precision norm overflows and a tiny one underflows.
    rows = np.array(vectors, dtype=np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    for bad, fault in (
        (~np.isfinite(norms), "not all numbers are finite in the vectors of"),
        (norms == 0, "the vectors are zero for"),
    ):
        if bad.any():
            raise EmbedderError(f"{source}: {fault} {_listed(names, bad)}.")
    unit: NDArray[np.float32] = (rows / norms[:, None]).astype(np.float32)
    return unit


def unit_row(vector: "NDArray[np.floating]", name: str, source: str) -> "NDArray[np.float32]":
    """One vector `(d,)` scaled to unit norm; see `unit_rows`."""
    row: NDArray[np.float32] = unit_rows(vector[None], [name], source)[0]
    return row


def _listed(names: list[str], chosen: "NDArray[np.bool_]") -> str:
    rows = chosen.nonzero()[0]
    shown = ", ".join(names[row] for row in rows[:_NAMED])
    return shown if len(rows) <= _NAMED else f"{shown} and {len(rows) - _NAMED} more"


# Of English, as tokenizers of 30,000 tokens have it.
_WORDS_PER_TOKEN = 0.75


def most_tokens(embedder: Embedder) -> int:
    """How many tokens of a text an embedder reads; 0 where it does not say."""
    return int(getattr(embedder, "most_tokens", 0))


def usual_words(tokens: int) -> int:
    """About how many English words so many tokens are."""
    return int(tokens * _WORDS_PER_TOKEN)


def lengths_read(embedder: Embedder, texts: Sequence[str]) -> list[int]:
    """How many characters of each text an embedder reads.

    An embedder that knows it exactly has a method `lengths_read`. Of others, tokens are taken for
    words; and one that does not say how many tokens it reads is taken to read all.
    """
    exact = getattr(embedder, "lengths_read", None)
    if exact is not None:
        lengths: list[int] = exact(texts)
        return lengths
    tokens = most_tokens(embedder)
    if not tokens:
        return [len(text) for text in texts]
    return [first_words(text, usual_words(tokens)) for text in texts]


def cut_off(count: int, documents: int, tokens: int, embedder: str) -> str:
    """How many texts an embedder cuts off, in a sentence."""
    return (
        f"{count:,} of {documents:,} texts are longer than the {tokens:,} tokens (about "
        f"{usual_words(tokens):,} words) that {embedder} reads: the rest of each is cut off."
    )

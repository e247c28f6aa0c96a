"""Vectors that another program made: a matrix in a file and, if given, the documents' ids."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import Document
from saetui.core.scores import single
from saetui.embed.protocol import Embedder, EmbedderSettings, unit_rows
from saetui.embed.vector_files import open_matrix, path_of, read_ids
from saetui.errors import EmbedderError, InputError, SaetuiError
from saetui.progress import Progress
from saetui.store.atomic import remembered_sha256

_NAMED = 5
_SCANNED = 4_096


@dataclass(frozen=True)
class Unusable:
    """A document whose vector cannot be used; `why` completes "Its vector ..."."""

    id: str
    why: str


class PrecomputedVectors:
    """Vectors read from a file; texts are embedded by the model that made these vectors.

    With settings recorded in a bundle, no file is opened, so that a bundle can be used without the
    vectors that it was built from.

    Args:
        path: A matrix `(N, d)` as `open_matrix` knows it.
        ids_path: One id for every row, see `read_ids`; None when rows are in the corpus's order.
        settings: As requested by the user or recorded in a bundle.

    Attributes:
        path: As given, for messages.
        strict: Whether a vector of zero, or of what is no number, is an error. Otherwise
            `leave_out` drops its document.
    """

    def __init__(self, path: Path | str, ids_path: Path | None, settings: EmbedderSettings) -> None:
        self.path = path
        self.strict = True
        self._unusable: NDArray[np.bool_] | None = None
        self.name = settings.spec
        self._ids_path = ids_path
        self._settings = settings
        self._matrix: NDArray[Any] | None = None
        self._rows: dict[str, int] | None = None
        self._query_embedder: Embedder | None = None
        self._loading = threading.Lock()

    @property
    def revision(self) -> str:
        """SHA-256 of the file, as recorded or as it is now."""
        return self._settings.revision or remembered_sha256(path_of(str(self.path)))

    @property
    def dimensions(self) -> int:
        """Width of the vectors, as recorded or as the file has it."""
        return self._settings.dimensions or int(self.matrix.shape[1])

    @property
    def matrix(self) -> NDArray[Any]:
        """The vectors as they are in the file, `(N, d)`, mapped.

        Raises:
            InputError: The file cannot be used.
        """
        if self._matrix is None:
            self._matrix, ids = open_matrix(str(self.path))
            if ids is not None and self._ids_path is None:
                self._rows = _by_id(ids, self.path)
        return self._matrix

    @property
    def rows(self) -> dict[str, int] | None:
        """Row of every document's id; None when rows are in the corpus's order.

        Raises:
            InputError: The ids cannot be used, or are not as many as the vectors.
        """
        _ = self.matrix
        if self._ids_path is not None and self._rows is None:
            ids = read_ids(self._ids_path)
            if len(ids) != len(self.matrix):
                raise InputError(
                    f"{self._ids_path} names {len(ids):,} documents, but {self.path} holds "
                    f"{len(self.matrix):,} vectors."
                )
            self._rows = {id_: row for row, id_ in enumerate(ids)}
        return self._rows

    def leave_out(self, documents: Iterable[Document]) -> Iterator[Document | Unusable]:
        """The documents of a corpus; instead of those without a vector that can be used, why.

        From then on places in the corpus count only the documents that stay.
        """
        unusable, rows = self._unusable_rows(), self.rows
        for place, document in enumerate(documents):
            row = place if rows is None else rows.get(document.id, -1)
            if 0 <= row < len(unusable) and unusable[row]:
                zero = np.isfinite(single(self.matrix[row])).all()
                yield Unusable(document.id, "is zero" if zero else "holds what is no number")
            else:
                yield document

    def _unusable_rows(self) -> NDArray[np.bool_]:
        if self._unusable is None:
            matrix = self.matrix
            self._unusable = np.zeros(len(matrix), dtype=bool)
            for start in range(0, len(matrix), _SCANNED):
                # Double precision, since a tiny half-precision vector has a norm of zero.
                part = matrix[start : start + _SCANNED].astype(np.float64)
                norms = np.einsum("ij,ij->i", part, part)
                self._unusable[start : start + len(part)] = (norms == 0) | ~np.isfinite(norms)
        return self._unusable

    @property
    def left_out(self) -> list[int]:
        """Rows of the vectors that cannot be used."""
        return [] if self.strict else np.flatnonzero(self._unusable_rows()).tolist()

    def _staying(self) -> NDArray[np.int64] | None:
        """Rows of the documents that stay, by their place; None while none was left out."""
        return None if self.strict else np.flatnonzero(~self._unusable_rows())

    def check_documents(self, documents: int) -> None:
        """Make sure that the vectors can belong to a corpus of `documents` documents.

        Raises:
            InputError: There are no ids and another number of vectors than of documents; or the
                files cannot be used.
        """
        staying = self._staying()
        vectors = len(self.matrix) if staying is None else len(staying)
        if self.rows is None and vectors != documents:
            raise InputError(
                f"{self.path} holds {vectors:,} vectors for {documents:,} documents.",
                "Give a file with the document id of each row: --ids FILE.",
            )

    def vectors_at(self, ids: Sequence[str], places: NDArray[np.integer]) -> NDArray[np.float32]:
        """The vectors of some documents, float32 `(m, d)`, rows of unit norm.

        `places` are those of the documents in the corpus; they count only if there is no file of
        ids.

        Raises:
            InputError: A document has no vector.
            EmbedderError: A vector is zero or not finite; the documents are named.
        """
        if self.rows is None:
            staying = self._staying()
            if staying is not None and len(staying):
                # Beyond the last one, so that what follows tells of it.
                places = np.append(staying, len(self.matrix))[np.minimum(places, len(staying))]
            least = int(places.max(initial=-1)) + 1
            if least > len(self.matrix):
                raise InputError(
                    f"{self.path} ends after {len(self.matrix):,} vectors; the corpus has at "
                    f"least {least:,} documents."
                )
            chosen = self.matrix[places]
        else:
            missing = [id_ for id_ in ids if id_ not in self.rows]
            if missing:
                more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
                raise InputError(
                    f"{self.path} has no vector for {', '.join(missing[:_NAMED])}{more}.",
                    f"{self._ids_path} must name every document of the corpus.",
                )
            chosen = self.matrix[[self.rows[id_] for id_ in ids]]
        return unit_rows(chosen, list(ids), str(self.path))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query, by the query embedder; see `Embedder.embed_query`."""
        return self._texts_embedder().embed_query(text)

    def embed_documents(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The vectors of new texts, by the query embedder."""
        return self._texts_embedder().embed_documents(texts, progress)

    def check_queries(self) -> None:
        """Make sure that the embedder named for queries fits, if it can be used here.

        Raises:
            EmbedderError: Its vectors have another width.
        """
        from saetui.embed.registry import availability

        spec = self._settings.query_spec
        if (
            not spec
            or not availability(EmbedderSettings(spec, base_url=self._settings.base_url))[0]
        ):
            return
        try:
            width = self._loaded_for_queries().dimensions
        except SaetuiError:
            # A query will say so; what it needs may be there by then.
            return
        self._check_width(width)

    def _texts_embedder(self) -> Embedder:
        embedder = self._loaded_for_queries()
        self._check_width(embedder.dimensions)
        return embedder

    def _loaded_for_queries(self) -> Embedder:
        from saetui.embed.registry import load_embedder

        if not self._settings.query_spec:
            raise EmbedderError(
                "The vectors come from a file, and no embedder was named for queries.",
                "Name the model that made them with --query-embedder, such as minilm.",
            )
        with self._loading:
            if self._query_embedder is None:
                self._query_embedder = load_embedder(
                    self._settings.query_spec,
                    dimensions=self._settings.requested_dimensions,
                    base_url=self._settings.base_url,
                    query_prefix=self._settings.query_prefix,
                )
            return self._query_embedder

    def _check_width(self, width: int) -> None:
        if width != self.dimensions:
            raise EmbedderError(
                f"The embedder for queries, '{self._settings.query_spec}', makes vectors of width "
                f"{width}, but those of the documents have width {self.dimensions}.",
                "Name the model that made the documents' vectors.",
            )


def _by_id(ids: Sequence[str], path: Path | str) -> dict[str, int]:
    rows = {id_: row for row, id_ in enumerate(ids)}
    if len(rows) < len(ids):
        raise InputError(f"{path} names documents more than once in its column 'id'.")
    return rows


def load(settings: EmbedderSettings) -> PrecomputedVectors:
    """The vectors; the files are checked now unless the settings record the width."""
    if settings.query_spec and settings.query_spec.startswith("precomputed"):
        raise EmbedderError("Precomputed vectors cannot embed queries; name a model.")
    ids = Path(settings.ids) if settings.ids else None
    vectors = PrecomputedVectors(settings.argument, ids, settings)
    if settings.dimensions is None:
        _ = vectors.matrix, vectors.rows
    return vectors


def availability(settings: EmbedderSettings) -> tuple[bool, str]:
    """Whether `load` would work here, and a sentence that says why."""
    try:
        rows, width = PrecomputedVectors(settings.argument, None, settings).matrix.shape
    except SaetuiError as error:
        return False, str(error)
    return True, f"{settings.argument} holds {rows:,} vectors of width {width}."

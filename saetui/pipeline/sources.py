"""The corpus as a build sees it: it has a fingerprint, and perhaps vectors of its own."""

import contextlib
import hashlib
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from saetui.core.codec import Float
from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, CorpusReport, open_corpus
from saetui.corpus.corpus import Corpus
from saetui.embed import Embedder, EmbedderSettings, load_embedder
from saetui.embed.precomputed import PrecomputedVectors, Unusable
from saetui.embed.vector_files import MatrixWriter
from saetui.errors import InputError
from saetui.store.atomic import atomic_write, remembered_sha256


def settle_source(source: str, folder: Path) -> Path:
    """A path that can be read more than once; what comes through a pipe is kept in `folder`.

    Raises:
        InputError: There is no such file or folder, or nothing came through the pipe.
    """
    if source != "-":
        path = Path(source)
        if not path.exists():
            raise InputError(f"There is no corpus at {source}.", "Check the path.")
        return path
    spool = folder / "standard-input"
    with atomic_write(spool) as temporary, temporary.open("wb") as handle:
        shutil.copyfileobj(sys.stdin.buffer, handle)
    if not spool.stat().st_size:
        raise InputError("Nothing came through standard input.", "Pipe a corpus into it.")
    return spool


def fingerprint_of(path: Path) -> str:
    """Hash of a corpus's content; of a folder's files with their names.

    Raises:
        InputError: It cannot be read.
    """
    try:
        if path.is_file():
            return remembered_sha256(path)
        digest = hashlib.sha256()
        for file in sorted(path.rglob("*")):
            # A file that vanishes meanwhile is the reader's to report.
            with contextlib.suppress(FileNotFoundError):
                if file.is_file():
                    name = file.relative_to(path).as_posix()
                    digest.update(f"{name}\0{remembered_sha256(file)}\0".encode())
        return digest.hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None


_COLUMN = "column:"
_NAMED = 5


def column_of(settings: EmbedderSettings) -> str:
    """The field of the corpus that holds the vectors; empty where they come from elsewhere."""
    argument = settings.argument if settings.kind == "precomputed" else ""
    return argument.removeprefix(_COLUMN) if argument.startswith(_COLUMN) else ""


def with_column(corpus: CorpusOptions, settings: EmbedderSettings) -> CorpusOptions:
    """How to read a corpus whose vectors are in one of its fields: that one is no metadata."""
    name = column_of(settings)
    return replace(corpus, vectors=name) if name else corpus


def loaded_for(
    source: Path, corpus: CorpusOptions, settings: EmbedderSettings, folder: Path
) -> Embedder:
    """The embedder of a build.

    Vectors from a field of the corpus are kept in `folder` as a file.
    """
    name = column_of(settings)
    if name and settings.dimensions is None:
        path = folder / "vectors-of-the-corpus.npy"
        np.save(path, _vectors_in(source, corpus, name))
        embedder = PrecomputedVectors(path, None, settings)
        _ = embedder.matrix
    else:
        loaded = load_embedder(settings)
        if not isinstance(loaded, PrecomputedVectors):
            return loaded
        embedder = loaded
    embedder.strict = corpus.strict
    return embedder


def _vectors_in(source: Path, corpus: CorpusOptions, name: str) -> Float:
    writer = MatrixWriter()

    def vectors() -> Iterator[Float]:
        for document in open_corpus(source, replace(corpus, vectors=name)):
            found = document.metadata.get(name)
            try:
                vector = np.asarray(found, dtype=np.float32)
            except (TypeError, ValueError):
                vector = np.zeros(0, dtype=np.float32)
            if vector.ndim != 1 or not len(vector):
                raise InputError(
                    f"The document '{document.id}' has no vector in its field '{name}'.",
                    f"Its other fields are: {', '.join(document.metadata) or 'none'}.",
                )
            yield vector

    writer.extend(vectors())
    return writer.matrix(f"{source}, field '{name}',")


class UsableDocuments:
    """The documents of a corpus that have a vector which can be used.

    `column` is a field that holds vectors and is no metadata; empty if there is none.

    Attributes:
        left_out: The others.
    """

    def __init__(self, documents: Iterable[Document], embedder: Embedder, column: str) -> None:
        self._documents = documents
        self._embedder = embedder
        self._column = column
        self.left_out: list[Unusable] = []

    def __iter__(self) -> Iterator[Document]:
        self.left_out.clear()
        found: Iterable[Document | Unusable] = self._documents
        embedder = self._embedder
        if isinstance(embedder, PrecomputedVectors) and not embedder.strict:
            found = embedder.leave_out(self._documents)
        for each in found:
            if isinstance(each, Unusable):
                self.left_out.append(each)
            elif self._column in each.metadata:
                kept = {n: value for n, value in each.metadata.items() if n != self._column}
                yield replace(each, metadata=kept)
            else:
                yield each

    def report_of(self, corpus: Corpus) -> CorpusReport:
        """The report of the corpus, which has been read, and of what was left out of it."""
        report = corpus.report
        report.documents -= len(self.left_out)
        report.remarks += self._remark()
        return report

    def _remark(self) -> list[str]:
        if not self.left_out:
            return []
        named = ", ".join(f"{each.id} ({each.why})" for each in self.left_out[:_NAMED])
        more = len(self.left_out) - _NAMED
        named += f" and {more:,} more" if more > 0 else ""
        return [f"Left out because of their vectors: {named}."]

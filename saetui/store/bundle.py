"""An open bundle: opening is fast, and every large part is mapped or loaded when first used."""

import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import distinct
from saetui.errors import BundleDamaged, InputError
from saetui.store import layout, saes
from saetui.store.arrays import StoredRows, map_array
from saetui.store.documents import DocumentStore
from saetui.store.index import VectorIndex, index_files, open_index
from saetui.store.index.parameters import PARAMETERS, Rows, read_parameters
from saetui.store.manifest import MANIFEST, Manifest, OpenedManifest
from saetui.store.passages import FILES, Passages
from saetui.store.stored_sae import StoredSae, loaded_once


class Bundle:
    """A bundle on disk, opened for reading.

    Opening checks the schema, that the manifest lists every file that will be read, and presence
    and size of all of them; hashes are checked by `saetui.store.check`. Parts are read when first
    used, from any thread.

    Raises:
        BundleError: See `read_manifest`; `BundleDamaged` also when a file is not listed, is missing
            or has another size than the manifest says, and from any attribute whose file does not
            hold what belongs there; `BundleError` from any attribute that is read after another
            process has changed its file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = OpenedManifest(path)
        self.manifest: Manifest = self._opened.manifest
        self._check_listed(*layout.required_files(self.manifest))
        with self._opened.reading(*self.manifest.files):
            for name, record in self.manifest.files.items():
                _check_size(path / name, record.size)
        self._check_claims()
        self._saes = {
            record.name: StoredSae(layout.sae_folder(path, record.name), record, self._opened)
            for record in self.manifest.saes
        }

    def _check_listed(self, *names: str) -> None:
        """Check that the manifest lists every required file: only listed files are verified."""
        missing = [name for name in names if name not in self.manifest.files]
        if missing:
            raise BundleDamaged(
                f"{self.path / MANIFEST} does not list {', '.join(missing)}, "
                "without which nothing can be read or proved."
            )

    def _check_claims(self) -> None:
        """Check that the files are large enough for the manifest's numbers, which size memory."""
        manifest = self.manifest
        claims = {layout.EMBEDDINGS: 2 * manifest.documents * manifest.dimensions}
        for sae in manifest.saes:
            claims[f"saes/{sae.name}/{saes.WEIGHTS}"] = 8 * sae.n * manifest.dimensions
            claims[f"saes/{sae.name}/{saes.CODES[0]}"] = 4 * manifest.documents * sae.slots
        for name, size in claims.items():
            if manifest.files[name].size < size:
                raise BundleDamaged(
                    f"{self.path / name} is smaller than the sizes in {MANIFEST} require."
                )

    def __len__(self) -> int:
        return self.manifest.documents

    def check_row(self, row: int) -> None:
        """Raise InputError unless there is a document in that row."""
        if not 0 <= row < len(self):
            raise InputError(f"There is no document in row {row}: there are {len(self):,}.")

    def row_of(self, document_id: str) -> int | None:
        """The row of the document with an id; None if there is none."""
        return self.documents.row_of(document_id)

    @loaded_once
    def documents(self) -> DocumentStore:
        """The documents' texts."""
        with ExitStack() as stack, self._opened.reading(layout.DOCUMENTS):
            documents = DocumentStore(self.path / layout.DOCUMENTS)
            stack.callback(documents.close)
            if len(documents) != len(self):
                raise BundleDamaged(
                    f"{documents.path} has rows for {len(documents):,} documents, "
                    f"but {MANIFEST} says {len(self):,}."
                )
            self._opened.check((layout.DOCUMENTS,))
            stack.pop_all()
        return documents

    @loaded_once
    def short_texts(self) -> tuple[Float, Float] | None:
        """Embeddings of short texts, float32 `(m, d)`, and how they are shifted, `(d,)`.

        None in a bundle in which that was not measured.
        """
        if not {layout.SHORT_TEXTS, layout.SHORT_TEXT_SHIFT} <= self.manifest.files.keys():
            return None
        width = self.manifest.dimensions
        vectors = map_array(self.path / layout.SHORT_TEXTS, (None, width), np.float16)
        shift = map_array(self.path / layout.SHORT_TEXT_SHIFT, (width,), np.float32)
        if not (np.isfinite(vectors).all() and np.isfinite(shift).all()):
            raise BundleDamaged(f"{self.path / layout.SHORT_TEXTS} holds what are no embeddings.")
        return np.asarray(vectors, dtype=np.float32), np.asarray(shift)

    @loaded_once
    def embeddings(self) -> NDArray[Any]:
        """Embeddings float16 `(N, d)`, mapped."""
        shape = (self.manifest.documents, self.manifest.dimensions)
        with self._opened.reading(layout.EMBEDDINGS):
            return map_array(self.path / layout.EMBEDDINGS, shape, np.float16)

    @loaded_once
    def passages(self) -> Passages | None:
        """The passages of the documents; None if texts were embedded as a whole."""
        if not set(FILES) <= self.manifest.files.keys():
            return None
        with self._opened.reading(*FILES):
            return Passages.of(self.path, len(self), self.manifest.dimensions)

    @loaded_once
    def rows(self) -> StoredRows:
        """Reads some embeddings at a time."""
        with self._opened.reading(layout.EMBEDDINGS):
            return StoredRows(self.path / layout.EMBEDDINGS, self.embeddings)

    @loaded_once
    def index(self) -> VectorIndex:
        """The nearest-neighbour index, loaded."""
        # Checked before the index is loaded, because its files are read by this size.
        with self._opened.reading(PARAMETERS):
            parameters = read_parameters(self.path)
        size = (parameters.documents, parameters.dimensions)
        # Of passages, unless the bundle was built before these were indexed.
        indexed = {self.manifest.documents} | ({len(self.passages)} if self.passages else set())
        if size[0] not in indexed or size[1] != self.manifest.dimensions:
            raise BundleDamaged(
                f"{self.path / PARAMETERS} is of {size[0]:,} vectors of width {size[1]}, "
                f"but the bundle has {self.manifest.documents:,} of width "
                f"{self.manifest.dimensions}."
            )
        files = index_files(parameters.kind)
        self._check_listed(*files)
        with self._opened.reading(*files):
            return open_index(self.path, lambda: self.embeddings, parameters)

    @property
    def indexed_passages(self) -> Passages | None:
        """What the index names, if that is passages; None if it names documents."""
        passages = self.passages
        of_passages = passages is not None and self.index.parameters.documents == len(passages)
        return passages if of_passages else None

    def named(self, rows: Rows) -> Rows:
        """The documents of what the index named, as near as that was; of passages, ascending."""
        passages = self.indexed_passages
        return rows if passages is None else distinct(passages.spans[rows, 0])

    def sae(self, name: str | None = None) -> StoredSae:
        """An SAE by name; the first when none is named."""
        if name is None:
            return self._saes[self.manifest.saes[0].name]
        if name not in self._saes:
            raise InputError(
                f"{self.path} has no SAE named {name}.",
                f"It has: {', '.join(self._saes)}.",
            )
        return self._saes[name]

    def close(self) -> None:
        """Close all open files."""
        if "documents" in self.__dict__:
            self.documents.close()
        if "rows" in self.__dict__:
            self.rows.close()


def _check_size(path: Path, size: int) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    # A name that no file can have raises ValueError.
    except (OSError, ValueError) as error:
        raise BundleDamaged(f"{path} cannot be read ({error}).") from None
    if not stat.S_ISREG(found.st_mode):
        raise BundleDamaged(f"{path} is not a file.")
    if found.st_size != size:
        raise BundleDamaged(
            f"{path} has {found.st_size:,} bytes where {size:,} belong: it was cut short or "
            "changed."
        )

"""An open bundle: opening is fast, and every large part is mapped or loaded when first used."""

import stat
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights
from saetui.core.families import Families
from saetui.core.features import by_lift, co_occurring, nearest_and_opposed
from saetui.core.matches import Matches
from saetui.core.postings import Postings
from saetui.core.search import distinct
from saetui.core.truth import Truth, counted_codes
from saetui.errors import BundleDamaged, InputError
from saetui.store import saes
from saetui.store.arrays import StoredRows, forget_pages, map_array
from saetui.store.documents import DocumentStore
from saetui.store.families import read_families
from saetui.store.feature_lists import (
    ALL_CO_OCCURRING,
    CO_OCCURRING,
    LONGEST,
    NEAREST,
    OPPOSED,
    FeatureLists,
    ListFiles,
    load_lists,
)
from saetui.store.features import FeatureRecord, read_features, with_truth
from saetui.store.index import VectorIndex, index_files, open_index
from saetui.store.index.parameters import PARAMETERS, Rows, read_parameters
from saetui.store.labels import LabelRecord, ScoreRecord, read_history
from saetui.store.loaded_once import loaded_once
from saetui.store.manifest import MANIFEST, Manifest, SaeRecord
from saetui.store.matches import matches_file, read_matches
from saetui.store.opened_manifest import OpenedManifest
from saetui.store.passages import FILES, Passages
from saetui.store.unmatched_labels import UNMATCHED

DOCUMENTS = "documents.sqlite"
EMBEDDINGS = "embeddings.npy"
SHORT_TEXTS = "short_texts.npy"
VOCABULARY = "vocabulary.json"
SHORT_TEXT_SHIFT = "short_text_shift.npy"
SWEEP = "sweep.json"
FEATURES = "features.sqlite"
FAMILIES = "families.json"
SEARCHES = "searches"
"""Folder of the searches that readers have bookmarked; it is no part of what the manifest lists."""


def sae_folder(bundle: Path, name: str) -> Path:
    """The folder of an SAE in a bundle."""
    return bundle / "saes" / name


def required_files(manifest: Manifest) -> list[str]:
    """Files that every bundle of such SAEs has, by their paths inside it; of the index, one."""
    of_an_sae = (saes.CONFIGURATION, saes.WEIGHTS, *saes.CODES, *saes.POSTINGS, FEATURES, FAMILIES)
    names = [DOCUMENTS, EMBEDDINGS, PARAMETERS]
    return names + [f"saes/{sae.name}/{file}" for sae in manifest.saes for file in of_an_sae]


class StoredSae:
    """One SAE of an open bundle; each part is read when first used, from any thread.

    Args:
        folder: Its folder.
        record: Its record in the manifest.
        opened: The manifest of the bundle.

    Raises:
        BundleDamaged: From any attribute, if its file does not hold what belongs there.
        BundleError: From any attribute that is read after the bundle was changed.
    """

    def __init__(self, folder: Path, record: SaeRecord, opened: OpenedManifest) -> None:
        self.folder = folder
        self.record = record
        self._opened = opened
        self._manifest = opened.manifest

    def _reading(self, *files: str) -> AbstractContextManager[None]:
        """Read files of this SAE for the first time, see `OpenedManifest.reading`."""
        return self._opened.reading(*(f"saes/{self.record.name}/{file}" for file in files))

    def _has(self, *files: str) -> bool:
        """Whether the manifest lists all of some files that not every SAE has."""
        return all(f"saes/{self.record.name}/{file}" in self._manifest.files for file in files)

    @property
    def of(self) -> str:
        """The fingerprint by which notes name this SAE; another training has another one."""
        weights = self._manifest.files[f"saes/{self.record.name}/{saes.WEIGHTS}"]
        return weights.sha256[: saes.FINGERPRINT]

    @loaded_once
    def weights(self) -> SaeWeights:
        """Weights, in memory."""
        with self._reading(saes.WEIGHTS):
            weights = saes.load_weights(self.folder)
        found = (weights.n, weights.k, weights.d)
        wanted = (self.record.n, self.record.slots, self._manifest.dimensions)
        if found != wanted:
            raise BundleDamaged(
                "{} holds an SAE of n = {}, k = {}, width {}, but the manifest says n = {}, "
                "k = {}, width {}.".format(self.folder, *found, *wanted)
            )
        return weights

    @loaded_once
    def stability(self) -> Float | None:
        """The largest cosine of each feature to a feature of another training, if known."""
        if not self._has(saes.STABILITY):
            return None
        with self._reading(saes.STABILITY):
            return saes.load_stability(self.folder, self.record.n)

    @loaded_once
    def map(self) -> Float | None:
        """Places of the features on a map, float32 `(n, 2)`; None in a bundle without a map."""
        if not self._has(saes.MAP):
            return None
        with self._reading(saes.MAP):
            return saes.read_map(self.folder / saes.MAP, self.record.n)

    @loaded_once
    def codes(self) -> Codes:
        """Codes by document, mapped."""
        documents = self._manifest.documents
        with self._reading(*saes.CODES):
            return saes.load_codes(self.folder, documents, self.record.n, self.record.slots)

    @loaded_once
    def postings(self) -> Postings:
        """Codes by feature, mapped."""
        with self._reading(*saes.POSTINGS):
            postings = saes.load_postings(self.folder, self.record.n)
        saes.check_numbers(
            self.folder / saes.POSTINGS[1], postings.rows, 0, self._manifest.documents
        )
        forget_pages(postings.rows)
        return postings

    @loaded_once
    def truth(self) -> Truth | None:
        """Which documents count for which features; None in a bundle that does not say."""
        if not self._has(saes.TRUTH):
            return None
        with self._reading(saes.TRUTH):
            return saes.load_truth(self.folder, self.postings)

    @property
    def counted(self) -> Postings:
        """The documents of each feature that count, strongest first; all where none are known to.

        Whatever is said about the documents of a feature goes by these. What is computed with
        activations, such as steering, goes by `codes` and `postings`.
        """
        return self.postings if self.truth is None else self.truth.counted

    @loaded_once
    def counted_codes(self) -> Codes:
        """Codes in which a feature stands only for the documents that count for it."""
        return self.codes if self.truth is None else counted_codes(self.codes, self.truth.counted)

    def co_occurring(self, feature: int, limit: int) -> list[tuple[int, int]]:
        """Other features of the same documents, with their number; see `core.features`."""
        kept = self._lists[ALL_CO_OCCURRING if self.truth is None else CO_OCCURRING]
        listed = None if kept is None else kept.of(feature, LONGEST)
        if listed is not None:
            # Older bundles list those first that share the most documents.
            return by_lift(listed, self.counted, feature, self._manifest.documents)[:limit]
        return co_occurring(self.counted_codes, self.counted, feature, limit)

    def alike(
        self, feature: int, limit: int
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """Other features with the cosine of their directions: nearest first, most opposed first."""
        kept = self._lists[NEAREST], self._lists[OPPOSED]
        nearest, opposed = (None if each is None else each.of(feature, limit) for each in kept)
        if nearest is None or opposed is None:
            return nearest_and_opposed(self.weights, feature, limit)
        return nearest, opposed

    @loaded_once
    def _lists(self) -> dict[ListFiles, FeatureLists | None]:
        found: dict[ListFiles, FeatureLists | None] = {}
        for kind in (CO_OCCURRING, ALL_CO_OCCURRING, NEAREST, OPPOSED):
            with self._reading(*kind.names):
                listed = self._has(*kind.names)
                found[kind] = load_lists(self.folder, kind, self.record.n) if listed else None
        return found

    @loaded_once
    def features(self) -> list[FeatureRecord]:
        """Statistics and current label of every feature, by number."""
        with self._reading(FEATURES):
            records = read_features(self.folder / FEATURES, self.record.n)
        if self.truth is None:
            return records
        return with_truth(records, self.truth, self._manifest.documents, self._truth_of())

    def _truth_of(self) -> list[int] | None:
        """The labels that the truth is about; None in a bundle that does not say."""
        if not self._has(saes.TRUTH_OF):
            return None
        with self._reading(saes.TRUTH_OF):
            return list(map(int, saes.load_truth_of(self.folder, self.record.n)))

    def labels(self, feature: int) -> list[LabelRecord]:
        """Every label that a feature has had, oldest first."""
        return self.history(feature)[0]

    def history(self, feature: int) -> tuple[list[LabelRecord], list[ScoreRecord]]:
        """Every label that a feature has had, oldest first, and the scores of all of them."""
        with self._reading(FEATURES):
            return read_history(self.folder / FEATURES, feature)

    @property
    def has_unmatched_labels(self) -> bool:
        """Whether there are labels of earlier SAEs that match none of its features."""
        return self._has(UNMATCHED)

    def matches(self, other: SaeRecord) -> Matches | None:
        """The nearest features in another SAE of the bundle; None if they were not computed."""
        if not self._has(matches_file(other.name)):
            return None
        with self._reading(matches_file(other.name)):
            return read_matches(self.folder, other.name, self.record.n, other.n)

    @loaded_once
    def families(self) -> Families:
        """Feature families."""
        with self._reading(FAMILIES):
            return read_families(self.folder / FAMILIES, self.record.n)


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
        self._check_listed(*required_files(self.manifest))
        with self._opened.reading(*self.manifest.files):
            for name, record in self.manifest.files.items():
                _check_size(path / name, record.size)
        self._check_claims()
        self._saes = {
            record.name: StoredSae(sae_folder(path, record.name), record, self._opened)
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
        claims = {EMBEDDINGS: 2 * manifest.documents * manifest.dimensions}
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
        with ExitStack() as stack, self._opened.reading(DOCUMENTS):
            documents = DocumentStore(self.path / DOCUMENTS)
            stack.callback(documents.close)
            if len(documents) != len(self):
                raise BundleDamaged(
                    f"{documents.path} has rows for {len(documents):,} documents, "
                    f"but {MANIFEST} says {len(self):,}."
                )
            self._opened.check((DOCUMENTS,))
            stack.pop_all()
        return documents

    @loaded_once
    def short_texts(self) -> tuple[Float, Float] | None:
        """Embeddings of short texts, float32 `(m, d)`, and how they are shifted, `(d,)`.

        None in a bundle in which that was not measured.
        """
        if not {SHORT_TEXTS, SHORT_TEXT_SHIFT} <= self.manifest.files.keys():
            return None
        width = self.manifest.dimensions
        vectors = map_array(self.path / SHORT_TEXTS, (None, width), np.float16)
        shift = map_array(self.path / SHORT_TEXT_SHIFT, (width,), np.float32)
        if not (np.isfinite(vectors).all() and np.isfinite(shift).all()):
            raise BundleDamaged(f"{self.path / SHORT_TEXTS} holds what are no embeddings.")
        return np.asarray(vectors, dtype=np.float32), np.asarray(shift)

    @loaded_once
    def embeddings(self) -> NDArray[Any]:
        """Embeddings float16 `(N, d)`, mapped."""
        shape = (self.manifest.documents, self.manifest.dimensions)
        with self._opened.reading(EMBEDDINGS):
            return map_array(self.path / EMBEDDINGS, shape, np.float16)

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
        with self._opened.reading(EMBEDDINGS):
            return StoredRows(self.path / EMBEDDINGS, self.embeddings)

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

"""One SAE of an open bundle."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, overload

import numpy as np

from saetui.core.codec import Codes, Float, Postings, SaeWeights
from saetui.core.families import Families
from saetui.core.features import by_lift, co_occurring, nearest_and_opposed
from saetui.core.matches import Matches
from saetui.core.truth import POSSIBLE_FROM, Truth, counted_codes
from saetui.errors import BundleDamaged
from saetui.store import layout, saes
from saetui.store.arrays import forget_pages, map_array
from saetui.store.features import FeatureRecord, read_features, with_truth
from saetui.store.former_features import UNMATCHED
from saetui.store.labels import LabelRecord, ScoreRecord, read_history
from saetui.store.manifest import OpenedManifest, SaeRecord
from saetui.store.relations import (
    ALL_CO_OCCURRING,
    CO_OCCURRING,
    LONGEST,
    NEAREST,
    OPPOSED,
    FeatureLists,
    ListFiles,
    load_lists,
    matches_file,
    read_families,
    read_matches,
)

Value = TypeVar("Value")


class loaded_once(Generic[Value]):  # noqa: N801
    """Like `functools.cached_property`, but one thread loads and other threads wait for it.

    `cached_property` lets every thread compute, so that an index that is being warmed up while
    the user searches would be verified and loaded twice.
    """

    def __init__(self, load: Callable[[Any], Value]) -> None:
        self._load = load
        self.__doc__ = load.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        # The loaded value then hides this descriptor, so only the first readers come here.
        attributes = instance.__dict__
        locks: dict[str, threading.Lock] = attributes.setdefault("_loading", {})
        with locks.setdefault(self._name, threading.Lock()):
            if self._name not in attributes:
                attributes[self._name] = self._load(instance)
            value: Value = attributes[self._name]
            return value


class StoredSae:
    """One SAE of an open bundle; each part is read when first used, from any thread.

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
    def possible(self) -> Postings:
        """The documents that speak for each feature of a query; see `POSSIBLE_FROM`."""
        return self.postings if self.truth is None else self.truth.at_least(POSSIBLE_FROM)

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
        with self._reading(layout.FEATURES):
            records = read_features(self.folder / layout.FEATURES, self.record.n)
        if self.truth is None:
            return records
        return with_truth(records, self.truth, self._manifest.documents, self._truth_of())

    def _truth_of(self) -> list[int] | None:
        """The labels that the truth is about; None in a bundle that does not say."""
        if not self._has(saes.TRUTH_OF):
            return None
        with self._reading(saes.TRUTH_OF):
            path = self.folder / saes.TRUTH_OF
            return list(map(int, map_array(path, (self.record.n,), np.int32)))

    def labels(self, feature: int) -> list[LabelRecord]:
        """Every label that a feature has had, oldest first."""
        return self.history(feature)[0]

    def history(self, feature: int) -> tuple[list[LabelRecord], list[ScoreRecord]]:
        """Every label that a feature has had, oldest first, and the scores of all of them."""
        with self._reading(layout.FEATURES):
            return read_history(self.folder / layout.FEATURES, feature)

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
        with self._reading(layout.FAMILIES):
            return read_families(self.folder / layout.FAMILIES, self.record.n)

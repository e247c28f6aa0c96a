"""Answer every question of the app and the command line from an open bundle."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core import features as feature_views
from saetui.core.codec import Float, encode_dense
from saetui.core.explain import explain
from saetui.core.families import Family
from saetui.core.search import cosines, top, unit
from saetui.core.steering import steer_code, steered_vector
from saetui.embed import Embedder, EmbedderSettings, load_embedder
from saetui.errors import InputError
from saetui.session.choosing import NAMES, choose_features, facts_about, similarity_to
from saetui.session.filters import FeatureFilter
from saetui.session.knowledge import Knowledge
from saetui.session.lookup import Lookup
from saetui.session.requests import (
    DocumentDetail,
    Dropped,
    Example,
    FeatureDetail,
    Neighbour,
    QueryFeature,
    Result,
    SearchRequest,
    SearchResponse,
)
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.notes import FeatureNotes, Kind, Notes

_REMEMBERED_QUERIES = 64
_HISTOGRAM_BINS = 32
# How deep the documents nearest to a feature are searched for those that do not activate it.
_NEAR_MISSES = 400
# The index names this many candidates, which are then scored again from the vectors themselves.
# The same number for the steered and the unsteered search makes their ranks comparable.
_CANDIDATES = 300


@dataclass(frozen=True)
class _Query:
    """A query after embedding.

    Attributes:
        e: Its embedding `(d,)`; zeros for no query.
        z: Its dense code `(n,)`.
        baselines: How deep it was searched without steering, and the ranks found by row; one for
            exact searches, one for those through the index.
    """

    e: Float
    z: Float
    baselines: dict[bool, tuple[int, dict[int, int]]] = field(default_factory=dict)


class Session:
    """An open bundle with one of its SAEs and its embedder.

    Methods may be called from any thread. Nothing large is read before it is needed, so that
    opening is instant; `warm` reads what the first search would wait for.

    Args:
        bundle: The open bundle.
        sae: Name of the SAE to use; None for the bundle's first.
        embedder: For queries; None loads the one that the bundle names, when first needed.
        clock: Seconds, for `SearchResponse.milliseconds`.
    """

    baseline_depth = 100

    def __init__(
        self,
        bundle: Bundle,
        sae: str | None = None,
        embedder: Embedder | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.bundle = bundle
        self.sae = bundle.sae(sae)
        self._embedder = embedder
        self._clock = clock
        self._queries: OrderedDict[str, _Query] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._known: Knowledge | None = None

    @property
    def features(self) -> Sequence[FeatureRecord]:
        """Every feature of the SAE, by number; the reader's own labels go before all others."""
        return self._knowledge().records

    @property
    def notes(self) -> Mapping[int, FeatureNotes]:
        """What the reader said about features."""
        return self._knowledge().notes

    @property
    def families(self) -> Sequence[Family]:
        """Every family of the SAE, largest first."""
        return self.sae.families.families

    @property
    def lookup(self) -> Lookup:
        """Features and families by their names."""
        return self._knowledge().lookup

    def note(self, feature: int, kind: Kind, text: str) -> None:
        """Say something about a feature, for good; see `store.notes.Entry`.

        Raises:
            InputError: There is no such feature, or the notes cannot be written.
        """
        self.record(feature)
        self._knowledge().book.add(self.sae.record.name, feature, kind, text)
        self._known = None

    def choose(self, text: str) -> list[FeatureRecord]:
        """Features by words, meaning and figures, as `session.filters` describes them.

        Raises:
            EmbedderError: A meaning was asked for and cannot be embedded.
        """
        known, wanted = self._knowledge(), FeatureFilter.parse(text, NAMES)
        similarity = None
        if wanted.meaning:
            similarity = similarity_to(self.sae.weights, self._query(wanted.meaning).e)
        facts = facts_about(known.records, known.family_labels, known.notes)
        return choose_features(wanted, known.lookup, known.records, facts, similarity)

    def _knowledge(self) -> Knowledge:
        if self._known is None:
            self._known = Knowledge.of(self.sae, Notes.of_bundle(self.bundle.path))
        return self._known

    @property
    def embedder(self) -> Embedder:
        """The embedder for queries, loaded when first used.

        Raises:
            EmbedderError: It cannot be loaded here.
            InputError: Its vectors have another width than the bundle's.
        """
        with self._loading:
            if self._embedder is None:
                settings = EmbedderSettings.from_dict(self.bundle.manifest.embedder)
                self._embedder = load_embedder(settings)
            if self._embedder.dimensions != self.bundle.manifest.dimensions:
                raise InputError(
                    f"The embedder {self._embedder.name} gives vectors of width "
                    f"{self._embedder.dimensions}, but the bundle's have width "
                    f"{self.bundle.manifest.dimensions}.",
                    "Open the bundle with the embedder that it was built with.",
                )
            return self._embedder

    def warm(self) -> None:
        """Read what searches need, so that the first one does not wait for it."""
        if len(self.bundle):
            _ = self.bundle.index, self.sae.weights.offset, self.sae.codes, self.sae.postings

    def search(self, request: SearchRequest) -> SearchResponse:
        """Search, steered.

        Raises:
            InputError: There is neither a query nor a steered feature, or a change is unusable.
            EmbedderError: The query cannot be embedded.
        """
        if not request.query.strip() and not request.steering:
            raise InputError("There is nothing to search for.", "Type a query or add a feature.")
        weights = self.sae.weights
        query = self._query(request.query)
        started = self._clock()
        steered = steer_code(query.z, request.steering, request.solo)
        vector = steered_vector(weights, query.e, query.z, steered, request.mode)
        rows, scores = self._nearest(vector, request.limit, request.exact)
        baseline = self._baseline(query, request.limit, request.exact)
        shown = set(rows.tolist())
        missing = [
            row for row, rank in baseline.items() if rank <= request.limit and row not in shown
        ]
        headings = self.bundle.documents.headings([*rows.tolist(), *missing])
        why = (
            explain(weights, steered, vector, self._vectors(rows))
            if request.why
            else [None] * len(rows)
        )
        results = tuple(
            Result(i + 1, baseline.get(row), float(scores[i]), row, *headings[row], why[i])
            for i, row in enumerate(rows.tolist())
        )
        dropped = tuple(Dropped(baseline[row], row, *headings[row][:2]) for row in missing)
        drift = float(unit(query.e) @ unit(vector)) if request.query.strip() else None
        return SearchResponse(
            request=request,
            results=results,
            features=self._query_features(query.z, steered, request.steering),
            dropped=dropped,
            drift=drift,
            exact=request.exact,
            milliseconds=(self._clock() - started) * 1000,
        )

    def feature(self, feature: int, limit: int = 10) -> FeatureDetail:
        """Everything about one feature, with up to `limit` entries in each list.

        Raises:
            InputError: There is no such feature.
        """
        record = self.record(feature)
        weights, postings = self.sae.weights, self.sae.postings
        rows, values = postings.documents(feature)
        positions = feature_views.decile_positions(len(rows), per_decile=3)
        wanted = {int(rows[i]) for span in positions for i in span} | set(rows[:limit].tolist())
        headings = self.bundle.documents.headings(wanted)

        def example(position: int) -> Example:
            row = int(rows[position])
            return Example(row, *headings[row][:2], float(values[position]))

        together = feature_views.co_occurring(self.sae.codes, postings, feature, limit)
        nearest, opposed = feature_views.nearest_and_opposed(weights, feature, limit)
        return FeatureDetail(
            record=record,
            labels=tuple(self.sae.labels(feature)),
            scores=tuple(self.sae.scores(feature)),
            notes=self.notes.get(feature, FeatureNotes()),
            near_misses=self._near_misses(feature, limit),
            histogram=tuple(feature_views.histogram(values, _HISTOGRAM_BINS).tolist()),
            top=tuple(example(i) for i in range(min(limit, len(rows)))),
            deciles=tuple(tuple(example(int(i)) for i in span) for span in positions),
            nearest=self._named(nearest),
            opposed=self._named(opposed),
            co_occurring=self._named(together),
            families=tuple(self.sae.families.of_feature(feature)),
        )

    def document(self, row: int, limit: int = 10) -> DocumentDetail:
        """Everything about one document, with up to `limit` neighbours.

        Raises:
            InputError: There is no such row.
        """
        if not 0 <= row < len(self.bundle):
            raise InputError(f"There is no document in row {row}: there are {len(self.bundle):,}.")
        codes = self.sae.codes
        active = codes.indices[row] >= 0
        features = zip(codes.indices[row][active], codes.values[row][active], strict=True)
        rows, scores = self._nearest(self._vectors(np.array([row]))[0], limit + 1, exact=False)
        others = [
            (other, score)
            for other, score in zip(rows.tolist(), scores.tolist(), strict=True)
            if other != row
        ][:limit]
        headings = self.bundle.documents.headings([other for other, _ in others])
        return DocumentDetail(
            row=row,
            document=self.bundle.documents.document(row),
            features=self._named([(int(i), float(value)) for i, value in features]),
            neighbours=tuple(Example(other, *headings[other][:2], s) for other, s in others),
        )

    def record(self, feature: int) -> FeatureRecord:
        """Figures and label of one feature.

        Raises:
            InputError: There is no such feature.
        """
        if not 0 <= feature < self.sae.record.n:
            raise InputError(
                f"There is no feature {feature}: this SAE has {self.sae.record.n:,}.",
                f"Choose one from 0 to {self.sae.record.n - 1}.",
            )
        return self.features[feature]

    def close(self) -> None:
        """Let go of the bundle's files."""
        self.bundle.close()

    def _query(self, text: str) -> _Query:
        """The query's vector and code; remembered, since steering repeats it."""
        weights = self.sae.weights
        if not text.strip():
            nothing = np.zeros(weights.d, dtype=np.float32)
            return _Query(nothing, np.zeros(weights.n, dtype=np.float32))
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
        e = self.embedder.embed_query(text)
        query = _Query(e, encode_dense(weights, e))
        with self._lock:
            self._queries[text] = query
            if len(self._queries) > _REMEMBERED_QUERIES:
                self._queries.popitem(last=False)
        return query

    def _baseline(self, query: _Query, limit: int, exact: bool) -> dict[int, int]:
        """Ranks without steering by row, as deep as the results go; none without a query."""
        depth = max(limit, self.baseline_depth)
        known, ranks = query.baselines.get(exact, (0, {}))
        # A deeper search asks the index for more, and may rank differently.
        if known != depth:
            rows, _ = self._nearest(query.e, depth, exact)
            ranks = {row: rank for rank, row in enumerate(rows.tolist(), start=1)}
            query.baselines[exact] = depth, ranks
        return ranks

    def _nearest(
        self, vector: Float, limit: int, exact: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows and cosines of the nearest documents, best first; ties in order of rows.

        None for a vector of zeros, which points nowhere.
        """
        if not len(self.bundle) or not vector.any():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if not exact:
            candidates = np.sort(self.bundle.index.search(unit(vector), max(limit, _CANDIDATES)))
            # The index names none where it cannot name enough; then all are compared.
            if len(candidates):
                scores = cosines(vector, self._vectors(candidates))
                best = top(scores, limit)
                return candidates[best], scores[best]
        scores = cosines(vector, self.bundle.embeddings)
        best = top(scores, limit)
        return best.astype(np.int64), scores[best]

    def _vectors(self, rows: NDArray[np.int64]) -> Float:
        return np.asarray(self.bundle.embeddings[rows], dtype=np.float32)

    def _near_misses(self, feature: int, limit: int) -> tuple[Example, ...]:
        """Documents nearest to a feature's direction that do not activate it."""
        weights, active = self.sae.weights, self.sae.postings.documents(feature)[0]
        depth = min(len(self.bundle), len(active) + limit, _NEAR_MISSES)
        rows, values = self._nearest(weights.directions[feature], depth, exact=False)
        inactive = ~np.isin(rows, active)
        rows, values = rows[inactive][:limit], values[inactive][:limit]
        headings = self.bundle.documents.headings(rows.tolist())
        return tuple(
            Example(row, *headings[row][:2], value)
            for row, value in zip(rows.tolist(), values.tolist(), strict=True)
        )

    def _named(self, values: Sequence[tuple[int, float]]) -> tuple[Neighbour, ...]:
        return tuple(Neighbour(i, self.features[i].name, float(value)) for i, value in values)

    def _query_features(
        self, z: Float, steered: Float, steering: Mapping[int, object]
    ) -> tuple[QueryFeature, ...]:
        active = np.flatnonzero(z)
        own = active[np.lexsort((active, -z[active]))].tolist()
        added = [feature for feature in steering if z[feature] == 0]
        return tuple(
            QueryFeature(i, self.features[i].name, float(z[i]), float(steered[i]))
            for i in [*own, *added]
        )


def open_session(path: str | Path, sae: str | None = None) -> Session:
    """Open a bundle for exploring.

    Args:
        path: Folder of the bundle.
        sae: Name of the SAE to use; None for the bundle's first.

    Raises:
        BundleError: It cannot be opened; the message says why.
    """
    return Session(Bundle(Path(path)), sae)

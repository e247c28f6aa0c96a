"""Answer every question of the app and the command line from an open bundle."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core import features as feature_views
from saetui.core.codec import Float
from saetui.core.families import Family
from saetui.core.search import top, unit
from saetui.core.search_request import SearchRequest
from saetui.embed import Embedder, EmbedderSettings, load_embedder
from saetui.errors import InputError, SaetuiError
from saetui.session.details import DocumentDetail, Example, FeatureDetail, Neighbour
from saetui.session.features.annotated_features import AnnotatedFeatures
from saetui.session.features.feature_filter import FeatureFilter
from saetui.session.features.lookup import Lookup
from saetui.session.search.queries import Queries
from saetui.session.search.response import SearchResponse
from saetui.session.search.searcher import Searcher
from saetui.store.arrays import read_ahead
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.notes import FeatureNotes, Kind, Notes, line_of

_HISTOGRAM_BINS = 32
_WITHOUT_EMBEDDER = (
    "Until then, searching by features, by a document (its id) and by words alone still works."
)
# How deep the documents nearest to a feature are searched for those that do not activate it.
_NEAR_MISSES = 400


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
        self._loading = threading.Lock()
        self._queries = Queries(bundle, lambda: self.sae.weights, self._embed)
        self.searcher = Searcher(bundle, self.sae, self._queries, lambda: self.features, clock)
        self._known: AnnotatedFeatures | None = None
        self._clock = clock
        self._beside: dict[str, Session] = {}

    @property
    def features(self) -> Sequence[FeatureRecord]:
        """Every feature of the SAE, by number; the reader's own labels go before all others."""
        return self._knowledge().records

    def name(self, feature: int) -> str:
        """What a feature is called: its label, or its number."""
        return self.features[feature].name

    def title(self, row: int) -> str:
        """What a document is called: its title, or its first words."""
        return self.bundle.documents.title_of(row)

    def row_of(self, document_id: str) -> int:
        """The row of the document with that id.

        Raises:
            InputError: There is none.
        """
        row = self.bundle.documents.row_of(document_id)
        if row is None:
            raise InputError(f"No document has the id '{document_id}'.", "Search results list ids.")
        return row

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
        """Say something about a feature; see `store.notes.Entry`. `write_notes` puts it on disk.

        Raises:
            InputError: There is no such feature.
        """
        self.record(feature)
        self._known = self._knowledge().noted(self.sae, feature, kind, text)

    def write_notes(self) -> None:
        """Put on disk what was said about features and is not there yet.

        Raises:
            InputError: It cannot be written; it is tried again next time.
        """
        if self._known is not None:
            self._known.book.write()

    def choose(self, text: str) -> list[FeatureRecord]:
        """Features by words, meaning and figures, as `session.filters` describes them.

        Raises:
            EmbedderError: A meaning was asked for and cannot be embedded.
        """
        known, wanted = self._knowledge(), FeatureFilter.parse(text)
        similarity = None
        if wanted.meaning:
            e = self._queries.of_text(wanted.meaning).e
            similarity = feature_views.cosines_to_directions(self.sae.weights, e)
        return known.matching(wanted, similarity)

    def sort(
        self, records: Sequence[FeatureRecord], key: str, *, descending: bool
    ) -> list[FeatureRecord]:
        """Features by a figure, their label, quality or smallest family; the unknown come last.

        Raises:
            InputError: There is no such key.
        """
        return self._knowledge().table.sorted(records, key, descending=descending)

    def _knowledge(self) -> AnnotatedFeatures:
        # Read once: a note made in another thread may take it away between two looks.
        known = self._known
        if known is None:
            known = self._known = AnnotatedFeatures.of(self.sae, Notes.of_bundle(self.bundle.path))
        return known

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
                try:
                    self._embedder = load_embedder(settings)
                except SaetuiError as error:
                    error.hint = f"{error.hint} {_WITHOUT_EMBEDDER}".strip()
                    raise
            if self._embedder.dimensions != self.bundle.manifest.dimensions:
                raise InputError(
                    f"The embedder {self._embedder.name} gives vectors of width "
                    f"{self._embedder.dimensions}, but the bundle's have width "
                    f"{self.bundle.manifest.dimensions}.",
                    "Open the bundle with the embedder that it was built with.",
                )
            return self._embedder

    def using(self, sae: str) -> "Session":
        """The same bundle with another of its SAEs; notes that wait are written before.

        Raises:
            InputError: There is no such SAE, or the notes cannot be written.
        """
        self.write_notes()
        return Session(self.bundle, sae, self._embedder, self._clock)

    def beside(self, sae: str) -> "Session":
        """A session to look up another SAE of the bundle in, beside this one; made once.

        Raises:
            InputError: There is no such SAE.
        """
        if sae == self.sae.record.name:
            return self
        if sae not in self._beside:
            self._beside[sae] = Session(self.bundle, sae, self._embedder, self._clock)
        return self._beside[sae]

    def warm(self) -> None:
        """Read what searches and filters need, so that the first one does not wait for it."""
        if len(self.bundle):
            # The first search would else wait for the disk, row by row.
            read_ahead(self.bundle.embeddings)
            _ = self.bundle.index, self.sae.weights.offset, self.sae.codes, self.sae.postings
        self.lookup.warm()

    def search(
        self, request: SearchRequest, interrupted: Callable[[], bool] = lambda: False
    ) -> SearchResponse:
        """Search, steered.

        Args:
            request: What is asked.
            interrupted: Asked now and then; when true, the answer may come sooner than it is
                good, since nobody waits for it any more.

        Raises:
            InputError: There is neither a query nor a steered feature, or the request cannot be
                met; the message says why.
            EmbedderError: The query cannot be embedded.
        """
        return self.searcher.search(request, interrupted)

    def feature(self, feature: int, limit: int = 10) -> FeatureDetail:
        """Everything about one feature, with up to `limit` entries in each list.

        Raises:
            InputError: There is no such feature.
        """
        record = self.record(feature)
        rows, values = self.sae.postings.documents(feature)
        positions = feature_views.decile_positions(len(rows), per_decile=3)
        missed = self._near_misses(feature, limit)
        wanted = {int(rows[i]) for span in positions for i in span} | set(rows[:limit].tolist())
        headings = self.bundle.documents.headings(wanted | {row for row, _ in missed})

        def example(position: int) -> Example:
            row = int(rows[position])
            return Example(row, *headings[row][:2], float(values[position]))

        labels, scores = self.sae.history(feature)
        nearest, opposed = self.sae.alike(feature, limit)
        return FeatureDetail(
            record=record,
            labels=tuple(labels),
            scores=tuple(scores),
            notes=self.notes.get(feature, FeatureNotes()),
            near_misses=tuple(Example(row, *headings[row][:2], value) for row, value in missed),
            histogram=tuple(feature_views.histogram(values, _HISTOGRAM_BINS).tolist()),
            top=tuple(example(i) for i in range(min(limit, len(rows)))),
            deciles=tuple(tuple(example(int(i)) for i in span) for span in positions),
            nearest=self._named(nearest),
            opposed=self._named(opposed),
            co_occurring=self._named(self.sae.co_occurring(feature, limit)),
            families=tuple(self.sae.families.of_feature(feature)),
        )

    def document(self, row: int, limit: int = 10) -> DocumentDetail:
        """Everything about one document, with up to `limit` neighbours.

        Raises:
            InputError: There is no such row.
        """
        self.bundle.check_row(row)
        codes = self.sae.codes
        active = codes.indices[row] >= 0
        features = zip(codes.indices[row][active], codes.values[row][active], strict=True)
        vector = np.asarray(self.bundle.embeddings[row], dtype=np.float32)
        found = self._nearest(vector, limit + 1)
        others = [(other, score) for other, score in found if other != row][:limit]
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
        feature_views.check_feature(feature, self.sae.record.n)
        return self.features[feature]

    def close(self) -> None:
        """Let go of the bundle's files, when what was said about features is on disk.

        Raises:
            InputError: Notes cannot be written; the hint holds them.
        """
        try:
            self.write_notes()
        except InputError as error:
            lost = "\n".join(line_of(entry) for entry in self._knowledge().book.unwritten)
            raise InputError(error.message, f"Add these lines to it yourself:\n{lost}") from None
        finally:
            self.bundle.close()

    def _embed(self, text: str) -> Float:
        return self.embedder.embed_query(text)

    def _nearest(self, vector: Float, limit: int) -> list[tuple[int, float]]:
        """Rows and cosines of about the nearest documents, best first."""
        found = self.searcher.ranker.nearest(vector, limit, exact=False)
        return list(zip(found.rows.tolist(), found.scores.tolist(), strict=True))

    def _near_misses(self, feature: int, limit: int) -> list[tuple[int, float]]:
        """Documents nearest to a feature's direction that do not activate it, with cosines."""
        direction, index = self.sae.weights.directions[feature], self.bundle.index
        active = int(self.sae.postings.counts()[feature])
        depth = min(len(self.bundle), active + limit, _NEAR_MISSES)
        rows = np.empty(0, dtype=np.int64)
        if not index.exact:
            # About the nearest will do, so no more are asked for than the index needs.
            rows = index.search(unit(direction), max(depth, index.parameters.candidates))
        if len(rows):
            # Most of the nearest activate it, and their vectors need not be read.
            rows = np.sort(rows[~self._active(feature, rows)])
            cosines = self.searcher.ranker.cosines(direction, rows)
            best = top(cosines, limit)
            return list(zip(rows[best].tolist(), cosines[best].tolist(), strict=True))
        found = self._nearest(direction, depth)
        having = self._active(feature, np.array([row for row, _ in found], dtype=np.int64))
        missed = [pair for pair, has in zip(found, having.tolist(), strict=True) if not has]
        return missed[:limit]

    def _active(self, feature: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some documents activate a feature."""
        active: NDArray[np.bool_] = (self.sae.codes.indices[rows] == feature).any(axis=1)
        return active

    def _named(self, values: Sequence[tuple[int, float]]) -> tuple[Neighbour, ...]:
        return tuple(Neighbour(i, self.name(i), float(value)) for i, value in values)


def open_session(path: str | Path, sae: str | None = None) -> Session:
    """Open a bundle for exploring.

    Args:
        path: Folder of the bundle.
        sae: Name of the SAE to use; None for the bundle's first.

    Raises:
        BundleError: It cannot be opened; the message says why.
    """
    return Session(Bundle(Path(path)), sae)

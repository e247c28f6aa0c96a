"""An open bundle with one of its SAEs: search it, and look at its features and documents."""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from saetui.core.families import Family
from saetui.core.features import cosines_to_directions
from saetui.core.search_request import SearchRequest
from saetui.embed import Embedder
from saetui.errors import InputError
from saetui.session.details import (
    DocumentDetail,
    FamilyDetail,
    FeatureDetail,
    document_detail,
    family_detail,
    feature_detail,
)
from saetui.session.features.annotated_features import AnnotatedFeatures
from saetui.session.features.feature_filter import FeatureFilter
from saetui.session.search.queries import QueryEmbedder
from saetui.session.search.ranking import SearchSizes
from saetui.session.search.response import SearchResponse
from saetui.session.search.searcher import Searcher
from saetui.store.arrays import read_ahead
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.followed import describe, sign_notes
from saetui.store.notes import Kind, Notes, line_of


class Session:
    """An open bundle with one of its SAEs and an embedder for queries.

    Methods may be called from any thread. Opening reads nothing large; `warm` reads what the first
    search would otherwise wait for.

    Args:
        bundle: The open bundle.
        sae: Name of the SAE to use; None for the bundle's first.
        embedder: For queries; None loads the one that the bundle names when a query needs it.
        clock: Returns seconds, for `SearchResponse.milliseconds`.
        sizes: The sizes at which a search proceeds differently.

    Attributes:
        bundle: The open bundle.
        sae: The SAE in use.
        searcher: Answers searches.
    """

    def __init__(
        self,
        bundle: Bundle,
        sae: str | None = None,
        embedder: Embedder | QueryEmbedder | None = None,
        clock: Callable[[], float] = time.perf_counter,
        sizes: SearchSizes | None = None,
    ) -> None:
        self.bundle = bundle
        self.sae = bundle.sae(sae)
        if not isinstance(embedder, QueryEmbedder):
            embedder = QueryEmbedder(bundle.manifest, embedder)
        self._embedder = embedder
        self._clock = clock
        self._sizes = sizes = sizes or SearchSizes()
        self.searcher = Searcher(
            bundle,
            self.sae,
            embedder.embed,
            lambda feature: self.features[feature],
            sizes=sizes,
            clock=clock,
        )
        self._features: AnnotatedFeatures | None = None
        # A note must not be lost while notes of others are read.
        self._noting = threading.Lock()
        self._others: dict[str, AnnotatedFeatures] = {}

    @property
    def embedder(self) -> Embedder:
        """The embedder for queries, loaded when first used.

        Raises:
            EmbedderError: It cannot be loaded on this machine.
            InputError: Its vectors have another width than the bundle's embeddings.
        """
        return self._embedder.load()

    @property
    def features(self) -> AnnotatedFeatures:
        """The features of the SAE with the reader's labels and notes; a note makes a new value."""
        # Read once, since another thread may replace it.
        features = self._features
        if features is None:
            book = Notes.of_bundle(self.bundle.path)
            features = self._features = AnnotatedFeatures.of(self.bundle, self.sae, book)
        return features

    def features_of(self, sae: str) -> AnnotatedFeatures:
        """The features of any SAE of the bundle, read at the first call.

        Raises:
            InputError: There is no such SAE.
        """
        if sae == self.sae.record.name:
            return self.features
        if sae not in self._others:
            stored = self.bundle.sae(sae)
            self._others[sae] = AnnotatedFeatures.of(self.bundle, stored, self.features.book)
        return self._others[sae]

    def name(self, feature: int) -> str:
        """What a feature is called: its label, or its number."""
        return self.features[feature].name

    def title(self, row: int) -> str:
        """What a document is called: its title, or its first words."""
        return self.bundle.documents.title_of(row)

    def field_names(self) -> tuple[str, ...]:
        """Every field of the documents' metadata, sorted."""
        return self.searcher.masks.fields

    def row_of(self, document_id: str) -> int:
        """The row of the document with an id.

        Raises:
            InputError: There is none.
        """
        row = self.bundle.documents.row_of(document_id)
        if row is None:
            raise InputError(f"No document has the id '{document_id}'.", "Search results list ids.")
        return row

    def search(
        self, request: SearchRequest, interrupted: Callable[[], bool] = lambda: False
    ) -> SearchResponse:
        """Search documents, steered by features.

        Args:
            request: What to search for.
            interrupted: Called now and then. Once it returns true, nobody waits for the answer any
                more, and it may come sooner and be less good.

        Raises:
            InputError: The request has neither a query nor a changed feature, or it cannot be met;
                the message says why.
            EmbedderError: The query cannot be embedded.
        """
        return self.searcher.search(request, interrupted)

    def find_features(self, text: str) -> list[FeatureRecord]:
        """Features by words, meaning and figures; see `saetui.session.features.feature_filter`.

        Raises:
            EmbedderError: The text asks for a meaning, which cannot be embedded.
        """
        features, wanted = self.features, FeatureFilter.parse(text)
        similarity = None
        if wanted.meaning:
            text = wanted.meaning
            e = self.searcher.encoder.as_document(text, self._embedder.embed(text))
            similarity = cosines_to_directions(self.sae.weights, e)
        return features.matching(wanted, similarity)

    def feature(self, feature: int, limit: int = 10) -> FeatureDetail:
        """Everything about one feature, with up to `limit` entries in each list.

        Raises:
            InputError: There is no such feature.
        """
        return feature_detail(self.searcher, self.features, feature, limit)

    def document(self, row: int, limit: int = 10) -> DocumentDetail:
        """Everything about one document, with up to `limit` neighbours.

        Raises:
            InputError: There is no such row.
        """
        return document_detail(self.searcher, self.features, row, limit)

    def family(self, family: Family, limit: int = 10) -> FamilyDetail:
        """Everything about one family, with up to `limit` documents."""
        return family_detail(self.searcher, self.features, family, limit)

    def note(
        self, feature: int, kind: Kind, text: str, *, about: str = "", document: str = ""
    ) -> None:
        """Note something about a feature; see `store.notes.Entry`. `write_notes` puts it on disk.

        Raises:
            InputError: There is no such feature.
        """
        self.features.record(feature)
        with self._noting:
            self._features = self.features.noted(
                self.sae, feature, kind, text, about=about, document=document
            )

    @property
    def others_have_noted(self) -> bool:
        """Whether another program has written notes that this session has not read."""
        return self._features is not None and self._features.book.changed_elsewhere

    def read_others_notes(self) -> bool:
        """Take in notes that another program has written meanwhile; whether there were any.

        Raises:
            InputError: They cannot be read.
        """
        with self._noting:
            features = self._features
            if features is None or not features.book.changed_elsewhere:
                return False
            features.book.read_again()
            self._features = AnnotatedFeatures.of(self.bundle, self.sae, features.book)
            self._others.clear()
            return True

    def write_notes(self) -> None:
        """Put notes on disk that are not there yet.

        Raises:
            InputError: They cannot be written; the next call tries again.
        """
        if self._features is not None:
            self._features.book.write(describe(self.bundle))

    def using(self, sae: str) -> "Session":
        """A session with another SAE of the same bundle; waiting notes are written first.

        Raises:
            InputError: There is no such SAE, or the notes cannot be written.
        """
        self.write_notes()
        return Session(self.bundle, sae, self._embedder, self._clock, self._sizes)

    def warm(self) -> None:
        """Read what searches and filters need, so that the first one does not wait for it."""
        if len(self.bundle):
            # The first search would otherwise wait for the disk, row by row.
            read_ahead(self.bundle.embeddings)
            _ = self.bundle.index, self.sae.weights.offset, self.sae.codes, self.sae.postings
        self.features.lookup.warm()
        # Notes from before they carried what they belong to get it while the SAE is still here.
        with contextlib.suppress(InputError):
            sign_notes(self.bundle, self.features.book)

    def close(self) -> None:
        """Write notes and close the bundle's files.

        Raises:
            InputError: The notes cannot be written; the hint holds them.
        """
        try:
            self.write_notes()
        except InputError as error:
            lost = "\n".join(line_of(entry) for entry in self.features.book.unwritten)
            raise InputError(error.message, f"Add these lines to it yourself:\n{lost}") from None
        finally:
            self.bundle.close()


def open_session(path: str | Path, sae: str | None = None) -> Session:
    """Open a bundle for exploring.

    Args:
        path: Folder of the bundle.
        sae: Name of the SAE to use; None for the bundle's first.

    Raises:
        BundleError: It cannot be opened; the message says why.
    """
    return Session(Bundle(Path(path)), sae)

"""What an evaluation of steering needs: trials drawn from a bundle, and judges.

Judges compare how relevant the results before and after steering are to each label. Two of them
read words alone; another embeds documents and labels with another embedder than the one that the
SAE was trained on. A language model can be asked, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import Term
from saetui.core.steering import Shown
from saetui.embed import Embedder, EmbedderSettings, embed_queries, load_embedder
from saetui.errors import InputError
from saetui.evaluate.language_model import ModelJudge
from saetui.evaluate.recognition import Comparison, Picks, ResultsJudge, shares_of_largest
from saetui.evaluate.steering import DEPTH, SHOWN, Bench, Trial, eligible_features, make_trials
from saetui.interpret.judging.split import split_documents
from saetui.interpret.judging.word_space import WordSpace
from saetui.interpret.llm.model import LanguageModel
from saetui.interpret.terms.tokens import Tokens, read_documents
from saetui.progress import Progress
from saetui.store.bundle import Bundle
from saetui.store.stored_sae import StoredSae

WORDS = "words"
"""How fully documents use a label's words, by BM25."""

WORD_SPACE = "word space"
"""How alike documents and a label are by latent semantic analysis of the corpus's words."""

_LEAST_SPREAD = 1e-6
_SAMPLE = 1_000
_BATCH = 256
_COMPARED = 16
_THE_SAME = 0.99
_LEAST_TITLE = 20
_EMBEDDER = "embedder"
_MODEL = "openai"


@dataclass(frozen=True)
class Prepared:
    """What is needed to run an evaluation.

    A query that activates none of the eligible features makes no trial. The judges need nothing but
    the words of the corpus.
    """

    bench: Bench
    trials: list[Trial]
    queries: int
    eligible: int
    judges: tuple[ResultsJudge, ...]


def prepare(
    bundle: Bundle,
    sae: StoredSae,
    embedder: Embedder,
    progress: Progress,
    *,
    count: int,
    seed: int,
    queries: Sequence[str] | None = None,
    words: Callable[[str], Term] | None = None,
    shows: Callable[[int], Shown] | None = None,
) -> Prepared:
    """Draw queries and trials.

    Args:
        bundle: With labels.
        sae: Whose features to steer by.
        embedder: Of the bundle.
        progress: Told of each text.
        count: How many queries to draw from the titles of documents that no label was made from.
        seed: Of all that is drawn.
        queries: Texts to use instead.
        words: What the words of a text add to scores; None to search by meaning alone.
        shows: How far documents show a feature; None to go by their activations alone.

    Raises:
        InputError: There are too few documents, labelled features or queries.
    """
    if len(bundle) < 2 * DEPTH:
        raise InputError(f"{len(bundle)} documents are too few to evaluate steering on.")
    eligible = eligible_features(sae.features)
    if len(eligible) < SHOWN:
        raise InputError(
            f"Only {len(eligible)} features have a label that a judge could be asked about.",
            "Build the bundle with labels.",
        )
    texts = ((document.title, document.text) for document in bundle.documents)
    tokens = read_documents(texts, len(bundle), progress)
    chosen = list(queries) if queries is not None else _titles(bundle, tokens, count, seed)
    progress.start("Embedding queries", len(chosen), "queries")
    embedded: list[tuple[str, Float]] = []
    if chosen:
        vectors = embed_queries(embedder, chosen, progress)
        embedded = list(zip(chosen, vectors, strict=True))
    trials = make_trials(sae.weights, embedded, eligible, seed)
    if not trials:
        raise InputError("No query activates a labelled feature.", "Give other queries.")
    names = [record.label for record in sae.features]
    labels = [names[feature] for feature in eligible.tolist()]
    bench = Bench(sae.weights, sae.postings, bundle.embeddings, names, words, shows, progress)
    judges = word_judges(tokens, labels, eligible, seed)
    return Prepared(bench, trials, len(chosen), len(eligible), judges)


def _titles(bundle: Bundle, tokens: Tokens, count: int, seed: int) -> list[str]:
    """Titles of held-out documents, drawn without replacement."""
    rows = np.random.default_rng(seed).permutation(split_documents(tokens, seed).held_out)
    found: list[str] = []
    for start in range(0, len(rows), count):
        part = rows[start : start + count].tolist()
        headings = bundle.documents.headings(part)
        found += [headings[row][1] for row in part if len(headings[row][1]) >= _LEAST_TITLE]
        if len(found) >= count:
            break
    return found[:count]


def language_models_in(specs: Sequence[str]) -> list[str]:
    """The specs of judges that are language models.

    Args:
        specs: As a user writes them: `embedder:SPEC` for another embedder, `openai:MODEL` for a
            language model.

    Raises:
        InputError: A spec names no judge.
    """
    for spec in specs:
        kind, _, argument = spec.partition(":")
        if kind not in (_EMBEDDER, _MODEL) or not argument:
            raise InputError(
                f"'{spec}' does not name a judge.",
                "Write embedder: and an embedder, such as embedder:minilm, or openai: and a "
                "language model's name.",
            )
    return [spec for spec in specs if spec.partition(":")[0] == _MODEL]


def load_judge(
    spec: str,
    bundle: Bundle,
    sae: StoredSae,
    models: Mapping[str, LanguageModel],
    *,
    seed: int,
    base_url: str | None = None,
) -> ResultsJudge:
    """The judge that a spec names.

    Specs are those of `language_models_in`, and so are the keys of `models`. `base_url` is the
    address of an embedder's endpoint.

    Raises:
        InputError: The embedder is the bundle's own.
        EmbedderError: There is no such embedder, or it cannot be loaded here.
    """
    names = [record.label for record in sae.features]
    if spec in models:
        return ModelJudge(
            models[spec], lambda row: bundle.documents.document(row).embedding_text, names
        )
    settings = EmbedderSettings(spec.partition(":")[2].strip())
    check_is_another(settings, bundle)
    # Only embedders behind an endpoint know what to do with its address.
    embedder = load_embedder(settings, base_url=base_url if settings.kind == _MODEL else None)
    check_sees_otherwise(embedder, bundle)
    return EmbedderJudge(spec, embedder, bundle, names, seed)


@dataclass(frozen=True)
class RelevanceJudge:
    """Picks the labels to which the mean relevance of results rose and fell most.

    Attributes:
        name: Of the measure of relevance.
        relevance: Float32 `(documents, labels)`, each label in standard deviations of the corpus,
            so that labels can be compared.
        rows: int64, ascending, the documents that `relevance` is about.
        labelled: int64, ascending, the feature of each label.
    """

    name: str
    relevance: Float
    rows: NDArray[np.int64]
    labelled: NDArray[np.int64]

    def change(self, comparison: Comparison) -> Float:
        """By how much the mean relevance rose, for each label shown; float32."""
        before, after = (
            self.relevance[np.searchsorted(self.rows, rows)].mean(axis=0)
            for rows in (comparison.before, comparison.after)
        )
        change: Float = (after - before)[np.searchsorted(self.labelled, comparison.shown)]
        return change

    def picks(self, comparisons: Sequence[Comparison], progress: Progress) -> Picks:
        """The labels that changed most; nothing here takes long."""
        changes = np.stack([self.change(each) for each in comparisons])
        return Picks(shares_of_largest(changes), shares_of_largest(-changes))


def word_judges(
    tokens: Tokens, labels: Sequence[str], labelled: NDArray[np.int64], seed: int
) -> tuple[RelevanceJudge, ...]:
    """Two judges that read labels and documents by the words of the corpus alone."""
    everything = np.arange(tokens.documents, dtype=np.int32)
    space = WordSpace(tokens, everything, seed)
    queries = space.queries(list(labels))
    covered = np.asarray((space.saturated @ queries.T).todense(), dtype=np.float32)
    alike = np.asarray(space.vectors @ space.query_vectors(queries).T, dtype=np.float32)
    rows = everything.astype(np.int64)
    return (
        RelevanceJudge(WORDS, _standardised(covered, covered), rows, labelled),
        RelevanceJudge(WORD_SPACE, _standardised(alike, alike), rows, labelled),
    )


class EmbedderJudge:
    """Picks by the cosine of documents and labels in the space of another embedder.

    Only documents that appear among results are embedded, and a sample of the corpus, by which the
    cosines to each label are standardised.

    The embedder is not the one that the SAE was trained on; see `check_is_another`. Tables call
    the judge by its `name`; `names` are the labels of all features.
    """

    def __init__(
        self, name: str, embedder: Embedder, bundle: Bundle, names: Sequence[str], seed: int
    ) -> None:
        self.name = name
        self._embedder = embedder
        self._bundle = bundle
        self._names = names
        self._seed = seed

    def picks(self, comparisons: Sequence[Comparison], progress: Progress) -> Picks:
        """Embed what the comparisons show, and pick.

        Raises:
            EmbedderError: The embedder failed.
        """
        labelled = np.unique(np.concatenate([each.shown for each in comparisons]))
        size = len(self._bundle)
        drawn = np.random.default_rng(self._seed).permutation(size)[:_SAMPLE]
        seen = [rows for each in comparisons for rows in (each.before, each.after)]
        rows = np.unique(np.concatenate([drawn, *seen]))
        progress.start(
            f"Judging with {self._embedder.name}", len(labelled) + len(rows), "documents and labels"
        )
        labels = []
        for feature in labelled.tolist():
            labels.append(self._embedder.embed_query(self._names[feature]))
            progress.advance()
        batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
        alike = np.concatenate(
            [
                _document_vectors(self._embedder, self._bundle, batch, progress)
                @ np.stack(labels).T
                for batch in batches
            ]
        )
        relevance = _standardised(alike, alike[np.searchsorted(rows, drawn)])
        return RelevanceJudge(self.name, relevance, rows, labelled).picks(comparisons, progress)


def check_is_another(settings: EmbedderSettings, bundle: Bundle) -> None:
    """Refuse an embedder that cannot judge, before it is loaded.

    Raises:
        InputError: It is the bundle's own, by name, or has no vectors for labels.
    """
    own = EmbedderSettings.from_dict(bundle.manifest.embedder)
    if settings.spec in (own.spec, own.query_spec):
        raise _its_own(settings.spec)
    if settings.kind == "precomputed":
        raise InputError(
            "Vectors that were made elsewhere cannot judge: there are none of the labels.",
            "Name a model, such as --judge embedder:sentence-transformers:MODEL.",
        )


def check_sees_otherwise(embedder: Embedder, bundle: Bundle) -> None:
    """Refuse the bundle's own embedder under another name: its vectors are those of the bundle.

    Raises:
        InputError: It is the bundle's own.
        EmbedderError: The embedder failed.
    """
    if embedder.dimensions != bundle.manifest.dimensions or not len(bundle):
        return
    rows = np.unique(np.linspace(0, len(bundle) - 1, _COMPARED).astype(np.int64))
    own = np.asarray(bundle.embeddings[rows], dtype=np.float32)
    vectors = _document_vectors(embedder, bundle, rows)
    if float(np.median((vectors * own).sum(axis=1))) > _THE_SAME:
        raise _its_own(embedder.name)


def _its_own(spec: str) -> InputError:
    return InputError(
        f"'{spec}' is the embedder that the bundle's SAE was trained on, so it cannot judge it.",
        "Name another one, such as --judge embedder:sentence-transformers:MODEL.",
    )


def _document_vectors(
    embedder: Embedder, bundle: Bundle, rows: NDArray[np.int64], progress: Progress | None = None
) -> Float:
    """The vectors that an embedder gives to documents; float32 `(m, d)` of unit norm."""
    texts = [bundle.documents.document(row).embedding_text for row in rows.tolist()]
    return embedder.embed_documents(texts, progress)


def _standardised(values: Float, sample: Float) -> Float:
    """Relevances, each label in standard deviations of a sample of the corpus."""
    spread = sample.std(axis=0)
    # A label of which no document knows a word says the same of all.
    return np.asarray(
        (values - sample.mean(axis=0)) / np.where(spread > _LEAST_SPREAD, spread, 1), np.float32
    )

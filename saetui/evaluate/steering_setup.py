"""What an evaluation of steering needs: trials drawn from a bundle, and judges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from saetui.core.codec import Float
from saetui.core.scores import Term
from saetui.core.steering import Shown
from saetui.embed import Embedder, EmbedderSettings, embed_queries, load_embedder
from saetui.errors import InputError
from saetui.evaluate.model_judge import ModelJudge
from saetui.evaluate.recognition import ResultsJudge
from saetui.evaluate.relevance_judges import (
    EmbedderJudge,
    check_is_another,
    check_sees_otherwise,
    word_judges,
)
from saetui.evaluate.steering import DEPTH, Bench
from saetui.evaluate.steering_trials import SHOWN, Trial, eligible_features, make_trials
from saetui.interpret.judging.split import split_documents
from saetui.interpret.llm.model import LanguageModel
from saetui.interpret.terms.tokens import Tokens, read_documents
from saetui.progress import Progress
from saetui.store.bundle import Bundle
from saetui.store.stored_sae import StoredSae

_LEAST_TITLE = 20
_EMBEDDER = "embedder"
_MODEL = "openai"


@dataclass(frozen=True)
class Prepared:
    """What is needed to run an evaluation.

    Attributes:
        bench: What the trials are run on.
        trials: The queries, each with a feature to raise and one to lower.
        queries: How many queries there were; one that activates no eligible feature makes no
            trial.
        eligible: How many features could be drawn.
        judges: Those that need nothing but the words of the corpus.
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

    Args:
        spec: See `language_models_in`.
        bundle: With the documents.
        sae: With the labels.
        models: The language models, by spec.
        seed: Of the documents that an embedder samples.
        base_url: Address of an embedder's endpoint.

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

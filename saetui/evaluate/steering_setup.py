"""Make ready to evaluate steering on a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saetui.embed import Embedder
from saetui.errors import InputError
from saetui.evaluate.judging import Judge
from saetui.evaluate.relevance_judges import word_judges
from saetui.evaluate.steering import DEPTH, Bench
from saetui.evaluate.steering_trials import SHOWN, Trial, eligible_features, make_trials
from saetui.interpret.judging.split import split_documents
from saetui.interpret.terms.tokens import Tokens, read_documents
from saetui.progress import Progress
from saetui.store.bundle import Bundle, StoredSae

_LEAST_TITLE = 20


@dataclass(frozen=True)
class Prepared:
    """What is needed to run an evaluation.

    Attributes:
        bench: The bundle's side.
        trials: The queries' side.
        queries: How many queries there were; those that activate no eligible feature make no
            trial.
        eligible: How many features could be drawn.
        judges: Those that need nothing but the corpus's words.
    """

    bench: Bench
    trials: list[Trial]
    queries: int
    eligible: int
    judges: tuple[Judge, ...]


def prepare(
    bundle: Bundle,
    sae: StoredSae,
    embedder: Embedder,
    progress: Progress,
    *,
    count: int,
    seed: int,
    queries: Sequence[str] | None = None,
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
    embedded = []
    for text in chosen:
        embedded.append((text, embedder.embed_query(text)))
        progress.advance()
    trials = make_trials(sae.weights, embedded, eligible, seed)
    if not trials:
        raise InputError("No query activates a labelled feature.", "Give other queries.")
    names = [record.label for record in sae.features]
    labels = [names[feature] for feature in eligible.tolist()]
    bench = Bench(sae.weights, sae.postings, bundle.embeddings, names)
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

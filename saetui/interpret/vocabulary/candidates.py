"""Names of a vocabulary that a feature could have, by its words and by their meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from saetui.core.codec import Float, Int
from saetui.core.search import top
from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.labels import Scores
from saetui.interpret.terms.contrast import Counts, Embed, PhraseContrast, embedded, spread_of
from saetui.interpret.terms.phrases import Phrases
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.vocabulary.names import Vocabulary
from saetui.interpret.vocabulary.occurrences import find_names
from saetui.progress import Progress

# Names of each feature that are tried: the best by words, and the best by meaning.
_BY_WORDS, _BY_MEANING = 6, 4
# Names whose meaning is looked at, at most; MiniLM reads some hundred a second on two cores.
_MOST_EMBEDDED = 4_000
_BATCH = 256


@dataclass(frozen=True)
class Candidate:
    """A name that a feature could have.

    Attributes:
        name: As the vocabulary has it.
        evidence: What speaks for it in standard errors, as terms of documents have it.
        said: Share of the feature's strongest documents that say it or an alternative, weighted by
            their activations.
    """

    name: str
    evidence: float
    said: float


@dataclass(frozen=True)
class Candidates:
    """Names that features could have.

    Attributes:
        of_features: Of each feature.
        documents: How many documents say each name of the vocabulary.
    """

    of_features: dict[int, list[Candidate]]
    documents: dict[str, int]


def vocabulary_candidates(
    vocabulary: Vocabulary,
    tokens: Tokens,
    labelling: Int,
    evidence: Mapping[int, Evidence],
    *,
    covariance: Float,
    embed: Embed | None,
    progress: Progress,
) -> Candidates:
    """The names that set each feature's strongest documents apart most, at most ten.

    Half of them are chosen because these documents say them, or an alternative, more often than
    others do; the rest because these documents are nearer to them in meaning than others are.

    Args:
        vocabulary: The names.
        tokens: Of all documents.
        labelling: Rows of the documents that may be read, ascending.
        evidence: Of each feature that is to have candidates.
        covariance: Of the corpus's embeddings, `(d, d)`.
        embed: Embeds names as the documents were embedded; None to use words alone.
        progress: Counts every name that is embedded.

    Raises:
        EmbedderError: `embed` failed to return one vector of width `d` per name.
    """
    said = find_names(tokens.only(labelling), vocabulary)
    contrast = PhraseContrast(said)
    names = [each.name for each in vocabulary.concepts]
    found: dict[int, Scores] = {}
    shares: dict[int, Counts] = {}
    for feature, each in evidence.items():
        placed = replace(
            each,
            rows=np.searchsorted(labelling, each.rows).astype(np.int32),
            negatives=np.searchsorted(labelling, each.negatives).astype(np.int32),
        )
        strongest = contrast.strongest(placed, _BY_WORDS)
        found[feature] = {names[phrase]: score for phrase, score in strongest if score > 0}
        shares[feature] = _shares(said, placed)
    if embed is not None:
        _add_meaning(
            found, said, names, evidence, covariance=covariance, embed=embed, progress=progress
        )
    documents = np.bincount(said.members, minlength=len(names)).tolist()
    places = {name: place for place, name in enumerate(names)}
    return Candidates(
        {
            feature: [
                Candidate(name, score, float(shares[feature][places[name]]))
                for name, score in scores.items()
            ]
            for feature, scores in found.items()
        },
        dict(zip(names, documents, strict=True)),
    )


def _shares(said: Phrases, evidence: Evidence) -> Counts:
    """Of each name the share of a feature's strongest documents that say it."""
    shares = np.zeros(len(said))
    for row, weight in zip(evidence.rows.tolist(), evidence.weights.tolist(), strict=True):
        shares[said.members[said.indptr[row] : said.indptr[row + 1]]] += weight
    return np.asarray(shares / evidence.weights.sum())


def _add_meaning(
    found: dict[int, Scores],
    said: Phrases,
    names: list[str],
    evidence: Mapping[int, Evidence],
    *,
    covariance: Float,
    embed: Embed,
    progress: Progress,
) -> None:
    """Add what the meaning of names says for them, and the names for which it says most."""
    # Of a large vocabulary, the names that most documents say.
    documents = np.bincount(said.members, minlength=len(names))
    asked = np.sort(np.argsort(-documents, kind="stable")[:_MOST_EMBEDDED])
    vectors = np.empty((len(asked), len(covariance)), dtype=np.float32)
    progress.start("Embedding the vocabulary", len(asked), "names")
    for start in range(0, len(asked), _BATCH):
        batch = [names[place] for place in asked[start : start + _BATCH].tolist()]
        vectors[start : start + len(batch)] = embedded(embed, batch, len(covariance))
        progress.advance(len(batch))
    directions = vectors / spread_of(vectors, covariance)[:, None]
    known = [names[place] for place in asked.tolist()]
    places = {name: place for place, name in enumerate(known)}
    for feature, scores in found.items():
        each = evidence[feature]
        meaning = each.root_size * (directions @ each.shift)
        nearest = {known[place]: 0.0 for place in top(meaning, _BY_MEANING).tolist()}
        found[feature] = {
            name: score + float(meaning[places[name]]) if name in places else score
            for name, score in (nearest | scores).items()
        }

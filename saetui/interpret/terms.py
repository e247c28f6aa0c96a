"""Name features offline: by the terms that set their documents apart from all others."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from saetui.core.postings import Postings
from saetui.errors import BuildError
from saetui.interpret.evidence import Evidence, Sample, gather_evidence
from saetui.interpret.labels import (
    FeatureLabel,
    Key,
    abbreviates,
    distinct_names,
    distinct_terms,
    key_of,
    shorten,
)
from saetui.interpret.log_odds import PhraseContrast
from saetui.interpret.markup import plain_text
from saetui.interpret.phrases import find_phrases, spell
from saetui.interpret.separation import Embed, separations
from saetui.interpret.tokens import tokenize
from saetui.progress import Progress
from saetui.text import visible_line

VERSION = 1
"""Of the method; raised whenever it may give other labels on the same data."""

_CANDIDATES = 12
# More phrases are looked at, because forms of one term become one candidate.
_PHRASES = 2 * _CANDIDATES
_TERMS = 6

Scores = dict[str, float]
"""Candidate terms of a feature, best first."""


def label_features(
    documents: Iterable[tuple[str, str]],
    postings: Postings,
    *,
    embeddings: NDArray[np.floating],
    embed: Embed | None,
    progress: Progress,
) -> list[FeatureLabel]:
    """Name every feature by terms as its documents write them.

    Candidates are the phrases that a feature's strongest documents use more than the rest of the
    corpus and more than the nearest documents that do not activate it. With an embedder they are
    ranked anew by how well their meaning, too, sets these documents apart. A feature without any
    such phrase is named after its strongest document; one without documents has no name.

    The result depends on nothing but the arguments: all ties are broken by stated rules.

    Args:
        documents: `(title, text)` of every document by row; read once.
        postings: Of the SAE on these documents.
        embeddings: Of these documents, `(N, d)`, of any floating type, maybe memory-mapped.
        embed: Embeds terms as the documents were embedded; None for labels without it.
        progress: Is told of every document, feature and term.

    Returns:
        One label per feature, in order of features.

    Raises:
        BuildError: There are more or fewer documents than embeddings.
        EmbedderError: `embed` failed to return one vector of width `d` per term.
    """
    progress.start("Reading texts", len(embeddings), "documents")
    tokens = tokenize(_counted(documents, progress))
    if tokens.documents != len(embeddings):
        raise BuildError(
            f"There are {tokens.documents:,} texts, but {len(embeddings):,} embeddings.",
            "Embed the corpus again.",
        )
    sample = Sample(embeddings)
    evidence: dict[int, Evidence] = {}
    candidates: dict[int, Scores] = {}
    phrases = find_phrases(tokens)
    contrast = PhraseContrast(phrases)
    spellings: dict[int, str] = {}
    progress.start("Comparing documents", int(np.count_nonzero(postings.counts())), "features")
    for each in gather_evidence(postings, embeddings, sample):
        scored = contrast.strongest(each, _PHRASES)
        for phrase, _ in scored:
            if phrase not in spellings:
                spellings[phrase] = spell(phrases, phrase)
        evidence[each.feature] = each
        candidates[each.feature] = _merged((spellings[phrase], score) for phrase, score in scored)
        progress.advance()
    method = "terms"
    if embed is not None:
        method = "terms+embedding"
        candidates = _ranked_by_meaning(
            candidates, separations(candidates, evidence, sample.covariance(), embed, progress)
        )
    openings = {feature: tokens.openings[each.rows[0]] for feature, each in evidence.items()}
    return _labels(postings.n, candidates, openings, method)


def _counted(
    documents: Iterable[tuple[str, str]], progress: Progress
) -> Iterator[tuple[str, str]]:
    for document in documents:
        yield document
        progress.advance()


def _merged(scored: Iterable[tuple[str, float]]) -> Scores:
    """The best candidates, forms of one term as one; an abbreviation lends its score to its term."""
    best: dict[Key, tuple[str, float]] = {}
    for term, score in scored:
        best.setdefault(key_of(term), (term, score))
    merged: Scores = {}
    for term, score in best.values():
        full = next((long for long, _ in best.values() if abbreviates(term, long)), term)
        merged.setdefault(full, score)
    return dict(list(merged.items())[:_CANDIDATES])


def _ranked_by_meaning(
    candidates: Mapping[int, Scores], meaning: Mapping[tuple[int, str], float]
) -> dict[int, Scores]:
    """Candidates by the sum of both scores, in standard errors; equal sums keep their order."""
    ranked = {}
    for feature, scores in candidates.items():
        total = {term: score + meaning[feature, term] for term, score in scores.items()}
        ranked[feature] = dict(sorted(total.items(), key=lambda item: -item[1]))
    return ranked


def _labels(
    n: int, candidates: Mapping[int, Scores], openings: Mapping[int, str], method: str
) -> list[FeatureLabel]:
    named = [feature for feature in sorted(candidates) if candidates[feature]]
    names = distinct_names(
        [(list(candidates[feature]), max(candidates[feature].values())) for feature in named]
    )
    labels = [FeatureLabel(feature, "", "none", (), VERSION) for feature in range(n)]
    for feature, opening in openings.items():
        title = shorten(visible_line(plain_text(opening)))
        labels[feature] = FeatureLabel(feature, title, "title", (), VERSION)
    for feature, name in zip(named, names, strict=True):
        terms = distinct_terms(candidates[feature], _TERMS)
        labels[feature] = FeatureLabel(feature, name, method, terms, VERSION)
    return labels

"""Name features offline: by the terms that set their documents apart from all others."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial

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
from saetui.interpret.phrases import Phrases, find_phrases
from saetui.interpret.separation import Embed, separations
from saetui.interpret.spelling import spell
from saetui.interpret.tokens import Tokens, tokenize
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
    tokens = _read(documents, len(embeddings), progress)
    if not postings.counts().any():
        return _labels(postings.n, {}, {}, "none")
    sample = Sample(embeddings)
    evidence = {each.feature: each for each in gather_evidence(postings, embeddings, sample)}
    candidates = _candidates(find_phrases(tokens), evidence, progress)
    method = "terms"
    if embed is not None:
        method = "terms+embedding"
        meaning = separations(candidates, evidence, sample.covariance(), embed, progress)
        candidates = _ranked_by_meaning(candidates, meaning)
    openings = {feature: tokens.openings[each.rows[0]] for feature, each in evidence.items()}
    return _labels(postings.n, candidates, openings, method)


def _read(documents: Iterable[tuple[str, str]], expected: int, progress: Progress) -> Tokens:
    def counted() -> Iterator[tuple[str, str]]:
        for document in documents:
            yield document
            progress.advance()

    progress.start("Reading texts", expected, "documents")
    tokens = tokenize(counted())
    if tokens.documents != expected:
        raise BuildError(
            f"There are {tokens.documents:,} texts, but {expected:,} embeddings.",
            "Embed the corpus again.",
        )
    return tokens


def _candidates(
    phrases: Phrases, evidence: Mapping[int, Evidence], progress: Progress
) -> dict[int, Scores]:
    contrast = PhraseContrast(phrases)
    spelled = cache(partial(spell, phrases))
    candidates = {}
    progress.start("Comparing documents", len(evidence), "features")
    for feature, each in evidence.items():
        scored = contrast.strongest(each, _PHRASES)
        candidates[feature] = _merged((spelled(phrase), score) for phrase, score in scored)
        progress.advance()
    return candidates


def _merged(scored: Iterable[tuple[str, float]]) -> Scores:
    """The best candidates, forms of one term as one; abbreviations lend theirs their scores."""
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
    labels = [FeatureLabel(feature, "", "none", (), VERSION) for feature in range(n)]
    for feature, opening in openings.items():
        if title := _readable(opening):
            labels[feature] = FeatureLabel(feature, title, "title", (), VERSION)
    named = [feature for feature in sorted(candidates) if candidates[feature]]
    names = distinct_names(
        [(list(candidates[feature]), max(candidates[feature].values())) for feature in named]
    )
    for feature, name in zip(named, names, strict=True):
        terms = distinct_terms(candidates[feature], _TERMS)
        labels[feature] = FeatureLabel(feature, name, method, terms, VERSION)
    return labels


def _readable(opening: str) -> str:
    """A title on one line, without markup unless it consists of markup only."""
    plain = plain_text(opening)
    readable = plain if any(letter.isalnum() for letter in plain) else opening
    return shorten(visible_line(readable))

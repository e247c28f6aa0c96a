"""Name features offline: by the terms that set their documents apart from all others."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int, Postings
from saetui.core.words import without_spaces
from saetui.interpret.judging.evidence import Evidence, Sample, gather_evidence
from saetui.interpret.judging.split import restricted
from saetui.interpret.labels import (
    FeatureLabel,
    Key,
    Scores,
    abbreviates,
    completed,
    distinct_names,
    distinct_terms,
    key_of,
    shorten,
)
from saetui.interpret.terms.contrast import Embed, PhraseContrast, separations
from saetui.interpret.terms.phrases import Phrases, find_phrases, spell
from saetui.interpret.terms.term_ranking import Tried
from saetui.interpret.terms.tokens import Tokens, plain_text
from saetui.progress import Progress
from saetui.text import visible_line

VERSION = 9
"""Of the method; raised whenever it may give other labels on the same data."""

_CANDIDATES = 12
# More phrases than candidates, because forms of one term are merged into one candidate.
_PHRASES = 2 * _CANDIDATES
_TERMS = 6


@dataclass(frozen=True)
class NamedFeatures:
    """Labels, and what they were made from.

    Attributes:
        labels: One per feature, in order of features.
        evidence: Of each feature that is active on a document of the labelling part.
        candidates: Terms that each of these features could be named by.
        parts: Terms that mostly occur as part of longer ones.
        openings: The title that names a feature without terms.
        method: `terms` or `terms+embedding`.
    """

    labels: list[FeatureLabel]
    evidence: dict[int, Evidence]
    candidates: dict[int, Scores]
    parts: set[str]
    openings: dict[int, str]
    method: str

    def renamed(self, tried: Mapping[int, Tried]) -> list[FeatureLabel]:
        """Choose the labels again, after the candidates were tried on documents."""
        terms = {feature: each.terms for feature, each in tried.items()}
        joined = {feature: each.joined for feature, each in tried.items()}
        return _labels(len(self.labels), terms, self.openings, self.method, joined)


def name_features(
    tokens: Tokens,
    postings: Postings,
    labelling: Int,
    *,
    embeddings: NDArray[np.floating],
    embed: Embed | None,
    progress: Progress,
    only: Collection[int] | None = None,
) -> NamedFeatures:
    """Name every feature by a term, written as its documents write it.

    Candidates are the phrases that a feature's strongest documents use more than the rest of the
    corpus and more than the nearest documents that do not activate it. With an embedder they are
    then ranked by how well their meaning sets these documents apart, too. A feature without any
    such phrase is named after its strongest document; one without documents has no name.

    Only documents of `labelling` are read, except for the titles of features that are active on
    none of them and so cannot be scored. The result is deterministic: all ties are broken by
    stated rules.

    Args:
        tokens: Of all documents.
        postings: Of the SAE on all documents.
        labelling: Rows that may be read, ascending.
        embeddings: Of all documents, `(N, d)`, of any floating type, may be memory-mapped.
        embed: Embeds terms as the documents were embedded; None to use words alone.
        progress: Counts every feature and term.
        only: Features to look for candidates of; None for all. The others are named after their
            strongest document, as if there were no candidates.

    Raises:
        EmbedderError: `embed` failed to return one vector of width `d` per term.
    """
    openings = _openings(tokens, postings)
    seen = restricted(postings, labelling)
    if not seen.counts().any():
        return NamedFeatures(_labels(postings.n, {}, openings, "none"), {}, {}, set(), {}, "none")
    sample = Sample(embeddings, labelling)
    evidence = {each.feature: each for each in gather_evidence(seen, embeddings, sample)}
    phrases = find_phrases(tokens.only(labelling))
    wanted = {f: each for f, each in evidence.items() if only is None or f in only}
    candidates = _candidates(phrases, wanted, labelling, progress)
    method = "terms"
    if embed is not None:
        method = "terms+embedding"
        meaning = separations(candidates, wanted, sample.covariance(), embed, progress)
        candidates = _ranked_by_meaning(candidates, meaning)
    parts = _parts(phrases)
    whole = {feature: completed(scores, parts) for feature, scores in candidates.items()}
    openings |= {feature: tokens.openings[each.rows[0]] for feature, each in evidence.items()}
    labels = _labels(postings.n, whole, openings, method)
    return NamedFeatures(labels, evidence, candidates, parts, openings, method)


def _openings(tokens: Tokens, postings: Postings) -> dict[int, str]:
    """The title of each feature's strongest document."""
    active = np.flatnonzero(postings.counts()).tolist()
    return {feature: tokens.openings[postings.documents(feature)[0][0]] for feature in active}


def _candidates(
    phrases: Phrases, evidence: Mapping[int, Evidence], labelling: Int, progress: Progress
) -> dict[int, Scores]:
    """Candidates of each feature; `phrases` numbers documents by their position in `labelling`."""
    contrast = PhraseContrast(phrases)
    spelled = cache(partial(spell, phrases))
    candidates = {}
    progress.start("Comparing documents", len(evidence), "features")
    for feature, each in evidence.items():
        placed = replace(
            each,
            rows=np.searchsorted(labelling, each.rows).astype(np.int32),
            negatives=np.searchsorted(labelling, each.negatives).astype(np.int32),
        )
        scored = contrast.strongest(placed, _PHRASES)
        candidates[feature] = _merged((spelled(phrase), score) for phrase, score in scored)
        progress.advance()
    return candidates


def _merged(scored: Iterable[tuple[str, float]]) -> Scores:
    """The best candidates: one per term whatever its forms, the full term for an abbreviation."""
    best: dict[Key, tuple[str, float]] = {}
    for term, score in scored:
        best.setdefault(key_of(term), (term, score))
    merged: Scores = {}
    for term, score in best.values():
        full = next((long for long, _ in best.values() if abbreviates(term, long)), term)
        merged.setdefault(full, score)
    return dict(list(merged.items())[:_CANDIDATES])


def _parts(phrases: Phrases) -> set[str]:
    """Terms that mostly occur as part of longer ones."""
    parts = np.flatnonzero(~phrases.whole)
    return {spell(phrases, phrase) for phrase in parts.tolist()}


def _ranked_by_meaning(
    candidates: Mapping[int, Scores], meaning: Mapping[tuple[int, str], float]
) -> dict[int, Scores]:
    """Sort candidates by the sum of both scores; equal sums keep their order."""
    ranked = {}
    for feature, scores in candidates.items():
        total = {term: score + meaning[feature, term] for term, score in scores.items()}
        ranked[feature] = dict(sorted(total.items(), key=lambda item: -item[1]))
    return ranked


def _labels(
    n: int,
    candidates: Mapping[int, Scores],
    openings: Mapping[int, str],
    method: str,
    joined: Mapping[int, str] = MappingProxyType({}),
) -> list[FeatureLabel]:
    """Labels of all features; a name of two joined terms, if there is one, comes first."""
    labels = [FeatureLabel(feature, "", "none", (), VERSION) for feature in range(n)]
    for feature, opening in openings.items():
        if title := _readable(opening):
            labels[feature] = FeatureLabel(feature, title, "title", (), VERSION)
    named = [feature for feature in sorted(candidates) if candidates[feature]]
    names = distinct_names(
        [
            (
                list(filter(None, (joined.get(feature), *candidates[feature]))),
                max(candidates[feature].values()),
            )
            for feature in named
        ]
    )
    for feature, name in zip(named, names, strict=True):
        terms = tuple(map(without_spaces, distinct_terms(candidates[feature], _TERMS)))
        labels[feature] = FeatureLabel(feature, without_spaces(name), method, terms, VERSION)
    return labels


def _readable(opening: str) -> str:
    """A title on one line, without markup unless markup is all there is."""
    plain = plain_text(opening)
    readable = plain if any(letter.isalnum() for letter in plain) else opening
    return shorten(visible_line(readable))

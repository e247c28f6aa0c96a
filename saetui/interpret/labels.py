"""What a feature is called, and how names are made to read well and differ."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from saetui.interpret.terms.words import word_of

LONGEST_LABEL = 50

_SEPARATORS = re.compile(r"[\s,-]+")

# How much of the score of a part a longer term must have to stand for it.
_COMPLETION = 0.7

Key = tuple[str, ...]

Scores = dict[str, float]
"""Terms of a feature with what speaks for each, best first."""


@dataclass(frozen=True, slots=True)
class FeatureLabel:
    """A name for one feature, and where it comes from.

    Attributes:
        feature: Its number.
        text: The name; "" for a feature without documents.
        method: `terms`, `terms+embedding`, `title` or `none`.
        terms: What else was found to name it, best first, the name's own term among them.
        version: Of the method: labels of different versions may differ on the same data.
    """

    feature: int
    text: str
    method: str
    terms: tuple[str, ...]
    version: int


def key_of(term: str) -> Key:
    """What terms have in common that differ in case, hyphens or number only."""
    return tuple(word_of(part) for part in _SEPARATORS.split(term) if part)


def contains(longer: Key, shorter: Key) -> bool:
    """Whether `shorter` is a run of words of `longer`, or all of it."""
    spans = range(len(longer) - len(shorter) + 1)
    return any(longer[start : start + len(shorter)] == shorter for start in spans)


def abbreviates(short: str, term: str) -> bool:
    """Whether `short` is made of the initials of `term`: "TDEs", "tidal disruption events"."""
    letters = short.removesuffix("s")
    if len(letters) < 2 or not letters.isupper():
        return False
    return letters == "".join(part[0] for part in _SEPARATORS.split(term) if part).upper()


def sentence_case(term: str) -> str:
    """`term` with a capital first letter, unless its first part has capitals of its own."""
    first = _SEPARATORS.split(term, maxsplit=1)[0]
    return term if any(letter.isupper() for letter in first) else term[:1].upper() + term[1:]


def completed(scores: Scores, parts: Collection[str]) -> Scores:
    """`scores` with the longer term first that the best one is part of, if that is nearly as good.

    "Bayesian" is no name; "Bayesian inference" is one.

    Args:
        scores: Of a feature's terms.
        parts: Terms that mostly are part of longer ones.
    """
    best = next(iter(scores), "")
    if best not in parts:
        return scores
    key, least = key_of(best), _COMPLETION * scores[best]
    whole = [
        term
        for term, score in scores.items()
        if score >= least and term not in parts and _completes(term, key)
    ]
    # The shortest says least that is not so: "multimodal data".
    chosen = min(whole, key=lambda term: len(key_of(term)), default=best)
    return {term: scores[term] for term in (chosen, *scores)}


def _completes(term: str, key: Key) -> bool:
    """Whether `term` goes on after `key` with a word, not with a number: "NGC 4278"."""
    *_, last = term.split(" ")
    return contains(key_of(term), key) and not any(letter.isdigit() for letter in last)


def distinct_terms(terms: Iterable[str], limit: int) -> tuple[str, ...]:
    """The first terms of which none contains or abbreviates another."""
    kept: list[tuple[str, Key]] = []
    for term in terms:
        key = key_of(term)
        if len(kept) < limit and not any(
            contains(key, other)
            or contains(other, key)
            or abbreviates(term, text)
            or abbreviates(text, term)
            for text, other in kept
        ):
            kept.append((term, key))
    return tuple(term for term, _ in kept)


def distinct_names(ranked: Sequence[tuple[Sequence[str], float]]) -> list[str]:
    """A name for each feature, different ones where possible.

    Features choose in order of strength, equally strong ones in order of place. Each takes its
    best term. Where that is taken it goes down its other terms: one that shares a word with the
    best stands alone ("Supermassive black holes"), another is appended ("Black holes, jets").
    Names that are too long are passed over. Where nothing is left, two features share a name.

    Args:
        ranked: For each feature its terms, best first, at least one, and how strong the best is.
    """
    taken: set[Key] = set()
    names = [""] * len(ranked)
    for place in sorted(range(len(ranked)), key=lambda place: (-ranked[place][1], place)):
        options = _options(ranked[place][0])
        name = next((name for name in options if key_of(name) not in taken), options[0])
        taken.add(key_of(name))
        names[place] = sentence_case(name)
    return names


def _options(terms: Sequence[str]) -> list[str]:
    """Names to choose from, the best first; too long ones only if there is no other."""
    best, *others = _fitting(terms) or [shorten(terms[0])]
    key = key_of(best)
    options = [best]
    for term in others:
        related = not set(key).isdisjoint(key_of(term)) or _mentions(term, best)
        options.append(term if related else f"{best}, {term}")
    return _fitting(options)


def _fitting(names: Iterable[str]) -> list[str]:
    return [name for name in names if len(name) <= LONGEST_LABEL]


def _mentions(term: str, best: str) -> bool:
    """Whether a word of `term` abbreviates `best`: "PAH emission"."""
    return any(abbreviates(word, best) for word in term.split(" "))


def shorten(text: str) -> str:
    """`text` cut at a word, with an ellipsis, where it is longer than a label may be."""
    if len(text) <= LONGEST_LABEL:
        return text
    cut = text[: LONGEST_LABEL - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:.-") + "\u2026"

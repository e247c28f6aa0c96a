"""Labels of features, and rules that make labels read well and differ from each other."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from saetui.interpret.terms.words import word_of

LONGEST_LABEL = 50

_SEPARATORS = re.compile(r"[\s,-]+")

# A word is the beginning of another one only if it has at least this many letters.
_SAME_BEGINNING = 4

# A longer term may replace its part if it has at least this share of the part's score.
_COMPLETION = 0.7

Key = tuple[str, ...]

Scores = dict[str, float]
"""Scores of a feature's candidate terms, best first."""


@dataclass(frozen=True, slots=True)
class FeatureLabel:
    """A name for one feature, and where it comes from.

    Attributes:
        feature: Its number.
        text: The name; "" for a feature without documents.
        method: `terms`, `terms+embedding`, `vocabulary`, `title` or `none`.
        terms: The best terms for it, best first, that of the name included.
        version: Of the method: other versions may give other labels on the same data.
    """

    feature: int
    text: str
    method: str
    terms: tuple[str, ...]
    version: int


def key_of(term: str) -> Key:
    """A key that is equal for terms that differ only in case, hyphens, or singular and plural."""
    return tuple(word_of(part) for part in _SEPARATORS.split(term) if part)


def contains(longer: Key, shorter: Key) -> bool:
    """Whether the words of `shorter` occur in `longer` one after another."""
    spans = range(len(longer) - len(shorter) + 1)
    return any(longer[start : start + len(shorter)] == shorter for start in spans)


def alike(word: str, other: str) -> bool:
    """Whether two words are equal or one begins with the other: "Chandra", "Chandrasekhar"."""
    short, long = sorted((word, other), key=len)
    return long == short or (len(short) >= _SAME_BEGINNING and long.startswith(short))


def abbreviates(short: str, term: str) -> bool:
    """Whether `short` is the initials of `term`, as "TDEs" is of "tidal disruption events"."""
    letters = short.removesuffix("s")
    if len(letters) < 2 or not letters.isupper():
        return False
    return letters == "".join(part[0] for part in _SEPARATORS.split(term) if part).upper()


def is_joined(label: str) -> bool:
    """Whether a label is two terms for two concepts; " & " stands between those not in English."""
    return " and " in label or " & " in label


def sentence_case(term: str) -> str:
    """`term` with a capital first letter, unless its first part has capitals of its own."""
    first = _SEPARATORS.split(term, maxsplit=1)[0]
    return term if any(letter.isupper() for letter in first) else term[:1].upper() + term[1:]


def completed(scores: Scores, parts: Collection[str]) -> Scores:
    """Move a longer term first that contains the best one, if it scores nearly as high.

    "Bayesian" is a poor name, "Bayesian inference" a good one. So is "Seeds", which has several
    meanings, beside "Black hole seeds".

    `parts` are terms that mostly occur as part of longer ones.
    """
    best = next(iter(scores), "")
    if best not in parts and len(key_of(best)) != 1:
        return scores
    key, least = key_of(best), _COMPLETION * scores[best]
    whole = [
        term
        for term, score in scores.items()
        if score >= least and term not in parts and _completes(term, key)
    ]
    # The shortest adds the least that may be wrong: "multimodal data".
    chosen = min(whole, key=lambda term: len(key_of(term)), default=best)
    return {term: scores[term] for term in (chosen, *scores)}


def _completes(term: str, key: Key) -> bool:
    """Whether `term` contains `key` and does not end in a number, as "NGC 4278" does."""
    *_, last = term.split(" ")
    return contains(key_of(term), key) and not any(letter.isdigit() for letter in last)


def distinct_terms(terms: Iterable[str], limit: int) -> tuple[str, ...]:
    """The first `limit` terms, leaving out those that contain or abbreviate each other."""
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
    """Choose a name for each feature, a different one where possible.

    Features choose in order of strength, equally strong ones in order of number. Each takes its
    best term. If that is taken, it tries its other terms: a term that shares a word with the best
    one is used alone ("Supermassive black holes"), another is appended ("Black holes, jets").
    Names that are too long are skipped. If nothing is left, two features share a name.

    Args:
        ranked: For each feature its terms, best first, at least one, and the strength of the best.
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
    """Names to choose from, best first; names that are too long only if there is no other."""
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
    """Cut a text that is too long for a label at the end of a word, and add an ellipsis."""
    if len(text) <= LONGEST_LABEL:
        return text
    cut = text[: LONGEST_LABEL - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:.-") + "\u2026"

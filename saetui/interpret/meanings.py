"""Labels that say which meaning of a word a feature has, and one concept where it is one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from saetui.core.features import TWO, WORD
from saetui.core.words import without_spaces
from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.judging.quality import Quality
from saetui.interpret.labels import FeatureLabel, contains, is_joined, key_of, sentence_case
from saetui.interpret.terms.contexts import Contexts, bare
from saetui.interpret.vocabulary.choice import METHOD as FROM_VOCABULARY


def in_a_phrase(
    label: FeatureLabel,
    evidence: Evidence | None,
    contexts: Callable[[], Contexts],
    *,
    modifier: bool,
) -> FeatureLabel:
    """A label that is no whole name with the word that it mostly stands with, if there is one.

    Args:
        label: Of a feature.
        evidence: Of the feature, if it has any.
        contexts: Gives the contexts of words in the corpus, which are worked out when needed.
        modifier: Whether the word is no name by itself.
    """
    if evidence is None or not (_is_word(label) or modifier):
        return label
    text = contexts().phrase(label.text, evidence.rows, modifier=modifier)
    return replace(label, text=text)


def told_apart(
    labels: Sequence[FeatureLabel],
    quality: Quality,
    only: Collection[int],
    known: Mapping[int, Evidence],
    *,
    single: Mapping[int, FeatureLabel],
    terms: Mapping[int, Sequence[str]],
    contexts: Callable[[], Contexts],
) -> list[FeatureLabel]:
    """Labels that fit the quality of their features.

    Two names stay joined only where a feature is two concepts. A word with several meanings gets
    the words that tell these apart.

    Args:
        labels: Of all features.
        quality: Of all features.
        only: The features whose labels may change.
        known: Evidence of features.
        single: Labels of features by one name.
        terms: What features could be called, best first.
        contexts: Gives the contexts of words in the corpus, which are worked out when needed.
    """
    found = list(labels)
    words = {labels[feature].text for feature in only if _is_word(labels[feature])}
    loose = contexts().loose(words) if words else set()
    taken = {key_of(label.text) for label in labels}
    for feature in only:
        kind = quality.words[feature]
        joined = is_joined(labels[feature].text) and labels[feature].method != FROM_VOCABULARY
        if joined and kind != TWO and feature in single:
            found[feature] = single[feature]
        evidence, label = known.get(feature), found[feature]
        if evidence is None or not _is_from_documents(label) or bare(label.text) != label.text:
            continue
        # "Proteins, implicit representations": another feature has the name "Proteins".
        first, *others = label.text.split(", ")
        vague = label.text in loose and not contexts().is_name(label.text, evidence.rows)
        if others or vague or (kind == WORD and _is_word(label)):
            told = contexts().told_apart(first, evidence.rows)
            if told == first:
                told = _longer(first, terms.get(feature, ()))
            if told != first and (not others or key_of(told) not in taken):
                taken.add(key_of(told))
                found[feature] = replace(label, text=told)
    return found


def _longer(label: str, terms: Sequence[str]) -> str:
    """The best term that contains a label, or the label."""
    key = key_of(label)
    longer = (term for term in terms if key_of(term) != key and contains(key_of(term), key))
    return without_spaces(sentence_case(next(longer, label)))


def _is_word(label: FeatureLabel) -> bool:
    """Whether a label is one word, taken from the documents."""
    return _is_from_documents(label) and len(label.text.split()) == 1


def _is_from_documents(label: FeatureLabel) -> bool:
    """Whether a label is a term of the documents."""
    return label.method not in ("none", "title", FROM_VOCABULARY)

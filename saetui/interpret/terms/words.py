"""Single words: what they share with their other forms, and what they may do in a phrase."""

import re

from saetui.interpret.terms.stopwords import GENERIC_WORDS, LY_WORDS, MODIFIERS, STOP_WORDS

STOP, MODIFIER, GENERIC, NUMBER, CONTENT = range(5)
"""What a word may do in a phrase; `stopwords` says more of the first three."""

_FIGURES = re.compile(r"[\d.,]+")
_PARTICIPLE = re.compile(r"\w{2,}[^e]ed")

_SINGULAR_IN_S = """
always atlas bias biases canvas chaos christmas cosmos lens news pancreas series species texas
"""
_FORMS = """
aluminium aluminum, analyses analysis, artefact artifact, artefacts artifact, axes axis,
behaviour behavior, behaviours behavior, catalogue catalog, catalogues catalog, centre center,
centres center, colour color, colours color, criteria criterion, disc disk, discs disk, fibre fiber,
fibres fiber, foci focus, haloes halo, halos halo, hypotheses hypothesis, indices index,
lenses lens, loci locus, matrices matrix, modelling modeling, nuclei nucleus,
phenomena phenomenon, quanta quantum, radii radius, spectra spectrum, stimuli stimulus,
sulphur sulfur, tumour tumor, tumours tumor, vertices vertex
"""
_NOT_PLURAL = frozenset(_SINGULAR_IN_S.split())
_IRREGULAR = dict(pair.split() for pair in _FORMS.split(","))


def word_of(spelling: str) -> str:
    """What a spelling shares with its plural, its possessive, its capitals, its British form.

    The result only tells words apart and is never shown, so a wrong stem does no harm unless it
    makes two words one.
    """
    word = _folded(spelling).removesuffix("'s").removesuffix("'")
    word = word.replace("isation", "ization")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or word in _NOT_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes", "oes")):
        return word[:-2]
    if word.endswith(("s", "ae")):
        return word[:-1]
    return word


def kind_of(spelling: str) -> int:
    """`STOP`, `MODIFIER`, `GENERIC`, `NUMBER` or `CONTENT`; nothing at all is a `STOP`."""
    word = _folded(spelling)
    if not word or word in STOP_WORDS or (_is_adverb(word) and word not in LY_WORDS):
        return STOP
    if word in MODIFIERS or (spelling.islower() and _PARTICIPLE.fullmatch(word)):
        return MODIFIER
    if word in GENERIC_WORDS:
        return GENERIC
    return NUMBER if _FIGURES.fullmatch(word) else CONTENT


def _folded(spelling: str) -> str:
    return spelling.lower().replace("\u2019", "'")


def _is_adverb(word: str) -> bool:
    return len(word) > 4 and word.endswith("ly")

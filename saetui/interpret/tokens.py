"""A corpus as one long row of numbers: every word a number, every gap between phrases a zero."""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.interpret.markup import plain_text
from saetui.interpret.stopwords import GENERIC_WORDS, LY_WORDS, MODIFIERS, STOP_WORDS

# Terms repeat within a text; what comes after this many characters cannot change a label much.
MAXIMUM_CHARACTERS = 20_000
_LONGEST_WORD = 40
_OPENING = 200

_TOKEN = re.compile(r"[^\W_]+(?:[-.'\u2019][^\W_]+)*|[^\w\s]")
_NUMBER = re.compile(r"[\d.,]+")
_PARTICIPLE = re.compile(r"\w{2,}[^e]ed")

_NOT_PLURAL = frozenset(
    ["always", "atlas", "bias", "biases", "canvas", "chaos", "christmas", "cosmos", "lens", "news", "pancreas", "series", "species", "texas", "thomas"]
)
_IRREGULAR = {
    "aluminium": "aluminum",
    "analyses": "analysis",
    "artefact": "artifact",
    "artefacts": "artifact",
    "axes": "axis",
    "behaviour": "behavior",
    "behaviours": "behavior",
    "catalogue": "catalog",
    "catalogues": "catalog",
    "centre": "center",
    "centres": "center",
    "colour": "color",
    "colours": "color",
    "criteria": "criterion",
    "disc": "disk",
    "discs": "disk",
    "fibre": "fiber",
    "fibres": "fiber",
    "foci": "focus",
    "haloes": "halo",
    "halos": "halo",
    "hypotheses": "hypothesis",
    "indices": "index",
    "lenses": "lens",
    "loci": "locus",
    "matrices": "matrix",
    "modelling": "modeling",
    "nuclei": "nucleus",
    "phenomena": "phenomenon",
    "quanta": "quantum",
    "radii": "radius",
    "spectra": "spectrum",
    "stimuli": "stimulus",
    "sulphur": "sulfur",
    "tumour": "tumor",
    "tumours": "tumor",
    "vertices": "vertex",
}

GAP: Final = 0
"""The number of every token that no phrase runs across."""

STOP, MODIFIER, GENERIC, NUMBER, CONTENT = range(5)
"""What a word may do in a phrase, as the lists of `stopwords` have it."""


@dataclass(frozen=True)
class Tokens:
    """All words of a corpus, in order.

    Attributes:
        forms: int32 `(T,)`, number of each token's form; `GAP` for punctuation, and between the
            title and the body and between documents.
        starts: int64 `(N + 1,)`, where each document begins.
        bodies: int64 `(N,)`, where the body of each document begins, after its title.
        spellings: Of each form, as written; that of `GAP` is empty.
        words: int32, of each form the number of its word: case, number and possessive are one.
        kinds: uint8, of each form `STOP`, `MODIFIER`, `GENERIC`, `NUMBER` or `CONTENT`.
        openings: Of each document its title, or how its text begins if it has none.
    """

    forms: Int
    starts: NDArray[np.int64]
    bodies: NDArray[np.int64]
    spellings: list[str]
    words: Int
    kinds: NDArray[np.uint8]
    openings: list[str]

    @property
    def documents(self) -> int:
        """Number of documents `N`."""
        return len(self.bodies)

    def document_of(self, positions: NDArray[np.integer]) -> Int:
        """The document that each position lies in."""
        return (np.searchsorted(self.starts, positions, side="right") - 1).astype(np.int32)


class _Forms(dict[str, int]):
    """Numbers spellings in the order of their first use."""

    def __init__(self) -> None:
        super().__init__()
        self.spellings = [""]

    def __missing__(self, spelling: str) -> int:
        number = GAP
        if spelling[0].isalnum() and len(spelling) <= _LONGEST_WORD:
            number = len(self.spellings)
            self.spellings.append(spelling)
        self[spelling] = number
        return number


def tokenize(documents: Iterable[tuple[str, str]]) -> Tokens:
    """Read `(title, text)` pairs once; of each text the first 20,000 characters count."""
    forms = _Forms()
    row = array("i", [GAP])
    starts, bodies = array("q"), array("q")
    openings = []
    for title, text in documents:
        openings.append((title.strip() or text.strip())[:_OPENING])
        starts.append(len(row))
        for part in (title, text):
            bodies.append(len(row))
            pieces = _TOKEN.findall(plain_text(part[:MAXIMUM_CHARACTERS]))
            row.extend(map(forms.__getitem__, pieces))
            row.append(GAP)
    starts.append(len(row))
    words: dict[str, int] = {}
    word_of_form = [words.setdefault(word_of(form), len(words)) for form in forms.spellings]
    return Tokens(
        np.array(row, dtype=np.int32),
        np.array(starts, dtype=np.int64),
        np.array(bodies, dtype=np.int64)[1::2],
        forms.spellings,
        np.array(word_of_form, dtype=np.int32),
        np.array([kind_of(form) for form in forms.spellings], dtype=np.uint8),
        openings,
    )


def kind_of(spelling: str) -> int:
    """What a word may do in a phrase."""
    word = spelling.lower().replace("\u2019", "'")
    if not word or word in STOP_WORDS or (_is_adverb(word) and word not in LY_WORDS):
        return STOP
    if word in MODIFIERS or (spelling.islower() and _PARTICIPLE.fullmatch(word)):
        return MODIFIER
    if word in GENERIC_WORDS:
        return GENERIC
    return NUMBER if _NUMBER.fullmatch(word) else CONTENT


def _is_adverb(word: str) -> bool:
    return len(word) > 4 and word.endswith("ly")


def word_of(spelling: str) -> str:
    """What a spelling shares with its plural, its possessive, its capitals, its British form.

    The result only tells words apart and is never shown, so that a wrong stem does no harm
    unless it joins two words.
    """
    word = spelling.lower().replace("\u2019", "'").removesuffix("'s").removesuffix("'")
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

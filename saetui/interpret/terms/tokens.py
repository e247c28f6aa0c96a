"""A corpus as one array of numbers, one per word, with a zero where no phrase continues.

Texts are first turned into plain words, without HTML and LaTeX.
"""

import html
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.words import MARKS
from saetui.errors import BuildError
from saetui.interpret.terms.languages import (
    LINKS,
    chinese_kinds,
    is_made_of,
    japanese_kinds,
    languages,
    languages_in,
    words_apart,
)
from saetui.interpret.terms.words import STOP, kind_of, word_of
from saetui.progress import Progress

GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "pi rho sigma tau upsilon phi varphi chi psi omega"
)
_GREEK_NAMES = frozenset(GREEK.split()) | frozenset(name.capitalize() for name in GREEK.split())
# Replaces what is left out; no phrase continues across a full stop.
_GAP = " . "
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>]+")
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]+")
_MATH = re.compile(r"\$\$?([^$]{0,200})\$\$?|\\\(([^$]{0,200}?)\\\)|\\\[([^$]{0,200}?)\\\]")
_LETTER = re.compile(
    r"[\s{]*(?:\\(?:rm|it|bf|cal|mathrm|mathcal|mathbf|text)\b)?[\s{]*(\\?[A-Za-z]+)[\s}]*"
)
_MASS_NUMBER = re.compile(r"\s*\^\s*\{?\s*(\d+)\s*\}?\s*")
_ACCENT = re.compile(r"\\(['\"`^~=.])\s*\{?\\?([A-Za-z])\}?")
_DROPPED = re.compile(
    r"~?\\(?:cite[a-z]*|ref|eqref|label|footnote|url|href)\*?(?:\[[^\]]*\])?\{[^{}]*\}"
)
_STYLED = re.compile(r"\\[A-Za-z]+\*?\{([^{}\\]*)\}|\{\\(?:it|em|bf|sc|rm|sl|tt)\s+([^{}\\]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)|\\(.)")
_THIN_SPACES = frozenset(",;:! ")
_DASHES = re.compile(r"(?<=\w)(?:--|\u2010|\u2011|\u2013)(?=\w)")
_SOFT_HYPHEN = "\u00ad"
_COMBINING = {
    "'": "\u0301", '"': "\u0308", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307",
}  # fmt: skip
# Terms repeat within a text, so what comes after this many characters hardly changes a label.
MAXIMUM_CHARACTERS: Final = 20_000
_LONGEST_WORD = 40
_OPENING = 200
_LETTERS = rf"[^\W_](?:[^\W_]|[{MARKS}])*"
# "C++", "C#", "std::vector" and ".NET" are words, too.
_TOKEN = re.compile(
    rf"(?:(?<!\w)\.(?=NET\b))?{_LETTERS}(?:(?:[-.'\u2019]|::){_LETTERS})*(?:\+\+|#(?!\w))?|[^\w\s]"
)
_Spans = tuple[NDArray[np.int64], NDArray[np.int64]]

GAP: Final = 0
"""The number of every token that no phrase continues across."""


@dataclass(frozen=True)
class Tokens:
    """All words of a corpus, in order.

    Attributes:
        forms: int32 `(T,)`, the number of each token's form (a word as written); `GAP` for
            punctuation, around each title and after each body.
        starts: int64 `(N + 1,)`, where each document begins.
        bodies: int64 `(N,)`, where the body of each document begins, after its title.
        spellings: The spelling of each form; that of `GAP` is empty.
        words: int32, the number of each form's word, see `word_of`.
        kinds: uint8, the kind of each form, see `kind_of`.
        openings: The title of each document, or the beginning of its text if it has none.
        languages: Those that the corpus is in, without English; see `languages_in`.
    """

    forms: Int
    starts: NDArray[np.int64]
    bodies: NDArray[np.int64]
    spellings: list[str]
    words: Int
    kinds: NDArray[np.uint8]
    openings: list[str]
    languages: tuple[str, ...] = ()

    @property
    def documents(self) -> int:
        """Number of documents `N`."""
        return len(self.bodies)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each word, as `words` has it."""
        pairs = zip(self.spellings, self.words.tolist(), strict=True)
        return {word_of(spelling): number for spelling, number in pairs}

    def words_in(self, term: str) -> list[str]:
        """The words of a term as the tokens have them: "ligne", "de commande"."""
        words = term.split()
        links = {LINKS[language] for language in self.languages if language in LINKS}
        for place in range(len(words) - 2, -1, -1):
            if words[place] in links:
                words[place : place + 2] = [" ".join(words[place : place + 2])]
        return words

    def document_of(self, positions: NDArray[np.integer]) -> NDArray[np.int64]:
        """The document that each position lies in."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def only(self, documents: NDArray[np.integer]) -> "Tokens":
        """The tokens of some documents, ascending, which are then numbered from 0."""
        lengths = np.diff(self.starts)
        wanted = np.zeros(self.documents, dtype=bool)
        wanted[documents] = True
        keep = np.concatenate([[True], np.repeat(wanted, lengths)])
        starts = np.concatenate([[0], np.cumsum(lengths[documents])]) + self.starts[0]
        return replace(
            self,
            forms=self.forms[keep],
            starts=starts,
            bodies=starts[:-1] + (self.bodies - self.starts[:-1])[documents],
            openings=[self.openings[document] for document in documents.tolist()],
        )


class _Forms(dict[str, int]):
    """Numbers spellings in the order of their first use."""

    def __init__(self) -> None:
        super().__init__()
        self.spellings = [""]

    def __missing__(self, spelling: str) -> int:
        number = GAP
        if len(spelling) + spelling.isalnum() > 1 and len(spelling) <= _LONGEST_WORD:
            number = len(self.spellings)
            self.spellings.append(spelling)
        self[spelling] = number
        return number


def read_documents(
    documents: Iterable[tuple[str, str]],
    expected: int,
    progress: Progress,
    rows: Int | None = None,
) -> Tokens:
    """The words of all documents, or of some.

    Args:
        documents: `(title, text)` of every document by row; read once.
        expected: How many there should be.
        progress: Counts every document.
        rows: The documents whose words are read, others count as empty; None for all.

    Raises:
        BuildError: There are more or fewer than `expected`.
    """

    def counted() -> Iterator[tuple[str, str]]:
        for document in documents:
            yield document
            progress.advance()

    progress.start("Reading texts", expected, "documents")
    tokens = tokenize(counted(), rows)
    if tokens.documents != expected:
        raise BuildError(
            f"There are {tokens.documents:,} texts, but {expected:,} embeddings.",
            "Embed the corpus again.",
        )
    return tokens


def tokenize(documents: Iterable[tuple[str, str]], rows: Int | None = None) -> Tokens:
    """Read `(title, text)` pairs once; only the first 20,000 characters of each text count.

    A title that documents share, as passages of one paper do, is read with the first of them: it
    tells these documents from others, but says nothing of what each is about.

    If `rows` are given, only the opening of other documents is kept.
    """
    forms = _Forms()
    wanted = None if rows is None else frozenset(rows.tolist())
    row = array("i", [GAP])
    starts, bodies = array("q"), array("q")
    openings = []
    seen = set[str]()
    for number, (title, text) in enumerate(documents):
        openings.append((title.strip() or text.strip())[:_OPENING])
        starts.append(len(row))
        read = wanted is None or number in wanted
        _append(row, title if read and not (title in seen and text.strip()) else "", forms)
        if read:
            seen.add(title)
        bodies.append(len(row))
        _append(row, text if read else "", forms)
    starts.append(len(row))
    written = np.array(row, dtype=np.int32)
    found = languages_in(_counts(written, forms.spellings))
    stops = frozenset().union(*map(languages().__getitem__, found))
    spans = np.array(starts, dtype=np.int64), np.array(bodies, dtype=np.int64)
    for link in {LINKS[language] for language in found if language in LINKS}:
        written, spans = _linked(written, spans, forms, link, stops)
    words: dict[str, int] = {}
    own = {"Chinese": chinese_kinds, "Japanese": japanese_kinds}
    by_dictionary = {
        word: kind
        for language in found
        if language in own
        for word, kind in own[language](forms.spellings).items()
    }
    return Tokens(
        written,
        *spans,
        forms.spellings,
        np.array(
            [words.setdefault(word_of(form), len(words)) for form in forms.spellings], np.int32
        ),
        np.array(
            [
                STOP if is_made_of(form, stops) else by_dictionary.get(form, kind_of(form))
                for form in forms.spellings
            ],
            dtype=np.uint8,
        ),
        openings,
        tuple(found),
    )


def _linked(
    row: Int, spans: "_Spans", forms: _Forms, link: str, stops: frozenset[str]
) -> "tuple[Int, _Spans]":
    """The words with "ligne de commande" as two of them: "ligne" and "de commande".

    Else no phrase continues across a preposition, and the words would be named apart.

    `stops` are function words: what follows or precedes the link is none.
    """
    usual = np.array([each[:1].islower() and each not in stops for each in forms.spellings])
    before = np.array([bool(each) and each.lower() not in stops for each in forms.spellings])
    places = np.flatnonzero(row[1:-1] == forms[link]) + 1
    places = places[before[row[places - 1]] & usual[row[places + 1]]]
    row = row.copy()
    row[places + 1] = [forms[f"{link} {forms.spellings[form]}"] for form in row[places + 1]]
    starts, bodies = (each - np.searchsorted(places, each) for each in spans)
    return np.delete(row, places), (starts, bodies)


def _counts(row: Int, spellings: list[str]) -> Counter[str]:
    """How often each word occurs, in lower case."""
    counts = Counter[str]()
    for spelling, count in zip(spellings, np.bincount(row).tolist(), strict=False):
        if spelling:
            counts[spelling.lower()] += count
    return counts


def _append(row: "array[int]", text: str, forms: _Forms) -> None:
    pieces = _TOKEN.findall(words_apart(plain_text(text[:MAXIMUM_CHARACTERS])))
    row.extend(map(forms.__getitem__, pieces))
    row.append(GAP)


def plain_text(text: str) -> str:
    r"""`text` without HTML tags and entities, addresses, formulas and LaTeX commands.

    A formula of a single letter becomes the letter's name, so that `$\gamma$-ray` becomes
    "gamma-ray"; every other formula becomes a full stop, so that no phrase continues across it.
    """
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub("", text)
    if "://" in text or "www." in text:
        text = _URL.sub(_GAP, text)
    if "@" in text:
        text = _MAIL.sub(_GAP, text)
    if "$" in text or "\\" in text:
        text = _without_latex(text)
    if "--" in text or not text.isascii():
        text = unicodedata.normalize("NFKC", _DASHES.sub("-", text).replace(_SOFT_HYPHEN, ""))
        # It takes two vowels of Thai and of Lao apart, which nobody writes so.
        text = text.replace("\u0e4d\u0e32", "\u0e33").replace("\u0ecd\u0eb2", "\u0eb3")
    return text


def _without_latex(text: str) -> str:
    text = _ACCENT.sub(lambda match: match[2] + _COMBINING[match[1]], text)
    text = _MATH.sub(_spelled, text)
    text = _DROPPED.sub("", text)
    text = _STYLED.sub(lambda match: match[1] or match[2] or "", text)
    text = _COMMAND.sub(_named, text)
    return text.replace("$", " ").replace("{", "").replace("}", "").replace("~", " ")


def _spelled(match: re.Match[str]) -> str:
    formula = match[1] or match[2] or match[3] or ""
    if mass := _MASS_NUMBER.fullmatch(formula):
        return mass[1]
    letter = _LETTER.fullmatch(formula)
    if letter is None:
        return _GAP
    name = letter[1].removeprefix("\\")
    return name if name == letter[1] or name in _GREEK_NAMES else _GAP


def _named(match: re.Match[str]) -> str:
    if match[1]:
        return str(match[1]) if match[1] in _GREEK_NAMES else " "
    return " " if match[2] in _THIN_SPACES else str(match[2])

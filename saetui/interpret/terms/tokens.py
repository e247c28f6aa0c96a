"""A corpus as one array of numbers, one per word, with a zero where no phrase continues."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.unspaced import MARKS
from saetui.errors import BuildError
from saetui.interpret.terms.function_words import function_words, is_made_of
from saetui.interpret.terms.markup import plain_text
from saetui.interpret.terms.segmenting import words_apart
from saetui.interpret.terms.words import STOP, kind_of, word_of
from saetui.progress import Progress

# Terms repeat within a text, so what comes after this many characters hardly changes a label.
MAXIMUM_CHARACTERS: Final = 20_000
_LONGEST_WORD = 40
_OPENING = 200

_LETTERS = rf"[^\W_](?:[^\W_]|[{MARKS}])*"
_TOKEN = re.compile(rf"{_LETTERS}(?:[-.'\u2019]{_LETTERS})*|[^\w\s]")

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

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each word, as `words` has it."""
        pairs = zip(self.spellings, self.words.tolist(), strict=True)
        return {word_of(spelling): number for spelling, number in pairs}

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
        if spelling[0].isalnum() and len(spelling) <= _LONGEST_WORD:
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
    words: dict[str, int] = {}
    written = np.array(row, dtype=np.int32)
    stops = function_words(_counts(written, forms.spellings))
    return Tokens(
        written,
        np.array(starts, dtype=np.int64),
        np.array(bodies, dtype=np.int64),
        forms.spellings,
        np.array(
            [words.setdefault(word_of(form), len(words)) for form in forms.spellings], np.int32
        ),
        np.array(
            [STOP if is_made_of(form, stops) else kind_of(form) for form in forms.spellings],
            dtype=np.uint8,
        ),
        openings,
    )


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

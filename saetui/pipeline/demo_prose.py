"""Which paragraphs of a paper read well, after a program has taken them out of a PDF.

Formulas, captions, footnotes and halves of words stand among the sentences of such paragraphs. A
paragraph is taken whole or not at all; changed are only citations in brackets, which go, and the
spaces and hyphens that a PDF leaves.
"""

import re
from collections import Counter
from collections.abc import Iterable

# Signs of ordinary text; all others are notation.
_PLAIN = re.compile(r"[\w\s.,;:!?'\"()/%$&+-]*", re.ASCII)
_ACCENTED = re.compile(r"[À-ɏ]")
# Quotation marks, dashes and ligatures of typesetting.
_TYPED = str.maketrans("\u2019\u2018\u201c\u201d\u2013\u2014\u00a0", "''\"\"-- ") | {
    0xFB01: "fi",
    0xFB02: "fl",
}
_CITATION = re.compile(
    r"\s*[(\[](?:[^()\[\]]|\([^()]*\))*\b(?:19|20)\d\d[a-z]?\b[^()\[\]]*[)\]]|\s*\[\d+(?:, ?\d+)*\]"
)
# The last sentence, where it says where code and data are to be found.
_WHERE_TO_FIND = re.compile(r"(?<=[.!?]) [^.!?]*(?:https?:|www\.)\S*[^.]*\S*$")
# The number of a footnote at the end.
_FOOTNOTE = re.compile(r" \d{1,2}(?=\.?$)|(?<=[a-z)][.!?]) ?\d{1,2}$")

# In lower case, which is searched many times faster than either case.
_UNWANTED = tuple(
    map(
        re.compile,
        (
            # What stands elsewhere on the page.
            r"https?:|www\.|copyright|permission to make|acknowledg",
            r"association for computational|\bpages? \d",
            # What points there.
            r"\b(?:figures?|tables?|figs?\.?|algorithm|equations?|eqn?s?\.?)\s*\(?(?:\d|[a-f]\b)",
            r"\b(?:appendix|footnote|sections?)\s*\(?(?:\d|[a-f]\b)|see (?:figure|table|section)",
            r"(?:rest|remainder) of (?:this|the) paper",
            r"(?:organi[sz]ed|structured) as follows",
            # Where a citation in brackets was a word of its sentence.
            r"\b(?:by|in|of|from|to|as|see|and|with|like|following)\s*[.;)]|\(\s*\)",
            r"\b(?:to|by|in|of) (?:for|is|are)\b",
            r"\b(?:e\.g\.|i\.e\.|cf\.)[ ,]*[.;)]|\bet\. ?al\b(?=\s*[,)])",
            # Numbers of footnotes that became a part of words.
            r"[a-z]{4}\d\b|\.[a-z]{2,3}\d|\s\d\s*\.\s*$",
        ),
    )
)
_UNWANTED_AS_WRITTEN = re.compile(
    r"EQUATION|\b(?:Table|Figure|Algorithm|Section)s?[.,;)]"
    r"|(?:^|[.!?] )(?:In|By|From|Following|See|As in),"
)
_ABBREVIATION = re.compile(r"\b(?:al|e\.g|i\.e|etc|cf|vs|resp)\. ")
_CUT_SENTENCE = re.compile(r"[a-z)][.!?] [a-z]")
_STARTS = re.compile(r"[A-Z\"'][A-Za-z'-]*[ ,]")
_ENDS = re.compile(r"[.!?][\"')]*$")
# Of an enumeration, or of an equation.
_NUMBER = re.compile(r"\(\s*([1-9ivxa-h])[ivx]*\s*\)")
_ORDINARY = re.compile(r"[\"'(]*(?:[A-Za-z]?[a-z'/-]+|a|I|A)[\"').,;:!?]*")
_SYMBOL = re.compile(r"\W*(?:[b-hj-zB-HJ-Z]|\d)\W*")
_SENTENCE = re.compile(r"(?<=[a-z0-9)\"'][.!?]) +(?=[A-Z\"])")
_WORD = re.compile(r"\b[A-Za-z][a-z]*(?:-[a-z]+)*\b")


def as_typed(text: str) -> str:
    """The text without citations in brackets, with the spaces of ordinary typing."""
    text = _CITATION.sub("", text.translate(_TYPED))
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([.,;:!?)%])", r"\1", text).replace("( ", "(").replace("et al..", "et al.")
    return _FOOTNOTE.sub("", _WHERE_TO_FIND.sub("", text))


def reads_well(paragraph: str) -> bool:
    """Whether a paragraph is whole sentences, without notation, lists, captions and the like."""
    words = paragraph.split()
    if not words or not _STARTS.match(paragraph) or not _ENDS.search(paragraph):
        return False
    if not _PLAIN.fullmatch(_ACCENTED.sub("a", paragraph)):
        return False
    lower = paragraph.lower()
    if _UNWANTED_AS_WRITTEN.search(paragraph) or any(each.search(lower) for each in _UNWANTED):
        return False
    if _CUT_SENTENCE.search(_ABBREVIATION.sub("", paragraph)):
        return False
    numbers = _NUMBER.findall(paragraph)
    if numbers and (len(numbers) == 1 or numbers[0] not in "1ia"):
        return False
    odd = sum(_ORDINARY.fullmatch(word) is None for word in words)
    symbols = sum(_SYMBOL.fullmatch(word) is not None for word in words)
    return (
        odd <= 0.22 * len(words)
        and symbols <= 0.02 * len(words)
        and paragraph.count("(") == paragraph.count(")")
        and max(map(len, words)) <= 30
        and sum(map(str.isdigit, paragraph)) <= 0.02 * len(paragraph)
    )


def divided(paragraph: str, longest: int) -> list[str]:
    """Parts of a paragraph as equal as its sentences allow.

    Args:
        paragraph: The text.
        longest: Words of a part, give or take a sentence.
    """
    sentences = _SENTENCE.split(paragraph)
    words = [len(sentence.split()) for sentence in sentences]
    count = -(-sum(words) // longest)
    parts: list[list[str]] = [[] for _ in range(count)]
    before = 0
    for sentence, length in zip(sentences, words, strict=True):
        middle = before + length / 2
        parts[min(count - 1, int(middle * count / sum(words)))].append(sentence)
        before += length
    return [" ".join(part) for part in parts if part]


class Hyphens:
    """Mends hyphens that were lost or left at the ends of lines ("ad-versarial", "stateof-theart").

    Of the forms of a word that differ only in hyphens, the one that the texts have most often is
    right.

    Args:
        texts: Many texts of the same kind.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_WORD.findall(text.lower()))
        forms: dict[str, list[str]] = {}
        for word in counts:
            forms.setdefault(word.replace("-", ""), []).append(word)
        self._best = {
            letters: max(words, key=lambda word: (counts[word], word))
            for letters, words in forms.items()
            if len(words) > 1
        }

    def mended(self, text: str) -> str:
        """The text with hyphens where they belong."""
        return _WORD.sub(self._mended, text)

    def _mended(self, match: re.Match[str]) -> str:
        letters = match[0].replace("-", "")
        best = self._best.get(letters.lower())
        if best is None:
            return match[0]
        rest = iter(letters)
        return "".join("-" if each == "-" else next(rest) for each in best)

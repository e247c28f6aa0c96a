"""The demo's corpus: passages that read well, from 250 papers of computational linguistics.

The package `aclsum` has the papers, paragraph by paragraph, as a program has taken them out of a
PDF: formulas, captions, footnotes and halves of words stand among the sentences. A paragraph is
taken whole or not at all; changed are only citations in brackets, which go, and the spaces and
hyphens that a PDF leaves.
"""

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from saetui.core.documents import Document
from saetui.errors import MissingDependency

# In words. Shorter passages say too little, and the embedder reads no more than some 200.
_SHORTEST, _WANTED, _LONGEST = 55, 90, 190

# Sections that many papers have, by their headings.
_KINDS = {
    "Introduction": r"(general )?introduction( and .*)?|motivation( and .*)?",
    "Background": r"(.* )?background( and .*)?|preliminaries",
    "Related work": r"(related|previous|prior|existing|recent) "
    r"(works?|research|approaches)( and .*)?|.* and related works?|literature review",
    "Discussion": r"(.* and |general )?discussions?( and .*)?|limitations?|future works?"
    r"|(error|qualitative|case) (analysis|study|studies)|broader impact.*",
    "Conclusion": r"(summary|conclu(sions?|ding remarks))(( and|,|&) .*)?|(.* and )?conclusions?",
}
_BODY = "Body"
_HEADING = re.compile(r"[A-Za-z][A-Za-z'-]*(?: [A-Za-z'-]+){0,6}")
# Sections that say how, for those who repeat it.
_TECHNICAL = re.compile(
    r"terms of use.*|.*(?:details?|parameters?|set-?up|settings?|baselines?|models for comparison)"
    r"|ethic.*|.*acknowledge?ments?.*",
    re.IGNORECASE,
)
_VENUES = {"P": "ACL", "D": "EMNLP", "N": "NAACL", "E": "EACL", "H": "HLT", "W": "Workshop"}


def demo_documents() -> Iterator[Document]:
    """The passages, in a fixed order.

    Raises:
        MissingDependency: The package with the texts is not installed.
    """
    spec = importlib.util.find_spec("aclsum")
    if spec is None or spec.origin is None:
        raise MissingDependency("aclsum", "The demo", "demo")
    folder = Path(spec.origin).parent / "dataset" / "paper_jsons"
    papers = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }
    hyphens = Hyphens(text for paper in papers.values() for text in _texts(paper))
    for name, paper in papers.items():
        yield from _documents(name, paper, hyphens)


def _texts(paper: dict[str, Any]) -> Iterator[str]:
    yield paper["abstract"]
    for paragraph in paper["pdf_parse"]["body_text"]:
        yield paragraph["text"]


def _documents(name: str, paper: dict[str, Any], hyphens: "Hyphens") -> Iterator[Document]:
    """The passages of a paper; its name is its number in the ACL Anthology."""
    title = _title(paper["title"])
    number: Counter[str] = Counter()
    for kind, heading, paragraphs in _sections(paper):
        for text in _passages([as_typed(each) for each in paragraphs]):
            number[heading] += 1
            place = heading if number[heading] == 1 else f"{heading} {number[heading]}"
            yield Document(
                id=f"{name}.{place.lower().replace(' ', '-')}",
                title=f"{place}: {title}",
                text=hyphens.mended(text),
                url=f"https://aclanthology.org/{name}/",
                published=_year(name),
                metadata={
                    "paper": title,
                    "section": kind,
                    "venue": _venue(name),
                    "authors": [_author(person) for person in paper["authors"]],
                },
            )


def _sections(paper: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Kind, heading and paragraphs of the abstract and of each section that may read well."""
    yield "Abstract", "Abstract", [paper["abstract"]]
    found: dict[tuple[str, str], list[str]] = {}
    left_out = set()
    for paragraph in paper["pdf_parse"]["body_text"]:
        heading = (paragraph.get("section") or "").strip().rstrip(".:")
        kind = _kind(heading)
        section = (kind, heading if kind == _BODY else kind)
        found.setdefault(section, []).append(paragraph["text"])
        if kind == _BODY and (paragraph["eq_spans"] or not _is_for_readers(heading)):
            left_out.add(section)
    for (kind, heading), paragraphs in found.items():
        if (kind, heading) not in left_out:
            yield kind, heading, paragraphs


def _kind(heading: str) -> str:
    found = (kind for kind, form in _KINDS.items() if re.fullmatch(form, heading.lower()))
    return next(found, _BODY)


def _is_for_readers(heading: str) -> bool:
    return bool(_HEADING.fullmatch(heading)) and not _TECHNICAL.fullmatch(heading)


def _passages(paragraphs: Sequence[str]) -> Iterator[str]:
    """Passages of about equal length from the paragraphs of one section that read well.

    Neighbours that are short become one, and long ones are divided between sentences.
    """
    waiting = ""
    for paragraph in [*paragraphs, ""]:
        if not reads_well(paragraph):
            if len(waiting.split()) >= _SHORTEST:
                yield waiting
            waiting = ""
            continue
        joined = f"{waiting} {paragraph}".strip()
        if len(joined.split()) > _LONGEST:
            if len(waiting.split()) >= _SHORTEST:
                yield waiting
            *whole, joined = divided(paragraph, _LONGEST)
            yield from whole
        waiting = joined
        if len(waiting.split()) >= _WANTED:
            yield waiting
            waiting = ""


def _title(title: str) -> str:
    """A title without the sign of a footnote, or an author, that was taken for its end."""
    for end in (" *", "*", " Sunipa Dev UCLA", " Akshar Bharati"):
        title = title.removesuffix(end)
    return title


def _author(person: dict[str, Any]) -> str:
    return " ".join([person["first"], *person["middle"], person["last"]]).strip()


def _year(name: str) -> str:
    if name[:4].isdigit():
        return name[:4]
    return ("19" if name[1] == "9" else "20") + name[1:3]


def _venue(name: str) -> str:
    """Where a paper was published: "P18-1001" and "2021.acl-long.3" at ACL."""
    if name[:4].isdigit():
        venue, _, _ = name.split(".")[1].partition("-")
        return venue.upper()
    return "COLING" if name.startswith("P98") else _VENUES[name[0]]


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

    A part has `longest` words, give or take a sentence.
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

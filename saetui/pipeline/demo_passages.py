"""The demo's corpus: passages that read well, from 250 papers of computational linguistics.

The package `aclsum` has the papers, paragraph by paragraph.
"""

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from saetui.core.documents import Document
from saetui.errors import MissingDependency
from saetui.pipeline.demo_prose import Hyphens, as_typed, divided, reads_well

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


def _documents(name: str, paper: dict[str, Any], hyphens: Hyphens) -> Iterator[Document]:
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

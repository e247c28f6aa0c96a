"""Records of arXiv's bulk snapshot (arxiv-metadata-oai-snapshot.json), one a line."""

import re
from collections.abc import Mapping

_IDENTIFIER = re.compile(
    r"(?:arXiv:)?(?:(?P<archive>[a-z-]+)(?:\.[A-Za-z-]+)?/)?(?P<year>\d\d)(?P<month>\d\d)"
    r"(?(archive)\d{3}|\.\d{4,5})(?:v\d+)?",
    re.IGNORECASE,
)
_FIRST_YEAR = 91

_ONE_LINE = ("title", "authors", "comments", "journal-ref")
_PARAGRAPHS = ("abstract", "text")
# Bulky and redundant: the id dates the first version, and `authors` names the authors.
_DROPPED = ("versions", "authors_parsed")


def is_arxiv(fields: Mapping[str, object]) -> bool:
    """Tell whether a record comes from the snapshot."""
    return (
        isinstance(fields.get("abstract"), str)
        and isinstance(fields.get("categories"), str)
        and any(name in fields for name in ("update_date", "versions", "authors_parsed"))
    )


def arxiv_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """Tidy a record: join wrapped lines, split the categories, add url and month from the id."""
    tidy = {name: value for name, value in fields.items() if name not in _DROPPED}
    for name, value in tidy.items():
        if not isinstance(value, str):
            continue
        if name in _ONE_LINE:
            tidy[name] = " ".join(value.split())
        elif name in _PARAGRAPHS:
            tidy[name] = unwrapped(value)
        elif name == "categories":
            tidy[name] = value.split()
    identifier = fields.get("id")
    month = submission_month(identifier) if isinstance(identifier, str) else ""
    if month:
        tidy.setdefault("url", f"https://arxiv.org/abs/{without_prefix(str(identifier))}")
        tidy.setdefault("published", month)
    return tidy


def unwrapped(abstract: str) -> str:
    """Join an abstract's hard-wrapped lines.

    A line that begins with white space begins a paragraph: see
    https://info.arxiv.org/help/prep.html.
    """
    paragraphs = re.split(r"\n(?=[ \t]+\S)", abstract.strip())
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def submission_month(identifier: str) -> str:
    """Read "YYYY-MM" from an arXiv id of the old or the new style; empty for anything else.

    Old: "astro-ph/9901001", "math.GT/0309136" (1991 to March 2007); new: "0704.0001",
    "2408.00657v2".
    """
    found = _IDENTIFIER.fullmatch(identifier.strip())
    if found is None:
        return ""
    year, month = int(found["year"]), int(found["month"])
    if not 1 <= month <= 12:
        return ""
    old = found["archive"] is not None
    century = 1900 if old and year >= _FIRST_YEAR else 2000
    return f"{century + year}-{month:02d}"


def without_prefix(identifier: str) -> str:
    """An arXiv id without the prefix `arXiv:`."""
    return re.sub(r"^arXiv:", "", identifier.strip(), flags=re.IGNORECASE)

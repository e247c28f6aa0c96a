"""Filters of documents as text, for the app and the command line.

    after:2019-03 before:2021            date of publication, from and until
    category:cs.LG                       in this category or one below it; of several, in any
    has:"Tidal disruption" without:12    features that are active or not, by label or number
    journal:Nature                       any field of the metadata

A document must fulfil all parts. A name or value with a space or a colon stands in quotation marks,
and so does a field of the metadata that has the name of one of the words above.
"""

import re
from collections.abc import Callable

from saetui.core.document_filter import DocumentFilter
from saetui.errors import InputError

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PART = re.compile(rf'\s*({_QUOTED}|[^\s":]+):({_QUOTED}|[^\s"]+)(?=\s|$)')
_HINT = 'Write for example: after:2019 category:cs.LG has:"Tidal disruption" FIELD:VALUE'
_WORDS = ("after", "before", "category", "has", "without")


def parse_filter(text: str, feature: Callable[[str], int]) -> DocumentFilter:
    """Read a filter from its text; empty text lets every document through.

    Args:
        text: As described above.
        feature: Finds the number of a feature by its number or label; `Lookup.feature`.

    Raises:
        InputError: The text is not a filter, or names a feature that does not exist.
    """
    dates = {"after": "", "before": ""}
    categories: list[str] = []
    where: list[tuple[str, str]] = []
    features: dict[str, list[int]] = {"has": [], "without": []}
    place, text = 0, text.strip()
    while place < len(text):
        found = _PART.match(text, place)
        if found is None:
            raise InputError(f"'{text[place:].strip()}' is not a filter.", _HINT)
        name, value = found[1], _plain(found[2])
        if name in dates:
            if dates[name]:
                raise InputError(f"The filter says {name}: twice.", "Keep one of them.")
            dates[name] = value
        elif name == "category":
            categories.append(value)
        elif name in features:
            features[name].append(feature(value))
        else:
            where.append((_plain(name), value))
        place = found.end()
    return DocumentFilter(
        dates["after"],
        dates["before"],
        tuple(categories),
        tuple(where),
        tuple(features["has"]),
        tuple(features["without"]),
    )


def format_filter(wanted: DocumentFilter, feature: Callable[[int], str] = str) -> str:
    """Write a filter as text, which `parse_filter` reads back.

    Args:
        wanted: The filter.
        feature: The name to write for a feature.
    """
    parts = [("after", wanted.after), ("before", wanted.before)]
    parts += [("category", name) for name in wanted.categories]
    parts += [("has", feature(number)) for number in wanted.having]
    parts += [("without", feature(number)) for number in wanted.lacking]
    texts = [f"{name}:{_quoted(value)}" for name, value in parts if value]
    texts += [f"{_field(name)}:{_quoted(value)}" for name, value in wanted.where]
    return " ".join(texts)


def _plain(text: str) -> str:
    """A part without its quotation marks."""
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _quoted(value: str) -> str:
    if value and not re.search(r'[\s"]', value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(name: str) -> str:
    if name in _WORDS or ":" in name:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _quoted(name)

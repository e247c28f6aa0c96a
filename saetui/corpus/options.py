"""What a user may ask for: a format, columns, categories, a number of documents."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from saetui.corpus.dates import Order, check_order
from saetui.corpus.encodings import check_encoding
from saetui.corpus.fields import FIELD_NAMES
from saetui.errors import InputError

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet", "arxiv", "folder")

_MOST_EXAMPLES = 8


@dataclass(frozen=True)
class CorpusOptions:
    """How to read a corpus, and which of its documents.

    Attributes:
        format: One of `FORMATS`, or None to detect it.
        columns: The corpus's name for some of our fields, e.g. `{"text": "body"}`; keys are id,
            title, text, url and published.
        categories: Keep documents whose field `categories` holds one of these; "cs" also means
            "cs.LG". Empty: keep all.
        strict: Stop at the first bad, empty or duplicate record instead of counting it.
        limit: Stop after this many documents; None: read all.
        dates: Order of dates such as 04/02/2007, "dmy" or "mdy"; None: as other dates show it, or
            the month first.
        encoding: Of the text, as Python names it; None: guess it.
        vectors: A field that holds each document's vector. It is kept, while other fields with
            vectors are left out of the metadata.

    Raises:
        InputError: An unknown format, column key, order of dates or encoding, or a limit below 1.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    strict: bool = False
    limit: int | None = None
    dates: Order | None = None
    encoding: str | None = None
    vectors: str = ""

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise InputError(
                f"'{self.format}' is not a corpus format.", f"Use one of: {', '.join(FORMATS)}."
            )
        for ours in self.columns:
            if ours not in FIELD_NAMES:
                raise InputError(
                    f"'{ours}' is not a field that a column can be mapped to.",
                    f"Use one of: {', '.join(FIELD_NAMES)}, as in --columns text=NAME.",
                )
        if self.dates is not None:
            check_order(self.dates)
        if self.encoding is not None:
            check_encoding(self.encoding)
        if self.limit is not None and self.limit < 1:
            raise InputError(f"A limit of {self.limit} documents leaves nothing to read.")


class CategoryFilter:
    """Chooses records by their field `categories`, a string or a list of strings.

    A string may hold several categories, separated by blanks (arXiv), commas or semicolons.
    "cs" stands for "cs" and everything below it ("cs.LG"); case does not matter.

    Attributes:
        examples: Some categories that were seen, for the message when none fits.
    """

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self._wanted = {name.strip().casefold() for name in wanted if name.strip()}
        self.examples: dict[str, None] = {}

    def accepts(self, fields: Mapping[str, object]) -> bool:
        """Tell whether the record has a category that was asked for; True when none was."""
        if not self._wanted:
            return True
        found = False
        for category in _categories(_field(fields)):
            if len(self.examples) < _MOST_EXAMPLES:
                self.examples[category] = None
            found = found or self._fits(category.casefold())
        return found

    def _fits(self, category: str) -> bool:
        return category in self._wanted or any(
            category.startswith(f"{name}.") for name in self._wanted
        )


def _field(fields: Mapping[str, object]) -> object:
    if "categories" in fields:
        return fields["categories"]
    return next((v for name, v in fields.items() if name.strip().casefold() == "categories"), None)


def _categories(value: object) -> Iterator[str]:
    """Yield each name and each of its words: "Machine Learning" is one category, "cs.LG cs.AI" two.

    Nothing tells these apart, so a name of several words counts both ways.
    """
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str):
            continue
        for piece in re.split(r"[,;|]", item):
            name = piece.strip()
            if name:
                yield name
            words = name.split()
            if len(words) > 1:
                yield from words

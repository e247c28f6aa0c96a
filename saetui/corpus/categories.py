"""Keep the documents of some categories."""

import re
from collections.abc import Iterator, Mapping

_MOST_EXAMPLES = 8


class CategoryFilter:
    """Decides by a record's field `categories`, a string or a list of strings.

    A string may hold several categories, separated by blanks (arXiv), commas or semicolons.
    "cs" asks for "cs" and everything below it ("cs.LG"); case does not matter.

    Attributes:
        examples: Some categories that were met, for the message when none fits.
    """

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self._wanted = {name.strip().casefold() for name in wanted if name.strip()}
        self.examples: dict[str, None] = {}

    def accepts(self, fields: Mapping[str, object]) -> bool:
        """Tell whether one of the record's categories was asked for; True when none was."""
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
    """Give each name, and each word of a name: "Machine Learning" is one category, "a b" two."""
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

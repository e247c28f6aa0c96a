"""A document of a corpus, the same for every part of saetui."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """One text and its metadata.

    Attributes:
        id: Unique in its corpus.
        title: May be empty.
        text: The body; never empty in a bundle.
        url: Where it can be read, or empty.
        published: ISO date of any precision ("2019", "2019-03", "2019-03-14"), or empty.
        metadata: All other fields of the source, as JSON values.
    """

    id: str
    title: str
    text: str
    url: str = ""
    published: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def embedding_text(self) -> str:
        """What is embedded: title, blank line, text, as in the paper."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text


# What lies deeper, or in objects of more entries, is nobody's field.
_DEEPEST = 5
_MOST_ENTRIES = 64


def facts_of(metadata: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Every field of metadata with each of its values, as `fact_texts` writes them.

    A field of an object has the names of both with a dot between: `author.name`.
    """
    for name, value in metadata.items():
        yield from _facts(name, value, 1)


def texts_in(metadata: Mapping[str, object], name: str) -> Iterator[str]:
    """The values of one field of `facts_of`."""
    beginning = name.partition(".")[0]
    # Names may themselves have dots.
    for outer, value in metadata.items():
        if outer == name or outer.partition(".")[0] == beginning:
            yield from (text for field, text in _facts(outer, value, 1) if field == name)


def _facts(name: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and depth < _DEEPEST and len(value) <= _MOST_ENTRIES:
        for inner, each in value.items():
            yield from _facts(f"{name}.{inner}", each, depth + 1)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for each in value:
            yield from _facts(name, each, depth)
    else:
        for text in fact_texts(value):
            yield name, text


def fact_texts(value: object) -> Iterator[str]:
    """A metadata value, or each item of a list, as a user would type it, in lower case."""
    for each in value if isinstance(value, list) else [value]:
        match each:
            case None:
                yield ""
            case float() if each.is_integer():
                yield str(int(each))
            case _:
                yield str(each).strip().casefold()

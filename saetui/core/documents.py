"""A document as every part of saetui sees it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """One text with what is known about it.

    Attributes:
        id: Unique in its corpus.
        title: May be empty.
        text: The body; never empty in a bundle.
        url: Where it can be read, or empty.
        published: ISO date of any precision ("2019", "2019-03", "2019-03-14"), or empty.
        metadata: Every further field of the source, JSON values.
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


def fact_texts(value: object) -> Iterator[str]:
    """A value of metadata, or each of a list, as a user would write it, in lower case."""
    for each in value if isinstance(value, list) else [value]:
        match each:
            case None:
                yield ""
            case float() if each.is_integer():
                yield str(int(each))
            case _:
                yield str(each).strip().casefold()

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

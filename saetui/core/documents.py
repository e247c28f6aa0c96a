"""A document of a corpus, and what changes in a bundle's rows when the corpus changes.

A document is known by its id. Its row stays whatever happens to other documents, because the index
and the full-text index name documents by row. Rows that become free are taken by new documents, and
where too few are new, by those in the last rows, so that no row stays empty.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


class Content(NamedTuple):
    """What a document says, by hashes.

    Attributes:
        id: Of the document.
        text: Hash of what is embedded.
        whole: Hash of the whole document, metadata included.
    """

    id: str
    text: bytes
    whole: bytes


@dataclass(frozen=True)
class CorpusChanges:
    """How the rows of a new corpus follow from those of an old one.

    Attributes:
        origin: `(N,)`; the old row with the same text, whose vector can be taken; -1: none has it.
        came_from: `(N,)`; the old row of the same document, whatever it says now; -1: it is new.
        position: `(N,)`; place of the document in the new corpus; -1: it is not in it, and stays.
        written: New rows whose document must be written, ascending.
        cleared: Old rows whose document must be removed first, ascending.
        new: How many documents are new.
        edited: How many have another text than before.
        described: How many have the same text and other metadata.
        removed: How many are gone.
        stayed: How many stay although the new corpus lacks them.
    """

    origin: "NDArray[np.int64]"
    came_from: "NDArray[np.int64]"
    position: "NDArray[np.int64]"
    written: "NDArray[np.int64]"
    cleared: "NDArray[np.int64]"
    new: int
    edited: int
    described: int
    removed: int
    stayed: int

    @property
    def nothing(self) -> bool:
        """Whether the documents are the same."""
        return not len(self.written) and not self.removed

    @property
    def same_texts(self) -> bool:
        """Whether every row says what it said."""
        import numpy as np

        before = len(self.came_from) - self.new + self.removed
        rows = np.arange(len(self.origin))
        return before == len(rows) and bool(np.array_equal(self.origin, rows))

    def kept(self, old_rows: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Where documents of some old rows are now, ascending; those that are gone are left out."""
        import numpy as np

        wanted = np.isin(self.came_from, old_rows) & (self.came_from >= 0)
        return np.flatnonzero(wanted)


def corpus_changes(
    old: Sequence[Content], new: Sequence[Content], staying: Collection[int] = ()
) -> CorpusChanges:
    """Compare two corpora.

    Args:
        old: By row.
        new: In the order of the corpus; ids differ.
        staying: Old rows of documents that stay even if the new corpus lacks them.
    """
    import numpy as np

    place = {content.id: number for number, content in enumerate(new)}
    stays = [row for row, content in enumerate(old) if content.id in place or row in staying]
    known = {content.id for content in old}
    fresh = [number for number, content in enumerate(new) if content.id not in known]
    count = len(stays) + len(fresh)
    came_from = np.full(count, -1, dtype=np.int64)
    position = np.full(count, -1, dtype=np.int64)
    in_place = np.array([row for row in stays if row < count], dtype=np.int64)
    came_from[in_place] = in_place
    moving = [row for row in stays if row >= count]
    free = np.flatnonzero(came_from < 0).tolist()
    came_from[free[: len(moving)]] = moving
    position[free[len(moving) :]] = fresh
    return _compared(old, new, place, came_from, position)


def _compared(
    old: Sequence[Content],
    new: Sequence[Content],
    place: dict[str, int],
    came_from: "NDArray[np.int64]",
    position: "NDArray[np.int64]",
) -> CorpusChanges:
    import numpy as np

    by_text: dict[bytes, int] = {}
    for row, content in enumerate(old):
        by_text.setdefault(content.text, row)
    origin = np.full(len(came_from), -1, dtype=np.int64)
    written, edited, described, stayed = [], 0, 0, 0
    for row, before in enumerate(came_from.tolist()):
        if before >= 0:
            position[row] = place.get(old[before].id, -1)
        now = old[before] if position[row] < 0 else new[position[row]]
        stayed += bool(position[row] < 0)
        if before < 0:
            origin[row] = by_text.get(now.text, -1)
            written.append(row)
            continue
        same_text = now.text == old[before].text
        edited += not same_text
        described += same_text and now.whole != old[before].whole
        origin[row] = before if same_text else by_text.get(now.text, -1)
        if before != row or now.whole != old[before].whole:
            written.append(row)
    kept = set(came_from[came_from >= 0].tolist())
    gone = [row for row in range(len(old)) if row not in kept]
    rewritten = {int(came_from[row]) for row in written} - {-1}
    return CorpusChanges(
        origin,
        came_from,
        position,
        np.array(written, dtype=np.int64),
        np.array(sorted({*gone, *rewritten}), dtype=np.int64),
        new=int((came_from < 0).sum()),
        edited=edited,
        described=described,
        removed=len(gone),
        stayed=stayed,
    )

"""How a text file lays out a table: which delimiter, whether quoted, which columns."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from saetui.corpus.fields import FieldNames, unique_names
from saetui.corpus.sources import UTF8_MARK, Head

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = (",", "\t", ";")
_ROWS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A delimiter, a rule for quotes, and the names of the columns.

    Attributes:
        delimiter: One of `DELIMITERS`.
        quoted: Whether quotes protect delimiters and line ends, or are plain characters.
        columns: Names from the header, all different.
    """

    delimiter: str
    quoted: bool
    columns: tuple[str, ...]


def find_layout(head: Head, delimiters: Iterable[str], names: FieldNames) -> TableLayout | None:
    """Choose the layout that finds a text column and gives rows as long as the header.

    Args:
        head: The file's beginning; its first row that is not blank is the header.
        delimiters: Those that come into question.
        names: Knows which column may hold the text.

    Returns:
        The best layout, or None where no header can be read.
    """
    candidates = [(delimiter, True) for delimiter in delimiters]
    if "\t" in delimiters:
        # The usual dialect of TSV, in which a field may begin with a quote that never ends.
        candidates.append(("\t", False))
    text = head.data.removeprefix(UTF8_MARK).decode(errors="surrogateescape")
    if not head.whole:
        text = text[: text.rfind("\n") + 1]
    best: TableLayout | None = None
    best_score = (False, 0.0, 0)
    for delimiter, quoted in candidates:
        rows = list(islice(_rows(text, delimiter, quoted), _ROWS_LOOKED_AT))
        header = rows[0] if rows else None
        if header is None:
            continue
        columns = unique_names(header)
        fitting = sum(row is not None and len(row) == len(header) for row in rows)
        score = (names.has_text(columns), fitting / len(rows), len(columns))
        if score > best_score:
            best_score = score
            best = TableLayout(delimiter, quoted, columns)
    return best


def csv_reader(lines: Iterable[str], delimiter: str, quoted: bool) -> "Reader":
    """Read rows by the rules of RFC 4180; one that breaks them raises `csv.Error`."""
    if quoted:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)


def _rows(text: str, delimiter: str, quoted: bool) -> Iterator[list[str] | None]:
    """Give the rows that are not blank, and None for each that breaks the rules."""
    reader = csv_reader(io.StringIO(text, newline="\n"), delimiter, quoted)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if row:
            yield row

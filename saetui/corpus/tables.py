"""CSV and TSV: find the delimiter, the quoting and the columns, then read one record a row."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from saetui.corpus.fields import FieldNames, unique_names
from saetui.corpus.json_records import not_utf8_reason
from saetui.corpus.records import LONGEST_RECORD, Problem, Record, counted
from saetui.corpus.sources import UTF8_MARK, ByteSource, Head, lines

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = (",", "\t", ";", "|")
_ROWS_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A delimiter, whether fields are quoted, and the names of the columns.

    Attributes:
        delimiter: One of `DELIMITERS`.
        quoted: Whether quotes enclose fields, or are plain characters.
        columns: Names from the header, all different.
    """

    delimiter: str
    quoted: bool
    columns: tuple[str, ...]


def find_layout(head: Head, delimiters: Iterable[str], names: FieldNames) -> TableLayout | None:
    """Choose the layout with a text column and with the most rows as long as the header.

    Args:
        head: The file's beginning; its first row that is not blank is the header.
        delimiters: Those to try.
        names: Knows which column may hold the text.

    Returns:
        The best layout, or None where no header can be read.
    """
    candidates = [(delimiter, True) for delimiter in delimiters]
    if "\t" in delimiters:
        # Many TSV files do not quote, and a field may begin with a quote that never ends.
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
    """Read rows by the rules of RFC 4180; a row that breaks them raises `csv.Error`."""
    if quoted:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)


def _rows(text: str, delimiter: str, quoted: bool) -> Iterator[list[str] | None]:
    """Yield the rows that are not blank, and None for each that breaks the rules."""
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


class Table:
    """Reads the rows below a header; blank lines are skipped.

    A row that breaks the rules for quotes (RFC 4180), or that has more or fewer fields than the
    header, is bad: nobody can tell what was meant.
    """

    unit = "line"

    def __init__(self, source: ByteSource, layout: TableLayout) -> None:
        self._source = source
        self._layout = layout

    def __iter__(self) -> Iterator[Record | Problem]:
        columns = self._layout.columns
        # The limit is global to the csv module, so it is only ever raised.
        csv.field_size_limit(max(LONGEST_RECORD, csv.field_size_limit()))
        with self._source.opened() as stream:
            rows = csv_reader(_TextLines(stream), self._layout.delimiter, self._layout.quoted)
            header_passed = False
            while True:
                first_line = rows.line_num + 1
                try:
                    row = next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Problem(first_line, "bad", _reason(error, rows.line_num - first_line))
                    continue
                if not row:
                    continue
                if not header_passed:
                    header_passed = True
                    continue
                yield _record(first_line, columns, row)


class _TextLines:
    """Decodes a stream's lines; bytes that are not UTF-8 become surrogates, to be reported by row.

    A csv reader can go on after an exception from this class; after one from a generator it cannot.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines(stream)

    def __iter__(self) -> "_TextLines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if len(line) > LONGEST_RECORD:
            raise csv.Error(f"longer than {LONGEST_RECORD >> 20} MiB")
        return line.decode(errors="surrogateescape")


def _record(line: int, columns: tuple[str, ...], row: list[str]) -> Record | Problem:
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return Problem(line, "bad", _not_utf8(row))
    if len(row) != len(columns):
        fields = counted(len(row), "field", "fields")
        return Problem(line, "bad", f"has {fields} where the header has {len(columns)}")
    return Record(line, dict(zip(columns, row, strict=True)))


def _not_utf8(row: list[str]) -> str:
    try:
        "".join(row).encode(errors="surrogateescape").decode()
    except UnicodeDecodeError as error:
        return not_utf8_reason(error).partition(" at byte ")[0] + ")"
    return "is not UTF-8"


def _reason(error: csv.Error, further_lines: int) -> str:
    """Say what is wrong with a row, and how many further lines it swallowed."""
    lost = ""
    if further_lines > 0:
        lost = f" ({counted(further_lines, 'further line is', 'further lines are')} lost with it)"
    text = str(error)
    if "field limit" in text or "longer than" in text:
        return f"is longer than {LONGEST_RECORD >> 20} MiB{lost}"
    if "unexpected end" in text:
        return f"opens a quote that is never closed{lost}"
    if "expected after" in text:
        return f"has text after a closing quote{lost}"
    if "new-line character" in text:
        return f"holds a carriage return outside quotes{lost}"
    return f"cannot be read: {text}{lost}"

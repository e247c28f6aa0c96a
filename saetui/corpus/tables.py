"""CSV and TSV: a header, then one record a row, quoted or not."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from saetui.corpus.json_lines import not_utf8_reason
from saetui.corpus.records import LONGEST_RECORD, Record
from saetui.corpus.report import Problem, counted
from saetui.corpus.sources import ByteSource, lines
from saetui.corpus.table_layout import TableLayout, csv_reader


class Table:
    """Reads the rows below a header; blank lines are no records.

    Quotes go by the rules (RFC 4180): a row that breaks them, or that has more or fewer fields than
    the header, is bad, since one cannot tell what was meant.
    """

    unit = "line"

    def __init__(self, source: ByteSource, layout: TableLayout) -> None:
        self._source = source
        self._layout = layout

    def __iter__(self) -> Iterator[Record | Problem]:
        columns = self._layout.columns
        # The limit is the csv module's own and holds for all its readers, so never lower it.
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
    """Decodes a stream's lines; bytes that are not UTF-8 pass as surrogates, found row by row.

    A csv reader goes on after an exception from its source, but a generator would not.
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
    """Say what is wrong with a row, and how many lines went with it."""
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

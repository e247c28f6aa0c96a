"""CSV that people open in a spreadsheet: its rows stay whole, and its cells stay text."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# A spreadsheet computes a cell that begins with one of these, even after white space.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(r"'\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def csv_text(rows: Iterable[Sequence[object]], *, formulas: bool = False) -> str:
    """Rows as CSV.

    Args:
        rows: The header and the rows below it; numbers are written as they are.
        formulas: Whether texts may begin with `=`, `+`, `-` or `@`. Otherwise such a text gets an
            apostrophe before it, because a spreadsheet would compute it.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(value, formulas) for value in row])
    return target.getvalue()


def without_guard(cell: str) -> str:
    """A cell as it was before `csv_text` put an apostrophe before it."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _cell(value: object, formulas: bool) -> object:
    if not isinstance(value, str):
        return value
    # Not every version of Python quotes a bare carriage return, which ends a row.
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value if formulas or not _FORMULA.match(value) else f"'{value}"

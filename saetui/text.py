"""Make foreign text harmless: what it contains is shown, never obeyed.

Documents and labels may hold escape sequences, direction overrides or lone surrogates. A terminal
would act on the first two, and an encoder would fail on the third. A spreadsheet would take some
cells of a CSV file for formulas.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# Direction marks, overrides and isolates can make a line read as something that it is not.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# These take no room and say nothing: soft hyphen, joiners, zero-width space, byte-order mark,
# invisible operators, deprecated format characters, tag characters. Terminals do not agree how many
# cells an emoji takes with its skin colour, so that goes, too.
_INVISIBLE = re.compile(
    "(?<=[\u261d-\u270d\U0001f385-\U0001faf8])[\U0001f3fb-\U0001f3ff]"
    "|[\u00ad\u034f\u180b-\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_UNSAFE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_DIRECTION}\ud800-\udfff]")
_SPACES = re.compile(r"[\s\u2028\u2029]+")
_CONTROL_PICTURES = 0x2400


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"<U+{code:04X}>"


def visible(text: str) -> str:
    """`text` with control and direction characters spelled out; line breaks and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = text.replace("\u2029", "\n").replace("\x85", "\n")
    return _UNSAFE.sub(_shown, _INVISIBLE.sub("", text))


def visible_line(text: str, limit: int = 2_000) -> str:
    """`visible` on one line, white space folded, cut at `limit` characters with an ellipsis."""
    # Cutting first keeps a two-megabyte title cheap.
    head = text[: 4 * limit]
    line = _SPACES.sub(" ", visible(head)).strip()
    if len(line) <= limit and len(head) == len(text):
        return line
    return line[: limit - 1] + "\u2026"


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

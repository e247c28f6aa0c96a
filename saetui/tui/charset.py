"""Replace characters that the terminal's character set lacks."""

import re
import sys

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from saetui.glyphs import ASCII, UNICODE, Glyphs

# Borders, scrollbars and other characters that Textual draws with.
_FRAME = str.maketrans(
    {
        **dict.fromkeys("─━═╌▔▁▂▃▄▅▆▇▀", "-"),
        **dict.fromkeys("│┃║▏▎▍▌▋▊▉▐▕", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛", "+"),
        "█": "#",
        "…": "~",
        "•": "*",
        "·": ".",
    }
)
_FOREIGN = re.compile(r"[^\x20-\x7e]")


class CharsetFilter(LineFilter):
    """Replaces every character that an encoding lacks by others of the same width.

    Args:
        encoding: Of the terminal.
    """

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in characters that the terminal has."""
        return [
            Segment(_FOREIGN.sub(self._known, text.translate(_FRAME)), style, control)
            for text, style, control in segments
        ]

    def _known(self, match: re.Match[str]) -> str:
        character = match.group()
        try:
            character.encode(self._encoding)
        except UnicodeEncodeError:
            return "?" * cell_len(character)
        return character


def terminal_encoding() -> str:
    """The encoding of the stream that Textual draws on."""
    stream = sys.__stdout__ if sys.platform == "win32" else sys.__stderr__
    return getattr(stream, "encoding", None) or "ascii"


def glyphs_for(encoding: str) -> Glyphs:
    """Eighth-blocks where the encoding has them, plain ASCII elsewhere."""
    try:
        for value in vars(UNICODE).values():
            value.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE

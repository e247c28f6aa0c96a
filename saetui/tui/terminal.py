"""What the terminal can do: its characters, and its clipboard.

Characters that its character set lacks are replaced by others of the same width.

Programs ask a terminal for its clipboard by the sequence OSC 52, and no terminal answers whether it
obeyed. So it is said that the text was sent, not that it arrived. tmux, as it is configured by
default, ignores the sequence when it comes from a program, so its own buffer is used there. Where
the sequence is known to fail, the text goes into a file.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from saetui.glyphs import ASCII, UNICODE, Glyphs
from saetui.paths import data_dir
from saetui.text import visible_line
from saetui.tui.background import in_background

if TYPE_CHECKING:
    from textual.app import App
    from textual.worker import WorkType

COPIED = "copied.txt"
_LONGEST_NAME = 60
# xterm takes sequences of 100,000 characters, of which four stand for three bytes.
_MOST_BYTES = 74_000
_PATIENCE = 2.0
# Terminals that are known to ignore the sequence.
_DEAF_PROGRAMS = ("Apple_Terminal",)
_DEAF_TERMINALS = ("linux", "dumb", "vt100", "vt220")


def copy_text(app: "App[None]", text: str, say: Callable[[str], None]) -> None:
    """Copy a text, and say in a moment where it went.

    Args:
        app: The app, whose terminal is asked.
        text: The text.
        say: Shows a sentence.
    """

    async def copied() -> None:
        if _in_tmux() and await in_background(_to_tmux, text):
            say(f"In tmux's buffer (prefix ] pastes it): {_named(text)}")
        elif _obeys(text):
            app.copy_to_clipboard(text)
            say(f"Sent to the terminal's clipboard: {_named(text)}")
        else:
            try:
                path = await in_background(_to_file, text)
            except OSError as error:
                say(f"It cannot be copied here, nor written ({error.strerror or error}).")
                return
            say(f"Written to {path}: {_named(text)}")

    # Not called yet: a second key at once stops the worker before it begins.
    work: WorkType[None] = copied
    app.run_worker(work, name="copy", group="copy", exclusive=True)


def _named(text: str) -> str:
    return visible_line(text, _LONGEST_NAME)


def _in_tmux() -> bool:
    return bool(os.environ.get("TMUX")) and shutil.which("tmux") is not None


def _obeys(text: str) -> bool:
    """Whether the terminal may do what the sequence says."""
    deaf = (
        os.environ.get("TERM_PROGRAM") in _DEAF_PROGRAMS
        or os.environ.get("TERM") in _DEAF_TERMINALS
    )
    return not deaf and len(text.encode()) <= _MOST_BYTES


def _to_tmux(text: str) -> bool:
    """Put the text into tmux's buffer and, where its version can, the terminal's clipboard too."""
    for words in (("load-buffer", "-w", "-"), ("load-buffer", "-")):
        try:
            done = subprocess.run(
                ["tmux", *words],
                input=text.encode(),
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.returncode == 0:
            return True
    return False


def _to_file(text: str) -> Path:
    path = data_dir() / COPIED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


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

"""In tmux, with its default settings, what is said of a copy is what happened."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_bundle

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="needs tmux")


class Pane:
    """A pane of a tmux server of its own, without the user's settings."""

    def __init__(self, socket: Path, command: str) -> None:
        self._start = [str(TMUX), "-u", "-S", str(socket), "-f", os.devnull]
        self.tmux("new-session", "-d", "-x", "120", "-y", "30", command)

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            [*self._start, *words], capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout

    def cursor(self) -> tuple[int, int]:
        """Column and line of the terminal's cursor."""
        column, line = self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(column), int(line)

    def cursor_line(self) -> str:
        """The line on which the terminal's cursor stands."""
        _, row = self.cursor()
        return self.tmux("capture-pane", "-p").split("\n")[row]

    def settled(self) -> str:
        """What is on the screen once it has stopped changing."""
        last = ""
        while last != (seen := self.tmux("capture-pane", "-p")):
            last = seen
            time.sleep(0.3)
        return seen

    def wait_for_cursor_on(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in (line := self.cursor_line()):
            assert time.monotonic() < deadline, line
            time.sleep(0.05)

    def wait_for_cursor_beyond(self, place: tuple[int, int]) -> None:
        deadline = time.monotonic() + 60
        while (here := self.cursor())[0] <= place[0]:
            assert time.monotonic() < deadline, here
            time.sleep(0.05)

    def wait_for(self, text: str) -> str:
        deadline = time.monotonic() + 60
        while text not in (seen := self.tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)
        return seen


@pytest.fixture
def shell() -> Iterator[Pane]:
    # The name of a socket must be short.
    socket = Path(f"/tmp/saetui-test-{os.getpid()}")
    found = Pane(socket, "env PS1='shell> ' bash --norc --noprofile")
    found.wait_for("shell>")
    yield found
    found.tmux("kill-server")
    socket.unlink(missing_ok=True)


@pytest.fixture
def pane(shell: Pane, tmp_path: Path) -> Pane:
    """A shell that has started the app."""
    bundle = make_bundle(tmp_path / "small.bundle")
    shell.tmux("send-keys", f"{sys.executable} -m saetui {bundle}", "Enter")
    return shell


# Asks the terminal, after each text, in which column its cursor stands.
MEASURE = """
import os, re, sys, tty
from rich.cells import cell_len
from saetui.text import visible_line
tty.setraw(0)
wrong = []
for text in sys.argv[1:]:
    shown = visible_line(text)
    os.write(1, b"\\r\\x1b[2K" + shown.encode() + b"\\x1b[6n")
    answer = b""
    while not answer.endswith(b"R"):
        answer += os.read(0, 1)
    column = int(re.search(rb";(\\d+)R", answer)[1]) - 1
    if column != cell_len(shown):
        wrong.append(f"{text!a} takes {column}")
os.write(1, ("\\r\\x1b[2Kmeasured: " + (", ".join(wrong) or "all right")).encode())
"""
ODD = (
    *(
        "\u2764\ufe0f heart",
        "\u260e\ufe0e",
        "1\ufe0f\u20e3 one",
        "e\u0301tude",
        "Z\u0337\u0348a\u0336",
    ),
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
    *("\U0001f1e9\U0001f1ea flag", "\U0001f1e9 half a flag", "\U0001f44d\U0001f3fd up"),
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    *("\u05e9\u05dc\u05d5\u05dd", "\u0633\u0644\u0627\u0645", "\u0e19\u0e49\u0e33\u0e15\u0e01"),
    *("\u1112\u1161\u11ab", "\u9ed2\u3044\u7a74", "\uff76\uff9e", "\u2600 \u2708 \u26a0"),
)


def test_odd_characters_take_as_many_cells_as_the_app_gives_them(
    shell: Pane, tmp_path: Path
) -> None:
    program = tmp_path / "measure.py"
    program.write_text(MEASURE, "utf-8")
    words = " ".join(f"$'{text.encode('unicode_escape').decode()}'" for text in ODD)
    script = tmp_path / "measure.sh"
    script.write_text(f"LC_ALL=C.UTF-8 {sys.executable} {program} {words}; sleep 30", "utf-8")
    shell.tmux("send-keys", f"clear; bash {script}", "Enter")
    assert "measured: all right" in shell.wait_for("measured: ")


def test_what_is_copied_is_in_tmuxs_buffer(pane: Pane) -> None:
    pane.wait_for("60 documents")
    pane.tmux("send-keys", "2")
    pane.wait_for("Strongest documents")
    pane.wait_for_cursor_on(" 0 Black holes")
    here = pane.cursor()
    pane.tmux("send-keys", "Tab")
    pane.wait_for_cursor_beyond(here)
    pane.tmux("send-keys", "Enter")
    pane.wait_for("Is the label true of it?")
    pane.tmux("send-keys", "Y")
    pane.wait_for("In tmux's buffer")
    copied = pane.tmux("show-buffer")
    assert "part " in copied.splitlines()[0]
    assert "doc-" in copied


def test_the_app_can_be_put_aside_and_goes_on(pane: Pane) -> None:
    pane.wait_for("60 documents")
    pane.tmux("send-keys", "2")
    pane.wait_for("Strongest documents")
    before = pane.settled()
    pane.wait_for_cursor_on(" 0 Black holes")
    pane.tmux("send-keys", "j")
    pane.wait_for_cursor_on(" 10 Coral reefs")
    pane.tmux("send-keys", "k")
    pane.wait_for_cursor_on(" 0 Black holes")
    pane.tmux("send-keys", "C-z")
    stopped = pane.wait_for("Stopped")
    assert "Strongest documents" not in stopped
    pane.tmux("send-keys", "fg", "Enter")
    pane.wait_for("Strongest documents")
    assert pane.settled() == before
    pane.wait_for_cursor_on(" 0 Black holes")
    pane.tmux("send-keys", "q", "q")
    assert "Strongest documents" not in pane.wait_for("shell>")

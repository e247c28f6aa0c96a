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
        self._start = [str(TMUX), "-S", str(socket), "-f", os.devnull]
        self.tmux("new-session", "-d", "-x", "120", "-y", "30", command)

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            [*self._start, *words], capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout

    def cursor_line(self) -> str:
        """The line on which the terminal's cursor stands."""
        row = int(self.tmux("display-message", "-p", "#{cursor_y}"))
        return self.tmux("capture-pane", "-p").split("\n")[row]

    def lines(self) -> list[str]:
        return [line for line in self.tmux("capture-pane", "-p").splitlines() if line.strip()]

    def wait_for_cursor_on(self, text: str) -> None:
        deadline = time.monotonic() + 20
        while text not in (line := self.cursor_line()):
            assert time.monotonic() < deadline, line
            time.sleep(0.05)

    def wait_for(self, text: str) -> str:
        deadline = time.monotonic() + 20
        while text not in (seen := self.tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)
        return seen


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    """A shell that has started the app."""
    bundle = make_bundle(tmp_path / "small.bundle")
    # The name of a socket must be short.
    socket = Path(f"/tmp/saetui-test-{os.getpid()}")
    found = Pane(socket, "env PS1='shell> ' bash --norc --noprofile")
    found.wait_for("shell>")
    found.tmux("send-keys", f"{sys.executable} -m saetui {bundle}", "Enter")
    yield found
    found.tmux("kill-server")
    socket.unlink(missing_ok=True)


def test_what_is_copied_is_in_tmuxs_buffer(pane: Pane) -> None:
    pane.wait_for("60 documents")
    pane.tmux("send-keys", "Escape")
    time.sleep(0.3)
    pane.tmux("send-keys", "2")
    pane.wait_for("Strongest documents")
    pane.tmux("send-keys", "Tab")
    time.sleep(0.3)
    pane.tmux("send-keys", "Enter")
    pane.wait_for("Is the label true of it?")
    pane.tmux("send-keys", "Y")
    pane.wait_for("In tmux's buffer")
    copied = pane.tmux("show-buffer")
    assert "part " in copied.splitlines()[0]
    assert "doc-" in copied


def test_the_app_can_be_put_aside_and_goes_on(pane: Pane) -> None:
    pane.wait_for("60 documents")
    pane.tmux("send-keys", "Escape")
    time.sleep(0.3)
    pane.tmux("send-keys", "2")
    pane.wait_for("Strongest documents")
    before = pane.lines()
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
    assert pane.lines() == before
    pane.wait_for_cursor_on(" 0 Black holes")
    pane.tmux("send-keys", "q", "q")
    assert "Strongest documents" not in pane.wait_for("shell>")

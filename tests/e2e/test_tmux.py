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

    def wait_for(self, text: str) -> str:
        deadline = time.monotonic() + 60
        while text not in (seen := self.tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)
        return seen


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    bundle = make_bundle(tmp_path / "small.bundle")
    # The name of a socket must be short.
    socket = Path(f"/tmp/saetui-test-{os.getpid()}")
    found = Pane(socket, f"{sys.executable} -m saetui {bundle}")
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

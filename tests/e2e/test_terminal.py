"""The app in a real terminal, as a process of its own."""

import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_bundle

from saetui.embed import load_embedder

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
termios = pytest.importorskip("termios", reason="this system has no pseudo-terminals")

TOP = Path(__file__).resolve().parents[2]
_SEQUENCES = re.compile(rb"\x1b\[[0-9;?=>]*[A-Za-z]|\x1b[()][A-B0-2]|\x1b\][^\x07]*\x07")
PATIENCE = 60


class TerminalApp:
    """A command in a pseudo-terminal of 80 by 24."""

    def __init__(self, *words: str, program: str = "") -> None:
        self.written = b""
        start = ["-c", program] if program else ["-m", "saetui"]
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "LINES": "24",
            "COLUMNS": "80",
            "PYTHONPATH": str(TOP),
        }
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execvpe(sys.executable, [sys.executable, *start, *words], environment)

    def wait_for(self, text: str, *, keep: bool = False) -> None:
        """Read until `text` was drawn; fail with what was drawn instead.

        What was read is forgotten then, unless it is to be kept.
        """
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in _SEQUENCES.sub(b"", self.written):
            assert time.monotonic() < deadline, _SEQUENCES.sub(b"", self.written)[-3000:].decode()
            self._read()
        if not keep:
            self.written = b""

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def exit_code(self) -> int:
        """Wait for the process to end."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._read()
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                self.process = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError("the app did not end")

    def close(self) -> None:
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.terminal)

    def _read(self) -> None:
        ready, _, _ = select.select([self.terminal], [], [], 0.05)
        if ready:
            try:
                self.written += os.read(self.terminal, 65536)
            except OSError:
                time.sleep(0.01)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal") / "topics.bundle"
    return make_bundle(folder, d=384, embedder=load_embedder("minilm"))


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Iterator[list[TerminalApp]]:
    apps: list[TerminalApp] = []
    yield apps
    for app in apps:
        app.close()


def test_a_query_typed_before_the_bundle_is_open_is_answered(
    bundle: Path, opened: list[TerminalApp]
) -> None:
    app = TerminalApp("open", str(bundle))
    opened.append(app)
    app.wait_for("Features")
    app.type("tidal disruption flare\r")
    app.wait_for("Tidal disruption and black holes")
    app.type("L")
    app.wait_for("+.75")
    app.type("q")
    assert app.exit_code() == 0


def test_a_bundle_that_cannot_be_opened_ends_with_a_sentence(
    tmp_path: Path, opened: list[TerminalApp]
) -> None:
    app = TerminalApp("open", str(tmp_path / "none.bundle"))
    opened.append(app)
    app.wait_for("There is no bundle at")
    assert app.exit_code() == 1


FAILING = """
import sys
from saetui.tui.screens.main import MainScreen
def fail(self):
    raise RuntimeError("bad news")
MainScreen.action_find = fail
from saetui.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_that_nobody_foresaw_leaves_the_terminal_as_it_was(
    bundle: Path,
    tmp_path: Path,
    opened: list[TerminalApp],
    monkeypatch: pytest.MonkeyPatch,
    debug: bool,
) -> None:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    app = TerminalApp("open", str(bundle), *(["--debug"] if debug else []), program=FAILING)
    opened.append(app)
    before = termios.tcgetattr(app.terminal)
    app.wait_for("Features")
    app.type("tidal disruption flare\r")
    app.wait_for("Tidal disruption and black holes")
    app.type("L")
    app.wait_for("+.75")
    app.type("/")
    app.wait_for("The app was stopped by an error of its own (RuntimeError).", keep=True)
    assert app.exit_code() == 1
    text = app.written.decode("utf-8", "replace")
    # Out of the second screen, the cursor shown, the mouse left alone.
    for sequence in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l"):
        assert sequence in text
    said = text.rpartition("\x1b[?1049l")[2]
    assert "The report is in" in said
    assert "Your search and its steps are in" in said
    assert ("Traceback" in said and "in fail" in said) == debug
    assert termios.tcgetattr(app.terminal) == before
    assert list((tmp_path / "data/reports").iterdir())
    assert list((tmp_path / "data/recovered").iterdir())


def test_a_lost_connection_ends_the_app_and_loses_no_search(
    bundle: Path, tmp_path: Path, opened: list[TerminalApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    before = {path: path.stat().st_mtime_ns for path in bundle.rglob("*")}
    app = TerminalApp("open", str(bundle))
    app.wait_for("Features")
    app.type("tidal disruption flare\r")
    app.wait_for("Tidal disruption and black holes")
    app.type("L")
    app.wait_for("+.75")
    os.close(app.terminal)
    deadline = time.monotonic() + PATIENCE
    while not (ended := os.waitpid(app.process, os.WNOHANG))[0]:
        assert time.monotonic() < deadline, "the app goes on without a terminal"
        time.sleep(0.05)
    assert os.waitstatus_to_exitcode(ended[1]) == -signal.SIGHUP
    assert {path: path.stat().st_mtime_ns for path in bundle.rglob("*")} == before
    (kept,) = (tmp_path / "data/recovered").iterdir()
    assert "tidal disruption flare" in kept.read_text("utf-8")
    again = TerminalApp("open", str(bundle))
    opened.append(again)
    again.wait_for("Cut off last time: o opens it.")
    os.kill(again.process, signal.SIGTERM)
    assert again.exit_code() == 128 + signal.SIGTERM
    assert b"\x1b[?1049l" in again.written
    assert [path.name for path in kept.parent.iterdir()] == [kept.name.removeprefix("hung-up-")]

import sys
import types
from pathlib import Path

import pytest
from command_line import Terminal

from saetui.cli import main


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str | None, bool]]:
    """What the app was asked to open; the app itself stays away."""
    calls: list[tuple[Path, str | None, bool]] = []
    app = types.ModuleType("saetui.tui.app")
    app.run = lambda path, sae, mouse: calls.append((path, sae, mouse))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "saetui.tui.app", app)
    return calls


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("open", "my.bundle"), ("my.bundle", None, True)),
        (("my.bundle",), ("my.bundle", None, True)),
        (("--debug", "my.bundle", "--sae", "k4-n24"), ("my.bundle", "k4-n24", True)),
        (("my.bundle", "--no-mouse"), ("my.bundle", None, False)),
    ],
)
def test_the_app_is_given_the_bundle(
    opened: list[tuple[Path, str | None, bool]],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    expected: tuple[str, str | None, bool],
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal())
    assert main(words) == 0
    assert opened == [(Path(expected[0]), *expected[1:])]


def test_a_dumb_terminal_is_told_of_the_commands_that_print(
    opened: list[tuple[Path, str | None, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = {each: Terminal() for each in ("stdin", "stdout", "stderr")}
    for each, stream in streams.items():
        monkeypatch.setattr(sys, each, stream)
    monkeypatch.setenv("TERM", "dumb")
    assert main(["open", "my.bundle"]) == 1
    assert streams["stderr"].text.startswith("This terminal (TERM=dumb) cannot draw the app.\n")
    assert "saetui search, features, families, document" in streams["stderr"].text
    assert opened == []


@pytest.mark.parametrize(
    ("name", "said"), [("stdin", "input"), ("stdout", "output"), ("stderr", "error")]
)
def test_without_a_terminal_it_is_refused(
    opened: list[tuple[Path, str | None, bool]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    said: str,
) -> None:
    streams = {each: Terminal() for each in ("stdin", "stdout", "stderr")}
    monkeypatch.setattr(streams[name], "isatty", lambda: False)
    for each, stream in streams.items():
        monkeypatch.setattr(sys, each, stream)
    assert main(["open", "my.bundle"]) == 1
    expected = f"The app needs a terminal, and standard {said} is not one.\n"
    assert streams["stderr"].text.startswith(expected)
    assert streams["stdout"].text == ""
    assert opened == []

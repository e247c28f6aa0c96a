import io

import pytest
from command_line import Terminal, without_colour

from saetui.cli.progress import shown_progress


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_at_start_now_and_then_and_at_the_end() -> None:
    clock, log = Clock(), io.StringIO()
    with shown_progress(log, clock) as progress:
        progress.start("embed", 1_000, "documents")
        for _ in range(10):
            clock.now += 4
            progress.advance(100, loss=0.25)
        progress.start("index", None, "vectors")
        clock.now += 1
        progress.advance(7)
    assert log.getvalue().splitlines() == [
        "embed: 1,000 documents",
        "embed: 300 of 1,000 documents (30%), 25 documents/s, about 28 s left, loss 0.25",
        "embed: 600 of 1,000 documents (60%), 25 documents/s, about 16 s left, loss 0.25",
        "embed: 900 of 1,000 documents (90%), 25 documents/s, about 4.0 s left, loss 0.25",
        "embed: done after 40 s, 1,000 of 1,000 documents (100%), 25 documents/s",
        "index",
        "index: done after 1.0 s, 7 vectors, 7.0 vectors/s",
    ]


def test_lines_of_a_resumed_task_count_what_is_new() -> None:
    clock, log = Clock(), io.StringIO()
    with shown_progress(log, clock) as progress:
        progress.start("train", 100, "steps", done=90)
        clock.now += 20
        progress.advance(5)
    assert log.getvalue().splitlines() == [
        "train: 100 steps, 90 done before",
        "train: 95 of 100 steps (95%), 0.2 steps/s, about 20 s left",
        "train: done after 20 s, 95 of 100 steps (95%), 0.2 steps/s",
    ]


def test_lines_of_nothing_to_do() -> None:
    log = io.StringIO()
    with shown_progress(log, Clock()) as progress:
        progress.advance(3)
        progress.start("embed", 0, "documents")
    assert log.getvalue().splitlines() == [
        "embed: 0 documents",
        "embed: done after 0.0 s, 0 of 0 documents",
    ]


def test_a_task_that_failed_is_not_called_done() -> None:
    log = io.StringIO()
    with pytest.raises(KeyboardInterrupt), shown_progress(log, Clock()) as progress:
        progress.start("train", 100, "steps")
        progress.note("a note \x1b[31m")
        raise KeyboardInterrupt
    assert log.getvalue().splitlines() == [
        "train: 100 steps",
        "a note \u241b[31m",
        "train: stopped after 0.0 s, 0 of 100 steps (0%)",
    ]


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_bars_show_count_rate_and_time(encoding: str) -> None:
    clock, terminal = Clock(), Terminal(encoding)
    with shown_progress(terminal, clock) as progress:
        progress.start("embed [b]", 1_000, "documents", done=200)
        clock.now += 10
        progress.advance(400, loss=0.25)
        progress.note("a note [b]")
        progress.start("index", None, "vectors")
        clock.now += 10
        progress.advance(50)
    last = without_colour(terminal.text).replace("\r", "").split("a note [b]")[-1].splitlines()
    embed = [line for line in last if "embed [b]" in line][-1]
    index = [line for line in last if "index" in line][-1]
    assert embed.rstrip().endswith("600/1,000 documents  took 10 s  40/s  loss 0.25")
    assert index.rstrip().endswith("50/50 vectors  took 10 s  5.0/s")


@pytest.mark.usefixtures("wide")
def test_bars_of_a_task_that_failed() -> None:
    terminal = Terminal()
    with pytest.raises(RuntimeError), shown_progress(terminal, Clock()) as progress:
        progress.start("train", 100, "steps")
        raise RuntimeError
    assert "0/100 steps  stopped after 0.0 s" in without_colour(terminal.text)


@pytest.mark.usefixtures("wide")
def test_time_left_is_drawn_while_work_goes_on() -> None:
    clock, terminal = Clock(), Terminal()
    with shown_progress(terminal, clock) as progress:
        progress.start("train", 100, "steps")
        clock.now += 10
        progress.advance(50)
        progress.note("now")
    during = without_colour(terminal.text).partition("took")[0]
    assert "50/100 steps  10 s left  5.0/s" in during


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    with shown_progress(terminal, Clock()) as progress:
        progress.start("embed", 2, "documents")
    assert terminal.text.startswith("embed: 2 documents\n")
    assert "\x1b" not in terminal.text

"""Closed and full streams, long names and little memory: one sentence each."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Run

from saetui.errors import lacks_memory

ROOT = Path(__file__).parents[2]
LONG = "x" * 300


def saetui(redirected: str, *words: object, limit: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does that redirects its streams."""
    line = f'{limit} exec "$0" -m saetui "$@" {redirected}'
    return subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


FULL = "Standard output cannot be written (No space left on device)."
CLOSED = "Standard output is closed, so results cannot be printed."


@pytest.mark.parametrize(("redirected", "message"), [(">/dev/full", FULL), (">&-", CLOSED)])
@pytest.mark.parametrize(
    "words",
    [
        ("features", "BUNDLE", "--limit", "0"),
        ("features", "BUNDLE", "--limit", "0", "--json"),
        ("check", "BUNDLE"),
        ("search", "BUNDLE", "", "--steer", "3=0.5"),
        ("--help",),
        ("--version",),
    ],
)
def test_results_that_cannot_be_printed_are_told_of(
    bundle: Path, words: tuple[str, ...], redirected: str, message: str
) -> None:
    done = saetui(redirected, *(bundle if word == "BUNDLE" else word for word in words))
    lines = done.stderr.splitlines()
    assert message in lines, done.stderr
    assert not any("unexpected" in line or "Traceback" in line for line in lines)
    assert done.returncode == 1


def test_who_prints_nothing_needs_no_output(tmp_path: Path) -> None:
    done = saetui(">&-", "features", tmp_path / "none.bundle")
    assert done.stderr.splitlines()[0].startswith("There is no bundle at")
    assert done.returncode == 1


def test_a_closed_standard_error_goes_elsewhere(bundle: Path) -> None:
    done = saetui("2>&-", "features", bundle)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Black holes" in done.stdout
    done = saetui("2>&-", "features", bundle / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert saetui("2>/dev/full", "features", bundle / "none").returncode == 1
    assert saetui("<&- >&- 2>&-", "features", bundle).returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("search", "BUNDLE", "-"),
        ("search", "BUNDLE", "--request", "-"),
        ("build", "-", "-o", "FOLDER"),
    ],
)
def test_a_closed_standard_input_is_told_of(
    bundle: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    known = {"BUNDLE": bundle, "FOLDER": tmp_path / "new.bundle"}
    done = saetui("<&-", *(known.get(word, word) for word in words))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert "Standard input is closed, so nothing can be read from it." in lines
    assert not any("unexpected" in line or "Traceback" in line for line in lines)


@pytest.mark.parametrize(
    "words",
    [
        ("features", LONG),
        ("features", f"{LONG}.bundle"),
        ("build", LONG, "-o", "new.bundle"),
        ("build", ".", "-o", LONG),
        ("search", "BUNDLE", "", "--steer", "3=0.5", "--save-preset", f"{LONG}.json"),
        ("search", "BUNDLE", "", "--steer", "3=0.5", "--export", f"{LONG}.csv"),
        ("search", "BUNDLE", "--preset", LONG),
        ("labels", "export", "BUNDLE", f"{LONG}.csv"),
        ("labels", "import", "BUNDLE", f"{LONG}.csv"),
        ("train", f"{LONG}.npy", "-o", "saes"),
        ("check", LONG),
        ("doctor", LONG),
    ],
)
def test_a_name_that_no_file_can_have_is_told_of(
    run: Run, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*(bundle if word == "BUNDLE" else word for word in words))
    assert outcome.code == 1
    said = (outcome.err + outcome.out).casefold()
    assert "name" in said and "too long" in said
    assert "unexpected" not in said
    assert "errno" not in said


def test_a_name_that_is_just_short_enough_is_written(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"{'x' * 246}.json"
    outcome = run("search", bundle, "", "--steer", "3=0.5", "--save-preset", path)
    assert outcome.code == 0, outcome.err
    assert path.is_file()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object", name="_C"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 12 bytes."),
        RuntimeError("can't start new thread"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_too_little_memory_is_told_of_whoever_notices(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    assert lacks_memory(error)
    monkeypatch.setattr("saetui.session.session.open_session", fail)
    outcome = run("features", "x")
    assert outcome.err.splitlines()[0] == "There is not enough memory for this."
    assert outcome.code == 1


def test_a_package_that_is_there_is_not_to_be_installed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ImportError("libfancy.so.3: cannot open shared object file", name="_C")

    monkeypatch.setattr("saetui.session.session.open_session", fail)
    outcome = run("features", "x")
    assert "A package that saetui needs cannot be loaded (libfancy.so.3" in outcome.err
    assert "pip install" not in outcome.err


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited in Linux's way")
@pytest.mark.parametrize("kilobytes", [200_000, 450_000])
def test_a_build_in_little_memory_says_so(tmp_path: Path, kilobytes: int) -> None:
    corpus = tmp_path / "corpus.csv"
    rows = [f"{i},A star and {i} planets" for i in range(200)]
    corpus.write_text("\n".join(["id,text", *rows]))
    words = ("build", corpus, "-o", tmp_path / "new.bundle")
    done = saetui("", *words, limit=f"ulimit -v {kilobytes};")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert "There is not enough memory for this." in lines, done.stderr
    assert not any("install" in line or "unexpected" in line for line in lines)

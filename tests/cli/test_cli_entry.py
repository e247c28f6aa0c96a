import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bundles import make_bundle
from command_line import Run

import saetui
from saetui.cli.app import app

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "textual", "hnswlib", "scipy", "sklearn", "networkx", "numpy", "rich"}


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import saetui", HEAVY | {"typer"}),
        ("from saetui.cli import main; main(['--help'])", HEAVY),
        ("from saetui.cli import main; main(['search', '--help'])", HEAVY),
    ],
)
def test_nothing_heavy_is_imported(code: str, unwanted: set[str]) -> None:
    done = python(f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)")
    assert done.returncode == 0, done.stderr
    assert not unwanted & set(done.stderr.split())


def test_exploring_a_bundle_imports_no_torch(bundle: Path) -> None:
    code = (
        "import sys\nfrom saetui.cli import main\n"
        "for command in ('features', 'families'): main([command, sys.argv[1]])\n"
        "main(['search', sys.argv[1], '', '--steer', '3=0.5'])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = python(code, bundle)
    assert done.returncode == 0, done.stderr
    assert "saetui.session.session" in done.stderr.split()
    unwanted = {"torch", "textual", "scipy", "sklearn", "tokenizers", "pandas"}
    assert not unwanted & set(done.stderr.split())


def test_help_names_every_command(run: Run) -> None:
    outcome = run("--help")
    assert outcome.code == 0
    assert all(f"  {command.name} " in outcome.out for command in app.registered_commands)
    assert "..." not in outcome.out.partition("Commands:")[2]


@pytest.mark.parametrize("command", [command.name for command in app.registered_commands])
def test_every_command_has_help_with_examples(run: Run, command: str) -> None:
    outcome = run(command, "--help")
    assert outcome.code == 0
    assert f"    saetui {command}" in outcome.out
    assert outcome.out.isascii()


def test_version(run: Run) -> None:
    assert run("--version").out == f"saetui {saetui.__version__}\n"


def test_version_is_said_once() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in configuration["project"]
    source = ROOT / configuration["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{saetui.__version__}"' in source.read_text()


@pytest.mark.parametrize("words", [(), ("nonsense",), ("search",), ("search", "--bogus")])
def test_usage_errors_exit_with_2(run: Run, words: tuple[str, ...]) -> None:
    outcome = run(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Usage: saetui" in outcome.err


def test_an_error_is_a_sentence_and_a_hint(run: Run) -> None:
    outcome = run("features", "nowhere.bundle")
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.splitlines() == ["There is no bundle at nowhere.bundle.", "Check the path."]


@pytest.mark.parametrize("words", [("--debug", "features", "x"), ("features", "x", "--debug")])
def test_debug_shows_the_traceback_wherever_it_stands(run: Run, words: tuple[str, ...]) -> None:
    outcome = run(*words)
    assert outcome.code == 1
    assert outcome.err.startswith("Traceback")
    assert outcome.err.endswith("There is no bundle at x.\nCheck the path.\n")


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("saetui.session.session.open_session", fail)


def test_an_unexpected_error_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, RuntimeError("bad \x1b[31m\nnews"))
    outcome = run("features", "x")
    assert outcome.code == 1
    assert outcome.err == "unexpected error: RuntimeError: bad \u241b[31m news; run with --debug\n"


def test_debug_shows_where_an_unexpected_error_came_from(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, RuntimeError("bad news"))
    outcome = run("features", "x", "--debug")
    assert outcome.code == 1
    assert "in fail" in outcome.err


def test_an_interruption_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    outcome = run("features", "x")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "interrupted\n")


@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_a_reader_that_goes_away_is_no_error(bundle: Path, extra: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "saetui", "features", bundle, "--limit", "0", *extra],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
        )
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.parametrize("name", ["absent.bundle", "a folder"])
def test_a_path_alone_opens_a_bundle(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a folder").mkdir()
    outcome = run(name)
    assert outcome.code == 1
    assert outcome.err.startswith("The app needs a terminal")


def test_a_command_wins_over_a_path_of_the_same_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("doctor").mkdir()
    assert "Packages" in run("doctor").out


def test_a_word_that_cannot_be_a_path_is_a_usage_error(run: Run) -> None:
    assert run("x" * 5_000).code == 2


def test_a_missing_hnswlib_is_explained(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle(tmp_path / "graph.bundle", index="graph")
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    outcome = run("search", bundle, "", "--steer", "3=0.5", "--mode", "delta")
    assert outcome.code == 1
    assert "hnswlib" in outcome.err
    assert "C++ compiler" in outcome.err


def test_public_names_are_loaded_when_used() -> None:
    code = (
        "import saetui, sys\n"
        "assert 'saetui.session.session' not in sys.modules\n"
        "assert set(saetui.__all__) <= set(dir(saetui))\n"
        "assert saetui.Change('add', 1.0).apply(2.0) == 3.0\n"
        "assert 'numpy' not in sys.modules\n"
        "assert saetui.SearchRequest().limit == 10\n"
        "assert saetui.open.__name__ == 'open_session'\n"
        "assert isinstance(saetui.Session, type)\n"
        "try: saetui.nonsense\n"
        "except AttributeError as error: assert 'nonsense' in str(error)\n"
        "else: raise AssertionError\n"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr

import json
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import Run, without_colour

from saetui.cli.doctor import EXTRAS, REQUIRED

ROOT = Path(__file__).parents[2]


def test_packages_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> tuple[str, ...]:
        return tuple(re.split(r"[<>=\[;]", requirement)[0].strip() for requirement in requirements)

    extras = project["optional-dependencies"]
    assert names(project["dependencies"]) == REQUIRED
    assert {name: names(extras[name]) for name in extras if name != "dev"} == EXTRAS


def test_json(run: Run, bundle: Path) -> None:
    facts = json.loads(run("doctor", bundle, "--json").out)
    assert facts["packages"]["numpy"].count(".") == 2
    assert facts["index"]["ok"] is True
    assert facts["terminal"]["is_terminal"] is False
    assert "minilm" in [embedder["name"] for embedder in facts["embedders"]]
    assert facts["bundle"]["documents"] == 60
    assert facts["bundle"]["saes"] == ["k4-n24"]
    assert facts["bundle"]["embedder"]["name"] == "minilm"


def test_text_on_a_terminal(run_on_terminal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux")
    monkeypatch.setenv("NO_COLOR", "1")
    outcome = run_on_terminal("doctor", width=60, encoding="ascii")
    text = without_colour(outcome.out)
    assert "60 columns" in text
    assert "NO_COLOR is set" in text
    assert "encoding ascii, so that lines and bars are drawn in ASCII" in text
    assert "TERM xterm-256color, inside tmux" in text
    assert max(len(line) for line in text.splitlines()) <= 60


def test_a_broken_index_is_a_problem(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    outcome = run("doctor")
    assert outcome.code == 1
    problems = outcome.out.partition("\nProblems\n")[2]
    assert "'hnswlib', which cannot be imported" in problems
    assert "apt install g++ python3-dev" in problems
    assert "xcode-select --install" in problems


def test_a_missing_package_is_a_problem(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saetui.cli.doctor.REQUIRED", (*REQUIRED, "saetui-absent"))
    outcome = run("doctor")
    assert outcome.code == 1
    assert "The package 'saetui-absent' is not installed." in outcome.out


def test_a_bundle_that_cannot_be_opened_is_a_problem(run: Run, tmp_path: Path) -> None:
    outcome = run("doctor", tmp_path / "absent.bundle", "--json")
    assert outcome.code == 1
    facts = json.loads(outcome.out)
    assert facts["problems"] == [
        f"There is no bundle at {tmp_path / 'absent.bundle'}. Check the path."
    ]


def test_an_embedder_that_is_not_here_is_a_problem(run: Run, bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "foreign.bundle"
    shutil.copytree(bundle, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["embedder"] = {"spec": "openai:text-embedding-3-small"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    outcome = run("doctor", folder)
    assert outcome.code == 1
    assert "needs the embedder openai:text-embedding-3-small, not available" in outcome.out

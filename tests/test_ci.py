"""The workflow of GitHub, `.ci/run` and the README's test command are one and the same."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parent.parent


def workflow() -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(
        (TOP / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    )
    return loaded


def test_ci_runs_whatever_the_readme_says(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(TOP / ".ci" / "run", tmp_path / ".ci" / "run")
    readme = (TOP / "README.md").read_text("utf-8")
    before, _, rest = readme.partition("<!-- test-command -->")
    _, _, after = rest.partition("<!-- /test-command -->")
    command = "<!-- test-command -->\n```sh\necho these checks > ran\n```\n<!-- /test-command -->"
    (tmp_path / "README.md").write_text(before + command + after, "utf-8")
    subprocess.run([tmp_path / ".ci" / "run"], check=True, cwd="/")
    assert (tmp_path / "ran").read_text() == "these checks\n"


def test_the_workflow_runs_it_on_each_system_and_python() -> None:
    job = workflow()["jobs"]["checks"]  # type: ignore[index]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    matrix = job["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos"}
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    oldest = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    assert oldest["requires-python"] == f">={matrix['python'][0]}"

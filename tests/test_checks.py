"""What `python -m tests` itself must notice."""

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

TESTS = Path(__file__).parent
SNAPSHOT_TEST = """
import pytest
from screens import ScreenSnapshots

@pytest.mark.parametrize("name", ["one", "two", "three", "four"])
def test_picture(name, snapshot):
    assert f"<svg>{name}</svg>" == snapshot.use_extension(ScreenSnapshots)
"""


def parallel_options() -> list[str]:
    spec = spec_from_file_location("checks", TESTS / "__main__.py")
    assert spec and spec.loader
    checks = module_from_spec(spec)
    spec.loader.exec_module(checks)
    return list(checks.CHECKS["tests"][1:])


def test_tests_in_parallel_fail_for_a_snapshot_that_none_of_them_uses(tmp_path: Path) -> None:
    tests, snapshots = tmp_path / "tests" / "ui", tmp_path / "snapshots" / "test_pictures"
    tests.mkdir(parents=True)
    snapshots.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_bytes((TESTS.parent / "pyproject.toml").read_bytes())
    (tests / "test_pictures.py").write_text(SNAPSHOT_TEST)
    (tests / "screens.py").write_bytes((TESTS / "ui" / "screens.py").read_bytes())
    for name in ("one", "two", "three", "four", "five"):
        (snapshots / f"test_picture[{name}].svg").write_text(f"<svg>{name}</svg>")
    # Two processes at least, on whatever machine.
    command = [sys.executable, "-m", "pytest", *parallel_options(), "-n", "2"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "4 snapshots passed. 1 snapshot unused." in ended.stdout
    # Nothing else is wrong.
    assert "failed" not in ended.stdout
    assert "rror" not in ended.stdout + ended.stderr

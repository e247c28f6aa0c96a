"""A sample of random keys, pressed as `python -m tests.random_keys` presses thousands."""

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]


def test_random_keys_with_doubles_leave_the_app_alive() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.random_keys", "--count", "90", "--seed", "3"],
        capture_output=True,
        text=True,
        check=False,
        cwd=TOP,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 faults" in done.stdout

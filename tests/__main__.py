"""Everything that must hold before a change lands: `python -m tests`.

Format, lint, types, import contracts, spelling and tests with their snapshots, in this order; the
first that fails ends the run.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

# One process for each core, up to the number that memory has room for, since each loads torch.
# Tests stay in order, so that a fixture of a module is rarely made twice; whichever process runs
# out of tests takes some of another's.
IN_PARALLEL = ["-n", "auto", "--maxprocesses", "8", "--dist", "worksteal"]
CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "import contracts": ["lint-imports", "--no-cache"],
    "spelling": ["codespell_lib"],
    "tests": ["pytest", *IN_PARALLEL],
}
# Run by their entry points, for want of a module that can be run.
_PROGRAMS = {"lint-imports"}


def main() -> int:
    top = Path(__file__).resolve().parent.parent
    # Compiled tests are kept for the next run, whatever the shell says.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for name, (tool, *arguments) in CHECKS.items():
        print(f"== {name}", flush=True)
        started = time.monotonic()
        program = (
            [str(Path(sys.executable).with_name(tool))]
            if tool in _PROGRAMS
            else [sys.executable, "-m", tool]
        )
        code = subprocess.run(
            [*program, *arguments], cwd=top, env=environment, check=False
        ).returncode
        print(f"   {time.monotonic() - started:.1f} s", flush=True)
        if code:
            print(f"{name} failed", flush=True)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

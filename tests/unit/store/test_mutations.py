"""A sample of damaged bundles, used as `python -m tests.mutate_bundle` uses hundreds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="damaged bundles are used in copied processes")
def test_damaged_bundles_crash_nothing_and_do_not_go_unnoticed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutate_bundle", "--count", "3", "--seed", "7"],
        capture_output=True,
        text=True,
        check=False,
        cwd=TOP,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "crash 0, hang 0, memory 0, unexpected error 0, unnoticed 0" in done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="damaged bundles are used in copied processes")
def test_a_whole_bundle_answers_and_faults_are_seen() -> None:
    program = """
import os, signal, sys, tempfile
from pathlib import Path
from tests import mutate_bundle as each
with tempfile.TemporaryDirectory() as name, each.prepared():
    folder = Path(name)
    os.environ["SAETUI_CACHE"] = os.environ["SAETUI_DATA"] = name
    whole = each.whole_bundles(folder)[0]
    case = each.Case(whole, "nothing", forged=False, damaged=True)
    assert [fault for _, fault, _ in each.use(case)] == ["unnoticed"], "it is whole, and works"
    for work, fault in [
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "crash"),
        (lambda: 1 / 0, "unexpected error"),
        (lambda: len(bytearray(each.MEMORY + 1000)), "memory"),
        (lambda: print("unexpected error: x") or 1, "unexpected error"),
    ]:
        assert fault in list(each.faults(case, "search", each.in_process(work))), fault
    each.PATIENCE = 1
    assert list(each.faults(case, "search", each.in_process(signal.pause))) == ["hang"]
print("seen")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=TOP
    )
    assert (done.stdout, done.returncode) == ("seen\n", 0), done.stderr

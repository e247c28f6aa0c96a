"""What imports what: nothing heavy before the first frame, nothing in circles."""

import subprocess
import sys
from pathlib import Path

import pytest
from bundles import make_bundle

TOP = Path(__file__).resolve().parents[2]
TRAINING = {"torch", "scipy", "sklearn", "transformers", "sentence_transformers", "pandas"}
HEAVY = TRAINING | {"numpy", "hnswlib", "networkx", "tokenizers", "safetensors"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after running `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=TOP,
    )
    return {name.partition(".")[0] for name in done.stdout.split("\n")[-2].split()}


@pytest.mark.parametrize(
    "module", ["saetui", "saetui.core.search_request", "saetui.cli.entry", "saetui.tui.app"]
)
def test_nothing_heavy_is_loaded_before_the_first_frame(module: str) -> None:
    assert not loaded_by(f"import {module}") & HEAVY


def test_the_command_line_does_not_load_the_app() -> None:
    assert "textual" not in loaded_by("import saetui.cli.entry")


def test_opening_searching_and_questioning_a_bundle_trains_nothing(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "small.bundle")
    code = f"""
import sys; sys.path.insert(0, {str(TOP / "tests")!r})
import saetui
session = saetui.open({str(bundle)!r})
session.search(saetui.SearchRequest("", {{3: saetui.Change("add", 0.5)}}))
session.feature(3), session.document(0), session.sae.families
assert saetui.ask(session, "has:3").facts["tested"]
"""
    assert not loaded_by(code) & (TRAINING | {"networkx", "textual"})

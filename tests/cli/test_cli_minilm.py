"""From words to results with the real embedder, as a user has it."""

import json
import subprocess
import sys
from pathlib import Path

from command_line import Run


def test_a_question_finds_documents_about_it(run: Run, minilm_bundle: Path) -> None:
    found = run("search", minilm_bundle, "corals that turn white in warm water", "--json").json
    assert all("coral reefs" in result["title"] for result in found["results"][:5])
    assert found["features"][0]["label"] in {"Coral reefs", "Bleaching"}


def test_a_process_answers_like_the_library(run: Run, minilm_bundle: Path) -> None:
    words = ["search", str(minilm_bundle), "heavy stars that collide", "--steer", "3=0.2", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "saetui", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(done.stdout) == run(*words).json
    assert done.stderr == ""


def test_an_embedder_of_another_width_is_refused(run: Run, bundle: Path) -> None:
    outcome = run("search", bundle, "reef")
    assert outcome.code == 1
    assert "width 384" in outcome.err
    assert "width 32" in outcome.err

import json
import shutil
from pathlib import Path

import pytest
from command_line import Run


@pytest.fixture
def damaged(bundle: Path, tmp_path: Path) -> Path:
    """A copy in which one byte of the weights differs."""
    folder = tmp_path / "damaged.bundle"
    shutil.copytree(bundle, folder)
    weights = folder / "saes" / "k4-n24" / "sae_weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    return folder


def test_a_whole_bundle(run: Run, bundle: Path) -> None:
    outcome = run("check", bundle)
    assert outcome.code == 0
    assert all(line.startswith("ok       ") for line in outcome.out.splitlines())
    assert "ok       SAE k4-n24\n" in outcome.out
    found = run("check", bundle, "--json").json
    assert found["ok"] is True
    assert found["findings"][0] == {
        "subject": "manifest and sizes",
        "ok": True,
        "problem": "",
        "detail": "",
    }


@pytest.mark.parametrize("name", ["empty_bundle", "hostile_bundle"])
def test_unusual_bundles_are_whole_too(run: Run, name: str, request: pytest.FixtureRequest) -> None:
    assert run("check", request.getfixturevalue(name)).code == 0


def test_a_changed_byte_is_found(run: Run, damaged: Path) -> None:
    outcome = run("check", damaged)
    assert outcome.code == 1
    (problem,) = [line for line in outcome.out.splitlines() if line.startswith("problem")]
    assert "sae_weights.safetensors" in problem
    as_json = run("check", damaged, "--json")
    assert as_json.code == 1
    found = json.loads(as_json.out)
    assert found["ok"] is False
    assert sum(not finding["ok"] for finding in found["findings"]) == 1


def test_a_missing_bundle_is_a_problem(run: Run, tmp_path: Path) -> None:
    outcome = run("check", tmp_path / "absent.bundle")
    assert outcome.code == 1
    assert outcome.out.startswith("problem  manifest and sizes: There is no bundle at")

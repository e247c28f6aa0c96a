"""The JSON that `--json` prints of whole bundles and SAEs; see `saetui.cli.json_output`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saetui.cli.json_output import finite
from saetui.session.saved.search_json import Json

if TYPE_CHECKING:
    from saetui.core.matches import SaeComparison
    from saetui.pipeline.finishing import BuildOutcome
    from saetui.store.check import Finding
    from saetui.store.manifest import Manifest, SaeRecord
    from saetui.train.size import Sweep


def build(outcome: "BuildOutcome") -> Json:
    """The outcome of a build."""
    manifest = outcome.manifest
    return {
        "path": str(outcome.path),
        "steps": list(outcome.steps),
        "documents": manifest.documents,
        "dimensions": manifest.dimensions,
        "corpus": finite(manifest.corpus),
        "embedder": manifest.embedder,
        "index": finite(manifest.index),
        "saes": [_sae(sae) for sae in manifest.saes],
        "changes": _changes(outcome),
    }


def _changes(outcome: "BuildOutcome") -> Json | None:
    """What became of the documents that a bundle had before."""
    found = outcome.changes
    if found is None:
        return None
    return {
        "new": found.new,
        "edited": found.edited,
        "described": found.described,
        "removed": found.removed,
        "embedded": outcome.embedded,
    }


def _sae(record: "SaeRecord") -> Json:
    return {"name": record.name, "n": record.n, "k": record.k, **finite(record.metrics)}


def trained(name: str, metrics: dict[str, Any]) -> Json:
    """An SAE outside a bundle."""
    return {"name": name, **finite(metrics)}


def stats(manifest: "Manifest", sweep: "Sweep | None", repeated: int) -> Json:
    """Facts about a bundle and its quality.

    Args:
        manifest: Of the bundle.
        sweep: Sizes that were tried.
        repeated: How many documents repeat the text of another one.
    """
    return {
        "name": manifest.name,
        "documents": manifest.documents,
        "repeated": repeated,
        "dimensions": manifest.dimensions,
        "embedder": manifest.embedder["spec"],
        "corpus": finite(manifest.corpus),
        "index": finite(manifest.index),
        "saes": [{**_short(sae.metrics), **_sae(sae)} for sae in manifest.saes],
        "sweep": None if sweep is None else sweep.to_json(),
    }


def _short(metrics: dict[str, Any]) -> Json:
    """The most important metrics, without nesting."""
    train, held_out = metrics.get("train") or {}, metrics.get("held_out") or {}
    return {
        "nmse_train": train.get("nmse"),
        "nmse_held_out": held_out.get("nmse"),
        "l0": train.get("l0"),
        "dead_share": train.get("dead_share"),
    }


def comparison(small: str, large: str, found: "SaeComparison") -> Json:
    """How one SAE's features match those of another."""
    return {
        "from": small,
        "to": large,
        "least_cosine": found.least_cosine,
        "recurrent": [list(pair) for pair in found.recurrent],
        "split": {str(feature): list(parts) for feature, parts in found.split.items()},
        "novel": list(found.novel),
        "lost": list(found.lost),
        "inactive": list(found.inactive),
    }


def check(findings: "Sequence[Finding]") -> Json:
    """The outcome of every check."""
    return {
        "ok": all(finding.ok for finding in findings),
        "findings": [
            {
                "subject": finding.subject,
                "ok": finding.ok,
                "problem": finding.problem,
                "detail": finding.detail,
            }
            for finding in findings
        ],
    }

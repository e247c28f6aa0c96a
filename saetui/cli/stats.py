"""`saetui stats`: what a bundle is and how good its SAEs are."""

from typing import TYPE_CHECKING, Any

from saetui.cli.charts import bars
from saetui.cli.options import AsJson, BundlePath

if TYPE_CHECKING:
    from saetui.cli.output import Output


def stats(bundle: BundlePath, as_json: AsJson = False) -> None:
    """Show what a bundle is and how good each of its SAEs is."""
    from saetui.cli import shapes
    from saetui.cli.metrics import metrics_table, show_sweep
    from saetui.cli.output import Output
    from saetui.pipeline.experiments import load_sweep
    from saetui.store.manifest import read_manifest

    output = Output()
    manifest, sweep = read_manifest(bundle), load_sweep(bundle)
    if as_json:
        output.json(shapes.stats(manifest, sweep))
        return
    output.line(
        f"{manifest.name}: {manifest.documents:,} documents, embedded by "
        f"{manifest.embedder['spec']} in {manifest.dimensions} dimensions"
    )
    recall = manifest.index.get("recall")
    if isinstance(recall, float):
        output.line(f"The index finds {recall:.1%} of the true first ten.")
    output.line()
    metrics_table(output, [(sae.name, sae.metrics) for sae in manifest.saes])
    for sae in manifest.saes:
        _show_densities(output, sae.name, sae.metrics.get("train") or {})
    if sweep is not None:
        output.heading("Sizes that were tried")
        show_sweep(output, sweep)


def _show_densities(output: "Output", name: str, figures: dict[str, Any]) -> None:
    """A histogram of how many features are active on which share of the documents."""
    counts, edges = figures.get("density_counts"), figures.get("density_edges")
    if not counts or not edges:
        return
    used = [place for place, count in enumerate(counts) if count]
    if not used:
        return
    first, last = used[0], used[-1] + 1
    picture = bars(counts[first:last], output.unicode)
    output.heading(f"{name}: features by the share of documents they are active on")
    output.line(f"{10 ** edges[first]:.2%} {picture} {10 ** edges[last]:.2%}")

"""`saetui stats`: facts about a bundle and the quality of its SAEs."""

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.options import AsJson, BundlePath, DeviceName, Epochs

if TYPE_CHECKING:
    from saetui.cli.output import Output
    from saetui.evaluate.sparse_probe import FieldProbe
    from saetui.store.manifest import Manifest


def stats(
    bundle: BundlePath,
    *,
    probe: Annotated[
        str | None,
        typer.Option(
            "--probe",
            metavar="FIELD",
            help="Say how well 5, 10 and 20 features predict a field of the metadata, such as "
            "categories, or published.",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Train every SAE again with other seeds, and say which differences between the "
            "SAEs are more than seeds make.",
        ),
    ] = False,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="How many seeds --compare needs in all.")
    ] = 3,
    epochs: Epochs = None,
    device: DeviceName = "auto",
    as_json: AsJson = False,
) -> None:
    """Show facts about a bundle and the quality of its SAEs."""
    from saetui.cli import bundle_json as shapes
    from saetui.cli.metrics import metrics_table, show_sweep
    from saetui.cli.options import training_options
    from saetui.cli.output import Output
    from saetui.cli.progress import shown_progress
    from saetui.cli.sae_comparison import (
        Comparison,
        compared,
        comparison_json,
        probe_json,
        probed,
        show_comparison,
        show_probes,
    )
    from saetui.pipeline.experiments import load_sweep
    from saetui.store.documents import DocumentStore
    from saetui.store.layout import DOCUMENTS
    from saetui.store.manifest import read_manifest

    output = Output()
    manifest, sweep = read_manifest(bundle), load_sweep(bundle)
    with closing(DocumentStore(bundle / DOCUMENTS)) as documents:
        repeated = documents.repeats.extra
    probes: Mapping[str, FieldProbe] = {}
    comparison: Comparison | None = None
    with shown_progress() as progress:
        if compare:
            options = training_options(seed=0, device=device, epochs=epochs)
            comparison = compared(bundle, probe, options, seeds, progress)
            probes = comparison.probes
        elif probe is not None:
            probes = probed(bundle, probe, progress)
    if as_json:
        more: dict[str, Any] = {}
        if probes:
            more["probes"] = {name: probe_json(each) for name, each in probes.items()}
        if comparison is not None:
            more["comparison"] = comparison_json(comparison)
        output.json(shapes.stats(manifest, sweep, repeated) | more)
        return
    _show_corpus(output, manifest, repeated)
    metrics_table(output, [(sae.name, sae.metrics) for sae in manifest.saes])
    for sae in manifest.saes:
        _show_labels(output, sae.name, sae.metrics.get("labels") or {})
    show_probes(output, probes)
    if comparison is not None:
        show_comparison(output, comparison)
    _show_families(output, [(sae.name, sae.metrics.get("families") or {}) for sae in manifest.saes])
    for sae in manifest.saes:
        _show_densities(output, sae.name, sae.metrics.get("train") or {})
    if sweep is not None:
        output.heading("Sizes that were tried")
        show_sweep(output, sweep)


def _show_corpus(output: "Output", manifest: "Manifest", repeated: int) -> None:
    output.line(
        f"{manifest.name}: {manifest.documents:,} documents, embedded by "
        f"{manifest.embedder['spec']} in {manifest.dimensions} dimensions"
    )
    if manifest.embedder.get("query_spec"):
        output.line(f"Queries are embedded by {manifest.embedder['query_spec']}.")
    query, document = (manifest.embedder.get(f"{each}_prefix") for each in ("query", "document"))
    if query or document:
        output.line(
            f'It is given "{query or ""}" before a query and "{document or ""}" before a document.'
        )
    if repeated:
        output.line(f"{repeated:,} documents repeat the text of another one.")
    told = _how_read(manifest)
    if told:
        output.line(told)
    recall = manifest.index.get("recall")
    if isinstance(recall, float):
        output.line(f"The index finds {recall:.1%} of the true first ten.")
    output.line()


def _how_read(manifest: "Manifest") -> str:
    """How much of the texts the embedder read, where it did not simply read all."""
    from saetui.embed.reach import cut_off

    facts, spec = manifest.corpus, str(manifest.embedder["spec"])
    if facts.get("passages"):
        return f"They were embedded by {facts['passages']:,} passages."
    if facts.get("cut_off"):
        return cut_off(facts["cut_off"], manifest.documents, facts["tokens_read"], spec)
    return ""


def _show_labels(output: "Output", name: str, labels: Mapping[str, Any]) -> None:
    """How true the labels of an SAE are, and what its features are."""
    concepts, true = labels.get("concepts"), labels.get("true")
    if not concepts or true is None:
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in concepts.items())
    output.prose(
        f"{name}: the label of half of the features is true of at least {10 * true:.0f} in 10 "
        f"documents that count; {labels['counted_share']:.0%} of all activations count. "
        f"Concepts of features: {kinds}."
    )


def _show_families(output: "Output", saes: "list[tuple[str, dict[str, Any]]]") -> None:
    """The paper's table of statistics of families."""
    from saetui.cli.figures import known
    from saetui.cli.output import Column

    rows = [
        [
            name,
            str(figures["families"]),
            _one(figures.get("mean_size")),
            str(figures.get("largest_size", "-")),
            known(figures.get("mean_f1")),
            known(figures.get("mean_pearson")),
            _one(figures.get("parent_child_ratio")),
            _beside_random(figures.get("co_occurrence")),
            _beside_random(figures.get("similarity")),
            "-" if figures.get("member_share") is None else f"{figures['member_share']:.0%}",
        ]
        for name, figures in saes
        if figures.get("families") is not None
    ]
    if not rows:
        return
    output.heading("Feature families")
    titles = ["families", "mean size", "largest", "F1", "Pearson", "R(C,F)", "blocks of C"]
    titles += ["blocks of D", "members"]
    output.table([Column("SAE"), *(Column(title, numeric=True) for title in titles)], rows)
    output.prose(
        "R(C,F): co-occurrence of parents and children divided by that of siblings. Blocks: pairs "
        "inside families divided by other pairs, in brackets the same for random families. "
        "Members: share of the clean features that are in a family."
    )


def _one(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _beside_random(ratio: "dict[str, float | None] | None") -> str:
    """A block-diagonal ratio, with that of random families in brackets."""
    if not ratio or ratio.get("families") is None:
        return "-"
    return f"{_one(ratio['families'])} ({_one(ratio.get('random'))})"


def _show_densities(output: "Output", name: str, figures: dict[str, Any]) -> None:
    """A histogram of the density of features."""
    counts, edges = figures.get("density_counts"), figures.get("density_edges")
    if not counts or not edges:
        return
    used = [place for place, count in enumerate(counts) if count]
    if not used:
        return
    first, last = used[0], used[-1] + 1
    picture = output.glyphs.histogram(counts[first:last], rows=1)[0]
    output.heading(f"{name}: features by the share of documents that activate them")
    output.line(f"{10 ** edges[first]:.2%} {picture} {10 ** edges[last]:.2%}")

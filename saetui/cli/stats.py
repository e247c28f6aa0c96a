"""`saetui stats`: facts about a bundle and the quality of its SAEs, in tables and plots."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.json_output import finite
from saetui.cli.options import AsJson, BundlePath, DeviceName, Epochs, training_options
from saetui.cli.output import Output, known
from saetui.cli.plots import Series, plot
from saetui.cli.progress import shown_progress
from saetui.session.saved.search_json import Json

if TYPE_CHECKING:
    from saetui.evaluate.sparse_probe import FieldProbe
    from saetui.store.manifest import Manifest, SaeRecord
    from saetui.train.size import Sweep


_FIGURES = (
    ("nMSE", "nmse", "{:.4f}"),
    ("explained", "explained_variance", "{:.4f}"),
    ("L0", "l0", "{:.1f}"),
    ("dead", "dead_share", "{:.1%}"),
    ("always on", "always_on_share", "{:.1%}"),
    ("recall@10 kept", "retrieval_kept", "{:.3f}"),
)
_PARTS = (("training", "train"), ("held-out", "held_out"))
# Figures of an SAE that was not trained on these documents.
_NOT_TRAINED = "not trained on"


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
        output.json(_bundle_json(manifest, sweep, repeated) | more)
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


def _bundle_json(manifest: "Manifest", sweep: "Sweep | None", repeated: int) -> Json:
    saes = []
    for sae in manifest.saes:
        train, held_out = sae.metrics.get("train") or {}, sae.metrics.get("held_out") or {}
        # The most important metrics, without nesting.
        short = {
            "nmse_train": train.get("nmse"),
            "nmse_held_out": held_out.get("nmse"),
            "l0": train.get("l0"),
            "dead_share": train.get("dead_share"),
        }
        saes.append({**short, **sae_json(sae)})
    return {
        "name": manifest.name,
        "documents": manifest.documents,
        "repeated": repeated,
        "dimensions": manifest.dimensions,
        "embedder": manifest.embedder["spec"],
        "corpus": finite(manifest.corpus),
        "index": finite(manifest.index),
        "saes": saes,
        "sweep": None if sweep is None else sweep.to_json(),
    }


def sae_json(record: "SaeRecord") -> Json:
    """An SAE of a bundle with its metrics, as JSON."""
    return {"name": record.name, "n": record.n, "k": record.k, **finite(record.metrics)}


def _show_corpus(output: Output, manifest: "Manifest", repeated: int) -> None:
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
    from saetui.embed.protocol import cut_off

    facts, spec = manifest.corpus, str(manifest.embedder["spec"])
    if facts.get("passages"):
        return f"They were embedded by {facts['passages']:,} passages."
    if facts.get("cut_off"):
        return cut_off(facts["cut_off"], manifest.documents, facts["tokens_read"], spec)
    return ""


def _show_labels(output: Output, name: str, labels: Mapping[str, Any]) -> None:
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


def _show_families(output: Output, saes: "list[tuple[str, dict[str, Any]]]") -> None:
    rows = [
        [
            name,
            figures["families"],
            _one(figures.get("mean_size")),
            figures.get("largest_size", "-"),
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
    titles = ["SAE", ">families", ">mean size", ">largest", ">F1", ">Pearson", ">R(C,F)"]
    output.table([*titles, ">blocks of C", ">blocks of D", ">members"], rows)
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


def _show_densities(output: Output, name: str, figures: dict[str, Any]) -> None:
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


def metrics_table(output: Output, saes: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Print the metrics of SAEs, one row for training and one for held-out documents."""
    columns = ["SAE", "documents"]
    columns += [f">{title}" for title, _, _ in _FIGURES]
    columns += [">enc-dec cosine", ">found again"]
    rows = []
    for name, metrics in saes:
        for title_of, part in _PARTS:
            figures = metrics.get(part)
            if not figures:
                continue
            cells = [_cell(figures.get(key), form) for _, key, form in _FIGURES]
            of_sae = ["", ""]
            if part == "train":
                stability = metrics.get("stability") or {}
                of_sae = [
                    _cell(figures.get("mean_cosine"), "{:.3f}"),
                    _cell(stability.get("found_again"), "{:.0%}"),
                ]
            given = part == "train" and "given_from" in metrics and "given" not in metrics
            title = _NOT_TRAINED if given else title_of
            rows.append([name if part == "train" else "", title, *cells, *of_sae])
    output.table(columns, rows)


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def show_sweep(output: Output, sweep: "Sweep") -> None:
    """Print the points of a sweep, the power laws, and plots of both errors."""
    laws = {law.k: law for law in sweep.laws}
    output.table(
        [">k", ">n", ">training nMSE", ">power law", ">held-out nMSE", ">dead", ">epochs"],
        [
            [
                point.k,
                point.n,
                _cell(point.train_nmse, "{:.4f}"),
                _cell(laws[point.k].at(point.n) if point.k in laws else None, "{:.4f}"),
                _cell(point.held_out_nmse, "{:.4f}"),
                _cell(point.dead_share, "{:.1%}"),
                point.epochs,
            ]
            for point in sweep.points
        ],
    )
    by_k = {k: [p for p in sweep.points if p.k == k] for k in sorted({p.k for p in sweep.points})}
    output.heading("Training nMSE by n, and its power laws")
    training = [
        Series(
            f"k = {k}",
            [p.n for p in points],
            [p.train_nmse for p in points],
            laws[k].at if k in laws else None,
        )
        for k, points in by_k.items()
    ]
    for line in plot(training, unicode=output.unicode, logarithmic=True):
        output.line(line)
    for law in sweep.laws:
        output.line(f"k = {law.k}: nMSE = {law.scale:.3g} n^-{law.exponent:.3f}, R2 = {law.r2:.3f}")
    best = sweep.best
    if best is not None:
        output.heading("Held-out nMSE by n")
        held_out = [
            Series(
                f"k = {k}",
                [p.n for p in points],
                [p.held_out_nmse for p in points if p.held_out_nmse is not None],
            )
            for k, points in by_k.items()
        ]
        for line in plot(held_out, unicode=output.unicode, logarithmic=True):
            output.line(line)
        for k, points in by_k.items():
            lowest = min(points, key=lambda p: p.held_out_nmse or 0)
            output.line(f"k = {k}: lowest at n = {lowest.n} ({lowest.held_out_nmse:.4f})")

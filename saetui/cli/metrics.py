"""Tables and plots of the metrics of SAEs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from saetui.cli.output import Column, Output
from saetui.cli.plots import Series, log_plot

if TYPE_CHECKING:
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


def metrics_table(output: Output, saes: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Print the metrics of SAEs, one row for training and one for held-out documents."""
    columns = [Column("SAE"), Column("documents")]
    columns += [Column(title, numeric=True) for title, _, _ in _FIGURES]
    columns += [Column("enc-dec cosine", numeric=True), Column("found again", numeric=True)]
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
        [Column(title, numeric=True) for title in ("k", "n", "training nMSE", "power law")]
        + [Column(title, numeric=True) for title in ("held-out nMSE", "dead", "epochs")],
        [
            [
                str(point.k),
                str(point.n),
                _cell(point.train_nmse, "{:.4f}"),
                _cell(laws[point.k].at(point.n) if point.k in laws else None, "{:.4f}"),
                _cell(point.held_out_nmse, "{:.4f}"),
                _cell(point.dead_share, "{:.1%}"),
                str(point.epochs),
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
    for line in log_plot(training, unicode=output.unicode):
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
        for line in log_plot(held_out, unicode=output.unicode):
            output.line(line)
        for k, points in by_k.items():
            lowest = min(points, key=lambda p: p.held_out_nmse or 0)
            output.line(f"k = {k}: lowest at n = {lowest.n} ({lowest.held_out_nmse:.4f})")

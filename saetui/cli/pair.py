"""`saetui compare-features`: two features side by side."""

from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, SaeName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saetui.cli.output import Output
    from saetui.session.details import Example


def compare_features(
    bundle: BundlePath,
    a: Annotated[
        str, typer.Argument(metavar="A", help="Number or label of one.", show_default=False)
    ],
    b: Annotated[
        str, typer.Argument(metavar="B", help="Number or label of the other.", show_default=False)
    ],
    *,
    limit: DetailLimit = 5,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show two features side by side: documents of both and of each alone, and what differs.

    The lift says how many times more often than by chance they occur together.
    """
    from saetui.cli.output import Output
    from saetui.session.questions.compare import pair_detail, pair_figures

    output = Output()
    with opened(bundle, sae) as session:
        lookup = session.features.lookup
        detail = pair_detail(session, lookup.feature(a), lookup.feature(b), limit)
    if as_json:
        output.json(detail.to_json())
        return
    output.line(f"{detail.a.id}  {detail.a.name}", "bold")
    output.line(f"{detail.b.id}  {detail.b.name}", "bold")
    for sentence in pair_figures(detail):
        output.prose(sentence)
    _print(output, "Documents of both", detail.examples_both)
    _print(output, f"{detail.a.name}, alone", detail.examples_a)
    _print(output, f"{detail.b.name}, alone", detail.examples_b)


def _print(output: "Output", title: str, examples: "Sequence[Example]") -> None:
    from saetui.cli.figures import score
    from saetui.cli.output import Column

    if examples:
        output.heading(title)
        output.table(
            [Column("activation", numeric=True), Column("id"), Column("title")],
            [[score(each.activation), each.id, each.title] for each in examples],
        )

"""`saetui families` lists the feature families of an SAE, `saetui family` shows one as a tree."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli import json_output as shapes
from saetui.cli.features import say_how_many
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, ListLimit, SaeName, Words
from saetui.cli.output import Output, density, known, score

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.session.details import FamilyDetail


def families(
    bundle: BundlePath,
    words: Words = None,
    *,
    limit: ListLimit = 20,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write all families to a file instead: .graphml, or .json in networkx's node-link "
            "format.",
        ),
    ] = None,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """List feature families, the largest first.

    With words, only families whose label has all of them.
    """
    from saetui.interop.feature_files import write_forest

    output = Output()
    with opened(bundle, sae) as session:
        if export is not None:
            graph = write_forest(export, session.sae.families, session.features.records)
            output.line(f"{export}: {len(graph):,} features, {graph.number_of_edges():,} edges")
            return
        found = session.features.lookup.families(" ".join(words or ()))
        shown = found[: limit or None]
        shaped = [shapes.family(session, family) for family in shown]
    if as_json:
        output.json(shaped)
    else:
        output.table(
            [">family", "label", ">root", ">members", ">mean density", ">F1", ">Pearson"],
            [
                [
                    shape["id"],
                    shape["label"],
                    shape["root"],
                    len(shape["members"]),
                    density(shape["mean_density"]),
                    known(shape["f1"]),
                    known(shape["pearson"]),
                ]
                for shape in shaped
            ],
        )
    say_how_many(len(shown), len(found), "families")


def family(
    bundle: BundlePath,
    name: Annotated[
        str, typer.Argument(metavar="FAMILY", help="Its number or label.", show_default=False)
    ],
    *,
    limit: DetailLimit = 5,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show one feature family as a tree, from general to specific, and its documents."""
    output = Output()
    with opened(bundle, sae) as session:
        found = session.features.lookup.family(name)
        detail = session.family(found, limit)
        if as_json:
            output.json(shapes.family_detail(session, detail))
            return
        weights = {child: weight for _, child, weight in found.edges}
        rows = []
        for member, branch in _branches(found, output.decorated):
            record = session.features[member]
            rows.append(
                [
                    branch + record.name,
                    member,
                    score(weights[member]) if member in weights else "",
                    density(record.density),
                    record.documents,
                ]
            )
    output.line(f"family {found.id}  {found.label}  {len(found.members):,} features", "bold")
    output.line(_figures(detail))
    output.table(["label", ">feature", ">weight", ">density", ">documents"], rows)
    output.heading(f"Strongest of {detail.documents:,} documents, by the norm of all members")
    output.table(
        [">activation", "id", "title"],
        [[score(each.activation), each.id, each.title] for each in detail.top],
    )


def _figures(detail: "FamilyDetail") -> str:
    """Mean density, the label's scores, and how often members occur together."""
    found = detail.family
    said = [f"mean density {density(detail.mean_density)}"]
    if found.f1 is not None and found.pearson is not None:
        said.append(f"F1 {found.f1:.2f}, Pearson {found.pearson:.2f}")
    if detail.parent_child is not None and detail.child_child is not None:
        said.append(
            f"parent and child share {detail.parent_child:.1f} documents, two children "
            f"{detail.child_child:.1f}"
        )
    return "; ".join(said)


def _branches(family: "Family", decorated: bool) -> Iterator[tuple[int, str]]:
    """Members from the root down, each with the branch of the tree that leads to it.

    Args:
        family: The tree.
        decorated: Draw branches with lines; else by indentation.
    """
    fork, last, pass_by = ("├─ ", "└─ ", "│  ") if decorated else ("  ", "  ", "  ")
    beyond = "   " if decorated else "  "
    # A stack instead of recursion, because a tree may be deeper than Python's stack.
    stack = [(family.root, "", "")]
    while stack:
        member, branch, below = stack.pop()
        yield member, branch
        children = family.children(member)
        for position, child in reversed(list(enumerate(children))):
            is_last = position == len(children) - 1
            stack.append(
                (
                    child,
                    below + (last if is_last else fork),
                    below + (beyond if is_last else pass_by),
                )
            )

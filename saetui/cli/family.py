"""`saetui family`: one feature family as a tree."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.figures import density, score
from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, SaeName

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.session.family_detail import FamilyDetail


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
    """Show one feature family as a tree, from general to special, and its documents."""
    from saetui.cli import json_output as shapes
    from saetui.cli.output import Column, Output
    from saetui.session.family_detail import family_detail

    output = Output()
    with opened(bundle, sae) as session:
        found = session.features.lookup.family(name)
        detail = family_detail(session, found, limit)
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
                    str(member),
                    score(weights[member]) if member in weights else "",
                    density(record.density),
                    str(record.documents),
                ]
            )
    output.line(f"family {found.id}  {found.label}  {len(found.members):,} features", "bold")
    output.line(_figures(detail))
    output.table(
        [
            Column("label"),
            Column("feature", numeric=True),
            Column("weight", numeric=True),
            Column("density", numeric=True),
            Column("documents", numeric=True),
        ],
        rows,
    )
    output.heading(f"Strongest of {detail.documents:,} documents, by the norm of all members")
    output.table(
        [Column("activation", numeric=True), Column("id"), Column("title")],
        [[score(each.activation), each.id, each.title] for each in detail.top],
    )


def _figures(detail: "FamilyDetail") -> str:
    """Mean density, how far to trust the label, and how members occur together."""
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
    """Members from the root down, each with the branch that leads to it.

    Args:
        family: The tree.
        decorated: Draw the branches; if not, two spaces for each step down.
    """
    fork, last, pass_by = ("├─ ", "└─ ", "│  ") if decorated else ("  ", "  ", "  ")
    beyond = "   " if decorated else "  "
    # A stack instead of recursion: a chain may be deeper than Python's stack.
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

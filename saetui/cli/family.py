"""`saetui family`: one feature family as a tree."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.figures import density, score
from saetui.cli.opening import opened
from saetui.cli.options import AsJson, BundlePath, SaeName

if TYPE_CHECKING:
    from saetui.core.families import Family


def family(
    bundle: BundlePath,
    name: Annotated[
        str, typer.Argument(metavar="FAMILY", help="Its number or label.", show_default=False)
    ],
    *,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show one feature family as a tree, from general to special."""
    from saetui.cli import shapes
    from saetui.cli.output import Column, Output

    output = Output()
    with opened(bundle, sae) as session:
        found = session.lookup.family(name)
        if as_json:
            output.json(shapes.family_detail(session, found))
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

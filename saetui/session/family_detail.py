"""Everything about one feature family: its documents, and how its members occur together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saetui.core.families import Family
from saetui.interpret.families.co_occurrence_block import Activations, Block, co_occurrence_block
from saetui.interpret.families.superfeatures import family_documents
from saetui.session.details import Example
from saetui.session.session import Session

BLOCK_MEMBERS = 500
"""The most members whose co-occurrence is counted; in a larger family they are the most general."""


@dataclass(frozen=True)
class FamilyDetail:
    """Everything about one family.

    Attributes:
        family: Its tree, label and scores.
        mean_density: Mean share of documents on which its members are active.
        members: The first `BLOCK_MEMBERS` of its members, in the order of `block`.
        block: How these members occur together.
        parent_child: Mean number of documents that activate both a parent and its child; None if
            there are no such pairs.
        child_child: The same for two children of one parent.
        documents: How many documents activate the family.
        top: The documents that activate it most; `activation` is the L2 norm of the members'.
    """

    family: Family
    mean_density: float
    members: tuple[int, ...]
    block: Block
    parent_child: float | None
    child_child: float | None
    documents: int
    top: tuple[Example, ...]

    @property
    def ratio(self) -> float | None:
        """`R(C, F)` of this family alone: parent-child over child-child co-occurrence."""
        if self.parent_child is None or not self.child_child:
            return None
        return self.parent_child / self.child_child

    @cached_property
    def containment(self) -> NDArray[np.float64]:
        """Documents that activate both of two members, as a share of the rarer one's; `(m, m)`."""
        documents = np.diagonal(self.block.counts)
        rarer = np.minimum.outer(documents, documents)
        return np.asarray(self.block.counts / np.maximum(rarer, 1), dtype=np.float64)


def family_detail(session: Session, family: Family, limit: int = 10) -> FamilyDetail:
    """Everything about a family, with up to `limit` documents."""
    sae = session.sae
    members = family.members[:BLOCK_MEMBERS]
    activations = Activations.of(sae.counted, family.members)
    rows, strengths = family_documents(activations)
    headings = session.bundle.documents.headings(rows[:limit].tolist())
    block = co_occurrence_block(activations.of_first(len(members)))
    parent_child, child_child = _means(family, members, block.counts)
    densities = [session.features[member].density for member in family.members]
    return FamilyDetail(
        family=family,
        mean_density=float(np.mean(densities)),
        members=members,
        block=block,
        parent_child=parent_child,
        child_child=child_child,
        documents=len(rows),
        top=tuple(
            Example(row, *headings[row][:2], strength)
            for row, strength in zip(rows[:limit].tolist(), strengths.tolist(), strict=False)
        ),
    )


def _means(
    family: Family, members: tuple[int, ...], counts: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """Mean co-occurrence of parents and children, and of children of one parent."""
    places = {member: place for place, member in enumerate(members)}
    with_parent = with_sibling = edges = pairs = 0
    for parent in members:
        below = [places[child] for child in family.children(parent) if child in places]
        if not below:
            continue
        with_parent += int(counts[places[parent], below].sum())
        edges += len(below)
        together = counts[np.ix_(below, below)]
        # The matrix holds each pair twice, on both sides of the diagonal.
        with_sibling += int(together.sum() - together.trace()) // 2
        pairs += len(below) * (len(below) - 1) // 2
    return with_parent / edges if edges else None, with_sibling / pairs if pairs else None

"""A family as one feature: its name, and the documents that it is active on."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int, Postings, sort_by_activation
from saetui.core.families import Families, Family, FamilyLabel
from saetui.interpret.families.co_occurrence import Activations
from saetui.interpret.labels import LONGEST_LABEL, Key, key_of

_LEAST_SHARE = 0.15
_LEAST_MEMBERS = 3
_STEM = 5
STRONG = 0.5
"""Share of a feature's maximum from which an activation counts as strong."""


class FamilyNames:
    """Names families by their root and by a term that their members share.

    A family is named after its root, followed by the term that sets its members apart from all
    other features, if there is one ("Gas: chemistry"). At least three members must have this term,
    with 0.15 of the weight of all members, and no word of it may begin like a word of the root's
    name ("Denoising" needs no "denoiser"). The weight of a member is the square root of its number
    of documents. The term with the highest share of weight times log rarity among all features is
    chosen; of equal ones the first in the order of members and their terms. If the root has no
    name, the term is the name, even if it does not meet these conditions.

    Args:
        labels: Of every feature, `n` of them; "" where there is none.
        terms: Of every feature, best first.
        documents: How many documents activate each feature, `(n,)`.
    """

    def __init__(
        self,
        labels: Sequence[str],
        terms: Sequence[Sequence[str]],
        documents: NDArray[np.integer],
    ) -> None:
        self._labels = labels
        self._weights = np.sqrt(documents)
        self._listed: list[dict[Key, str]] = []
        for label, own in zip(labels, terms, strict=True):
            listed: dict[Key, str] = {}
            for term in filter(None, (label, *own)):
                listed.setdefault(key_of(term), term)
            self._listed.append(listed)
        self._listing = Counter(key for listed in self._listed for key in listed)

    def named(self, families: Families, created: str = "") -> Families:
        """The same families, each with its name as label.

        `created` is the ISO date of the names.
        """
        named = (
            family.called(FamilyLabel(self.name(family), "terms", created=created))
            for family in families
        )
        return replace(families, families=tuple(named))

    def name(self, family: Family) -> str:
        """The name of a family; "" if its members have no terms."""
        root = self._labels[family.root]
        shared = self._most_telling(family, key_of(root))
        if not root:
            return shared[:1].upper() + shared[1:]
        name = f"{root}: {shared}"
        return name if shared and len(name) <= LONGEST_LABEL else root

    def _most_telling(self, family: Family, root: Key) -> str:
        texts: dict[Key, str] = {}
        members, weights = Counter[Key](), defaultdict[Key, float](float)
        for member in family.members:
            for key, term in self._listed[member].items():
                texts.setdefault(key, term)
                members[key] += 1
                weights[key] += float(self._weights[member])
        total = float(self._weights[list(family.members)].sum())
        telling = {
            key: weight * float(np.log(len(self._listed) / self._listing[key]))
            for key, weight in weights.items()
            if not root
            or (
                members[key] >= _LEAST_MEMBERS
                and weight >= _LEAST_SHARE * total
                and _stems(key).isdisjoint(_stems(root))
            )
        }
        best = max(telling, key=telling.__getitem__, default=None)
        return "" if best is None else texts[best]


def _stems(words: Key) -> set[str]:
    """The first letters of each word, as a rough stem."""
    return {word[:_STEM] for word in words}


def family_documents(activations: Activations) -> tuple[Int, Float]:
    """Documents that activate a family, and how strongly.

    A family's activation on a document is the L2 norm of its members' activations on it.

    Returns:
        Rows int32 and activations float32, strongest first, equal ones in the order of rows.
    """
    firsts = np.flatnonzero(np.diff(activations.documents, prepend=-1))
    if not len(firsts):
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    rows = activations.documents[firsts]
    squares = np.add.reduceat(np.square(activations.values), firsts)
    found, strengths = rows.astype(np.int32), np.sqrt(squares).astype(np.float32)
    sort_by_activation(np.array([0, len(found)]), found, strengths)
    return found, strengths


def strong_documents(postings: Postings, members: Sequence[int]) -> Int:
    """Documents that activate any member at `STRONG` of its maximum or above; int32, ascending.

    The label of a family is scored on these: a document that barely activates one member says
    little about the family.
    """
    strong = []
    for member in members:
        rows, activations = postings.documents(member)
        if len(rows):
            count = np.searchsorted(-activations, -STRONG * activations[0], side="right")
            strong.append(rows[:count])
    return np.unique(np.concatenate(strong)) if strong else np.empty(0, dtype=np.int32)


def family_postings(
    postings: Postings, families: Families, *, strong_only: bool = False
) -> Postings:
    """Postings in which every family takes the place of a feature, by its number.

    So whatever works on features works on families, such as the scoring of labels.

    With `strong_only`, documents that activate no member at `STRONG` of its maximum are left
    out.
    """
    parts = []
    for family in families:
        rows, strengths = family_documents(Activations.of(postings, family.members))
        if strong_only:
            strong = np.isin(rows, strong_documents(postings, family.members))
            rows, strengths = rows[strong], strengths[strong]
        parts.append((rows, strengths))
    return Postings(
        np.cumsum([0, *(len(rows) for rows, _ in parts)], dtype=np.int64),
        np.concatenate([np.empty(0, np.int32), *(rows for rows, _ in parts)]),
        np.concatenate([np.empty(0, np.float32), *(strengths for _, strengths in parts)]),
    )

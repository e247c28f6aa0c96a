"""Tests of a corpus of passages: passages of one paper are alike, so papers are counted.

Ten passages of a paper about parsing say no more than one about whether parsing is more frequent in
a venue. A test that takes them as ten promises far too much.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import TwoGroups, corrected
from saetui.core.postings import Postings
from saetui.session.questions.answers import Unit
from saetui.session.questions.once import once_per_session
from saetui.session.questions.units import units_of
from saetui.session.session import Session

REMARK = "Documents are passages: p is that of their papers."


@dataclass(frozen=True)
class PaperPostings:
    """Features or families with their papers, each known by the row of its first passage.

    Attributes:
        postings: A paper has what one of its passages has.
        first: The first passage of each document's paper, int64 `(N,)`.
    """

    postings: Postings
    first: NDArray[np.int64]

    def mask(self, documents: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The papers of some documents, bool `(N,)`."""
        found = np.zeros(len(documents), dtype=bool)
        found[self.first[documents]] = True
        return found

    def numbers(self, of_documents: NDArray[np.float64]) -> NDArray[np.float64]:
        """A number for each paper, that of one of its passages; NaN elsewhere."""
        known = ~np.isnan(of_documents)
        found = np.full(len(of_documents), np.nan)
        found[self.first[known]] = of_documents[known]
        return found


@once_per_session
def paper_postings(session: Session, unit: Unit) -> PaperPostings | None:
    """What a test counts in a corpus of passages; None where documents stand for themselves."""
    papers = session.bundle.documents.papers
    if papers is None:
        return None
    postings = units_of(session, unit).postings
    rows = papers.first[postings.rows]
    features = np.repeat(np.arange(postings.n), postings.counts())
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[np.unique(features * len(papers.first) + rows, return_index=True)[1]] = True
    once = postings.where(chosen)
    return PaperPostings(replace(once, rows=rows[chosen].astype(np.int32)), papers.first)


def with_p_of(found: TwoGroups, papers: TwoGroups) -> TwoGroups:
    """The figures of documents with the p values of their papers, of what was tested."""
    p = np.where(np.isnan(found.p), np.nan, papers.p)
    return replace(found, p=p, q=corrected(p))

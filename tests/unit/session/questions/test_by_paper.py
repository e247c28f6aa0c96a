"""Passages of one paper are no independent witnesses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.documents import Document
from saetui.core.group_tests import compare_groups
from saetui.session.questions.compare import compare
from saetui.session.questions.relate import relate
from saetui.session.questions.trends import trends
from saetui.session.questions.units import REMARK, paper_postings
from saetui.session.session import Session
from saetui.store.bundle import Bundle

DOCUMENTS, EACH = 240, 12
BLACK_HOLES = 0


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Papers of twelve passages; every second three are of the venue B."""

    def of_paper(row: int, document: Document) -> Document:
        # Passages of a paper are on one subject, since subjects alternate.
        paper = 3 * (row // (3 * EACH)) + row % 3
        metadata = {
            "paper": f"Paper {paper}",
            "venue": "AB"[paper // 3 % 2],
            "pages": paper // 3 % 2 + paper / 100,
        }
        return replace(document, metadata=metadata, published=f"20{10 + paper // 3}")

    folder: Path = tmp_path_factory.mktemp("bundles") / "passages.bundle"
    make_bundle(folder, documents=DOCUMENTS, changed=of_paper)
    return Session(Bundle(folder), embedder=HashEmbedder())


def test_a_paper_has_what_one_of_its_passages_has(passages: Session) -> None:
    papers = paper_postings(passages, "feature")
    assert papers is not None
    titles = [document.metadata["paper"] for document in passages.bundle.documents]
    for feature in range(papers.postings.n):
        rows = passages.sae.counted.documents(feature)[0].tolist()
        listed = [titles[row] for row in papers.postings.documents(feature)[0].tolist()]
        assert len(listed) == len({*listed})
        assert {*listed} == {titles[row] for row in rows}


def test_p_is_that_of_papers_and_shares_are_of_passages(passages: Session) -> None:
    papers = paper_postings(passages, "feature")
    assert papers is not None
    answer = compare(passages, "venue:A", "venue:B")
    assert REMARK in answer.remarks
    venue = np.array([each.metadata["venue"] for each in passages.bundle.documents])
    own, others = papers.mask(venue == "A"), papers.mask(venue == "B")
    assert (own.sum(), others.sum()) == (12, 9)
    counts = papers.postings.count(own), papers.postings.count(others)
    expected = compare_groups(counts[0], 12, counts[1], 9, least=0)
    for row in answer.rows:
        assert row.figures["p"] is None or row.figures["p"] == pytest.approx(
            expected.p[row.id], rel=1e-5
        )
    row = next(row for row in answer.rows if row.id == BLACK_HOLES)
    rows = passages.sae.counted.documents(BLACK_HOLES)[0]
    assert row.figures["a"] == int((venue[rows] == "A").sum())


def test_fields_and_dates_are_those_of_papers_too(passages: Session) -> None:
    for answer in (relate(passages, "venue"), relate(passages, "pages"), trends(passages)):
        assert REMARK in answer.remarks
        least = min(row.figures["p"] for row in answer.rows if row.figures["p"] is not None)
        # Some twenty papers cannot say more; 240 documents could.
        assert least > 1e-5

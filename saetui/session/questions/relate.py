"""What goes with a field of the metadata: a number such as citations, or categories."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import LEAST_DOCUMENTS, Counts, TwoGroups, compare_groups, most_in
from saetui.core.trend_tests import associate, average_ranks
from saetui.errors import InputError
from saetui.evaluate.sparse_probe import SIZES, ProbeScore, sparse_probe
from saetui.session.details import Example
from saetui.session.questions.answers import (
    Answer,
    AnswerRow,
    Column,
    Unit,
    beyond_chance,
    known,
    ratio_figures,
)
from saetui.session.questions.fields import Field, field
from saetui.session.questions.groups import Mask, mask_of
from saetui.session.questions.units import (
    REMARK,
    PaperPostings,
    Units,
    examples,
    paper_postings,
    strongest,
    units_of,
    with_p_of,
)
from saetui.session.session import Session

NUMBER_COLUMNS = (
    Column("rho", "rho", "signed", 7),
    Column("mean", "with", "number", 8),
    Column("other_mean", "without", "number", 8),
    Column("q", "p", "p", 7),
)
DATE_COLUMNS = tuple(
    replace(column, style="date") if column.figure in ("mean", "other_mean") else column
    for column in NUMBER_COLUMNS
)
CATEGORY_COLUMNS = (
    Column("most", "most in", "text", 14),
    Column("share", "there", "share", 7),
    Column("elsewhere", "else", "share", 7),
    Column("q", "p", "p", 7),
)
MOST_CATEGORIES = 12
"""How many of the commonest values are told apart."""


def relate(
    session: Session,
    to: str,
    *,
    within: str = "",
    unit: Unit = "feature",
    least: int = LEAST_DOCUMENTS,
) -> Answer:
    """Features or families by how surely they go with a field.

    With a number: Spearman's correlation of activation and number, and the means with and without
    the feature; the largest correlation comes first, the most negative last. p is that of the share
    among the highest third of the numbers against the lowest third. With categories: the
    share in each of the commonest, and in which one the feature is most surely more frequent than
    elsewhere.

    Args:
        session: An open bundle.
        to: The field, or `published` for the date as years.
        within: A filter that documents must pass to count.
        unit: Features or families.
        least: Nothing is claimed of features of fewer documents.

    Raises:
        InputError: No document has the field, or none that counts.
    """
    found = field(session, to)
    mask = mask_of(session, within)
    units = units_of(session, unit)
    question = f"to {to}" + (f" within {within.strip()}" if within.strip() else "")
    if found.numbers is not None:
        return _by_number(session, units, found, mask, question=question, least=least)
    return _by_category(session, units, found, mask, question=question, least=least)


def models(
    session: Session,
    to: str,
    *,
    within: str = "",
    unit: Unit = "feature",
    sizes: Sequence[int] = SIZES,
) -> dict[str, list[ProbeScore]]:
    """How much 5, 10 and 20 features tell of a field, beside all of the embedding.

    A number is predicted by its rank among all, scored by R2; each of the commonest categories
    against all others, scored by AUC. Scores are of documents that no model was fitted on.

    Returns:
        Scores by what was predicted: the field, or each category. Empty if documents are too few.
    """
    found = field(session, to)
    mask = mask_of(session, within)
    units = units_of(session, unit)
    scores, of_papers = {}, session.bundle.documents.papers
    for name, target in targets_of(found, mask).items():
        try:
            scores[name] = sparse_probe(
                units.postings,
                target,
                embeddings=session.bundle.embeddings,
                among=mask,
                papers=None if of_papers is None else of_papers.first,
                sizes=sizes,
            )
        except ValueError:
            # Too few documents on one side to say anything.
            continue
    return scores


def targets_of(
    found: Field, mask: Mask, most: int = 5
) -> dict[str, NDArray[np.bool_] | NDArray[np.float64]]:
    """What a model can predict of a field for the documents that count; `most` categories at most.

    Returns:
        A number as its rank among all, from 0 to 1; or for each of the commonest categories which
        documents have it. Of two categories only the one.
    """
    if found.numbers is not None:
        ranks = np.full(len(mask), np.nan)
        counted = mask & ~np.isnan(found.numbers)
        ranks[counted] = average_ranks(found.numbers[counted]) / max(int(counted.sum()), 1)
        return {found.name: ranks}
    listed = _categories(found, mask)
    return dict(listed[:1] if len(listed) == 2 else listed[:most])


def with_models(answer: Answer, scores: dict[str, list[ProbeScore]]) -> Answer:
    """An answer with what a few features tell of the field, as remarks and as JSON."""
    told = {
        name: [
            {
                "features": score.features or None,
                "mean": known(score.mean),
                "scores": [known(each) for each in score.scores],
                "chosen": list(score.chosen),
            }
            for score in found
        ]
        for name, found in scores.items()
    }
    facts = {**answer.facts, "models": told}
    return replace(answer, remarks=(*answer.remarks, *model_sentences(answer, scores)), facts=facts)


def model_sentences(answer: Answer, scores: Mapping[str, Sequence[ProbeScore]]) -> list[str]:
    """How well few features predict a field, beside all of the embedding."""
    if not scores:
        return ["Too few documents have it to predict it on others."]
    sizes = ", ".join(str(score.features) for score in next(iter(scores.values()))[:-1])
    figure = "R2" if answer.facts["kind"] == "number" else "area under the ROC curve"
    found = "; ".join(
        f"{name} {', '.join(f'{max(score.mean, 0):.2f}' for score in listed)}"
        for name, listed in scores.items()
    )
    return [
        f"Predicted on other documents by {sizes} features, and by all of the embedding, {figure}: "
        f"{found}."
    ]


def _by_number(
    session: Session, units: Units, found: Field, mask: Mask, *, question: str, least: int
) -> Answer:
    assert found.numbers is not None
    numbers = np.where(mask, found.numbers, np.nan)
    count = int((~np.isnan(numbers)).sum())
    if not count:
        raise InputError(
            f"No document that counts has a number in the field '{found.name}'.",
            "Ask without the filter.",
        )
    figures = associate(units.postings, numbers, least)
    ends, papers = figures.ends, paper_postings(session, units.unit)
    if papers is not None:
        ends = with_p_of(ends, associate(papers.postings, papers.numbers(numbers), 0).ends)
    largest = max(float(np.abs(figures.rho).max(initial=0.0)), 1e-9)
    rows = [
        AnswerRow(
            i,
            units.names[i],
            float(figures.rho[i]) / largest,
            {
                "documents": int(figures.documents[i]),
                "rho": known(figures.rho[i]),
                "mean": known(figures.mean[i]),
                "other_mean": known(figures.other_mean[i]),
                "difference": known(figures.mean[i] - figures.other_mean[i]),
                "low": known(figures.low[i]),
                "high": known(figures.high[i]),
                "highest_third": known(ends.share_a[i]),
                "lowest_third": known(ends.share_b[i]),
                "p": known(ends.p[i]),
                "q": known(ends.q[i]),
            },
        )
        for i in np.argsort(-figures.rho, kind="stable").tolist()
        if figures.documents[i]
    ]
    return Answer(
        question=question,
        title=f"What goes with {found.name}",
        remarks=(
            f"{count:,} documents have a {'date' if found.dates else 'number'} in {found.name}.",
            beyond_chance(ends.q, least, "go with it"),
            *((REMARK,) if papers else ()),
        ),
        unit=units.unit,
        columns=DATE_COLUMNS if found.dates else NUMBER_COLUMNS,
        rows=tuple(rows),
        both_ends=True,
        facts={
            "field": found.name,
            "kind": "number",
            "documents": count,
            "tested": int((~np.isnan(ends.q)).sum()),
            "least": least,
        },
        examples=lambda number, limit: _by_value(session, units, numbers, number, limit),
    )


def _by_value(
    session: Session, units: Units, numbers: NDArray[np.float64], number: int, limit: int
) -> list[tuple[str, list[Example]]]:
    """The documents of a feature with the highest and the lowest numbers."""
    rows, _ = units.postings.documents(number)
    rows = rows[~np.isnan(numbers[rows])]
    order = rows[np.argsort(-numbers[rows], kind="stable")]
    return [
        (title, examples(session, chosen.tolist(), numbers[chosen].tolist()))
        for title, chosen in (("highest", order[:limit]), ("lowest", order[::-1][:limit]))
    ]


def _categories(found: Field, mask: Mask) -> list[tuple[str, Mask]]:
    """The commonest values among the documents that count, each with its documents."""
    listed = []
    for name, rows in found.values:
        inside = np.zeros(len(mask), dtype=bool)
        inside[rows] = True
        listed.append((name, inside & mask))
    listed.sort(key=lambda each: -int(each[1].sum()))
    return [each for each in listed[:MOST_CATEGORIES] if each[1].any()]


def _against_others(
    units: Units,
    total: Counts,
    having: Mask,
    inside: Mask,
    *,
    papers: PaperPostings | None,
    least: int,
) -> TwoGroups:
    """Documents with one value of a field against all others that have the field."""
    counts = units.postings.count(inside)
    rest, size = having & ~inside, int(inside.sum())
    found = compare_groups(counts, size, total - counts, int(rest.sum()), least)
    if papers is None:
        return found
    own, others = papers.mask(inside), papers.mask(rest)
    others &= ~own
    return with_p_of(
        found,
        compare_groups(
            papers.postings.count(own),
            int(own.sum()),
            papers.postings.count(others),
            int(others.sum()),
            least=0,
        ),
    )


def _by_category(
    session: Session, units: Units, found: Field, mask: Mask, *, question: str, least: int
) -> Answer:
    having = np.zeros(len(mask), dtype=bool)
    for _, rows_of_value in found.values:
        having[rows_of_value] = True
    having &= mask
    listed = _categories(found, mask)
    if not listed:
        raise InputError(
            f"No document that counts has the field '{found.name}'.", "Ask without the filter."
        )
    size, total = int(having.sum()), units.postings.count(having)
    # What all documents have is more frequent nowhere.
    listed = [each for each in listed if int(each[1].sum()) < size] or listed[:1]
    papers = paper_postings(session, units.unit)
    tests = [
        _against_others(units, total, having, inside, papers=papers, least=least)
        for _, inside in listed
    ]
    most = most_in(tests)
    shares = np.array([test.share_a for test in tests])
    largest = max(float(most.keyness.max(initial=0.0)), 1e-9)
    rows = []
    for i in np.argsort(-most.keyness, kind="stable").tolist():
        if not total[i]:
            continue
        test = tests[most.category[i]]
        figures = {
            "documents": int(total[i]),
            "most": listed[most.category[i]][0],
            "share": known(test.share_a[i]),
            "elsewhere": known(test.share_b[i]),
            **ratio_figures(test, i),
            "keyness": known(most.keyness[i]),
            "p": known(most.p[i]),
            "q": known(most.q[i]),
        }
        line = tuple(float(f"{share:.5g}") for share in shares[:, i])
        rows.append(AnswerRow(i, units.names[i], float(most.keyness[i]) / largest, figures, line))
    left = len(found.values) - len(listed)
    return Answer(
        question=question,
        title=f"What goes with {found.name}",
        remarks=(
            f"{size:,} documents have {found.name}; the shares are those in "
            f"{', '.join(name for name, _ in listed)}"
            + (f" ({left:,} rarer values are left out)." if left > 0 else "."),
            beyond_chance(most.q, least, "go with it"),
            *((REMARK,) if papers else ()),
        ),
        unit=units.unit,
        columns=CATEGORY_COLUMNS,
        rows=tuple(rows),
        facts={
            "field": found.name,
            "kind": "category",
            "documents": size,
            "categories": [name for name, _ in listed],
            "sizes": [int(inside.sum()) for _, inside in listed],
            "tested": int((~np.isnan(most.q)).sum()),
            "least": least,
        },
        examples=lambda number, limit: [
            (name, strongest(session, units, number, inside, limit)) for name, inside in listed[:3]
        ],
    )

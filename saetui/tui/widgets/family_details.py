"""Everything about a family: how far to trust its label, how members occur together, documents."""

from typing import TYPE_CHECKING

from saetui.text import visible_line
from saetui.tui.feature_columns import short
from saetui.tui.widgets.details import DetailRow, Trust, example_documents, section, text_rows

if TYPE_CHECKING:
    from saetui.core.families import FamilyLabel
    from saetui.session.family_detail import FamilyDetail
    from saetui.store.features import FeatureRecord

_LONGEST = 2_000


def family_rows(
    detail: "FamilyDetail", root: "FeatureRecord", width: int, trust: Trust
) -> list[DetailRow]:
    """Everything about a family, the most important first.

    Args:
        detail: What is known.
        root: The family's root as it is called now.
        width: Of the lines, in cells.
        trust: Of features.
    """
    family = detail.family
    figures = (
        f"{len(family.members):,} features, active on {detail.documents:,} documents; "
        f"mean density {detail.mean_density:.2%}"
    )
    rows = [
        *text_rows(visible_line(family.label, _LONGEST), width, "title"),
        *text_rows(_trust(family.newest_label), width),
        *text_rows(figures, width, "muted"),
        *text_rows(_together(detail), width, "muted"),
    ]
    earlier = [
        row
        for label in reversed(family.labels[:-1])
        for row in text_rows(f"{visible_line(label.text, _LONGEST)}: {_trust(label)}", width)
    ]
    return [
        *rows,
        *section(
            "Its most general feature, with density",
            [DetailRow(root.name, f"{root.density:.2%}", "feature", root.id, trust(root.id))],
        ),
        *section(
            "Strongest documents, with the strength of all features together",
            example_documents(detail.top),
        ),
        *section("Earlier labels", earlier),
    ]


def _trust(label: "FamilyLabel") -> str:
    """What speaks for a label."""
    by = f"labelled by {visible_line(label.model, 100)}" if label.model else ""
    if label.f1 is None:
        return f"Label not scored{by and f'; {by}'}"
    judge = visible_line(label.judge, 100) or "nobody knows whom"
    scored = f"F1 {short(label.f1)}, Pearson {short(label.pearson)}, judged by {judge}"
    return f"{scored}{by and f'; {by}'}"


def _together(detail: "FamilyDetail") -> str:
    """Co-occurrence of parents and children against that of siblings."""
    if detail.parent_child is None:
        return "No member stands above another"
    said = f"A parent and its child share {detail.parent_child:,.1f} documents on average"
    if detail.child_child is None:
        return said
    ratio = "" if detail.ratio is None else f": R(C, F) {detail.ratio:.1f}"
    return f"{said}, two of its children {detail.child_child:,.1f}{ratio}"

"""`saetui fields`: which fields the documents have, for filters."""

from dataclasses import asdict

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath
from saetui.text import visible_line


def fields(bundle: BundlePath, *, as_json: AsJson = False) -> None:
    """List the fields of the documents with types, ranges and examples.

    Each can be used in a filter: journal:Nature, author.name=Ada, stars>3, price:5..10.
    """
    from saetui.cli.output import Column, Output
    from saetui.session.questions.fields import list_fields

    output = Output()
    with opened(bundle) as session:
        found = list_fields(session)
    if as_json:
        output.json([asdict(each) for each in found])
        return
    if not found:
        output.line("These documents have no fields besides id, title and text.")
        return
    rows = [
        [
            each.name,
            f"list of {each.kind}s" if each.several else each.kind,
            f"{each.documents:,}",
            f"{each.distinct:,}",
            each.lowest,
            each.highest,
            ", ".join(visible_line(value, 30) for value in each.examples),
        ]
        for each in found
    ]
    numeric = [Column(name, numeric=True) for name in ("documents", "values", "least", "most")]
    output.table([Column("field"), Column("type"), *numeric, Column("such as")], rows)

"""`saetui document`: one document; `saetui fields`: what filters can name of all of them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli import json_output as shapes
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, DetailLimit, SaeName
from saetui.cli.output import Output, score
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.core.documents import Document
    from saetui.session.details import DocumentDetail
    from saetui.session.evidence import Evidence, Sentence
    from saetui.session.session import Session


def document(
    bundle: BundlePath,
    document_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Its id in the corpus.", show_default=False)
    ] = None,
    *,
    row: Annotated[
        int | None, typer.Option("--row", min=0, metavar="N", help="Its row instead of its id.")
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence", metavar="FEATURE", help="Mark the sentences that carry a feature."
        ),
    ] = None,
    limit: DetailLimit = 10,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """Show a document with its features and neighbours."""
    from saetui.session.evidence import EvidenceFinder

    if (document_id is None) == (row is None):
        raise typer.BadParameter("give either a document's ID or --row")
    output = Output()
    with opened(bundle, sae) as session:
        found = session.row_of(document_id or "") if row is None else row
        detail = session.document(found, limit)
        carried = None
        if evidence is not None:
            feature = session.features.lookup.feature(evidence)
            carried = EvidenceFinder(session, remote=True).of(found, feature)
        if as_json:
            shape = shapes.document(session, detail)
            if carried is not None:
                shape["evidence"] = evidence_json(session, carried)
            output.json(shape)
        else:
            _print_detail(output, detail)
            if carried is not None:
                _print_evidence(output, session, detail, carried)


def _print_detail(output: Output, detail: "DocumentDetail") -> None:
    shown = detail.document
    if shown.title:
        output.prose(shown.title, "bold")
    facts = [shown.id, f"row {detail.row}", shown.published, shown.url]
    output.prose("  ".join(fact for fact in facts if fact), "dim")
    output.line()
    output.prose(shown.text)
    titles = [">feature", "label", ">activation"]
    active = [[each.id, each.name, score(each.value)] for each in detail.features]
    weak = [[each.id, each.name, score(each.value)] for each in detail.weak]
    output.heading("Features")
    output.table(titles, active)
    output.section("Weakly active; the label is probably not true of the document", titles, weak)
    near = (
        ("Other passages of the paper", detail.passages),
        ("Nearest documents", detail.neighbours),
    )
    for heading, documents in near:
        cells = [[score(each.activation), each.title, each.id] for each in documents]
        output.section(heading, [">cosine", "title", "id"], cells)


def _print_evidence(
    output: Output, session: "Session", detail: "DocumentDetail", found: "Evidence"
) -> None:
    output.heading(f"Sentences, by how much they carry {session.name(found.feature)}")
    if found.by == "words":
        output.prose(f"By words of the label: {found.why_words}", "dim")
    output.table(
        ["carries", ">activation", "sentence"],
        [
            [
                "yes" if sentence.marked else "",
                score(sentence.carries),
                " ".join(_text_of(detail.document, sentence).split()),
            ]
            for sentence in sorted(found.sentences, key=lambda each: -each.carries)
        ],
    )


def evidence_json(session: "Session", found: "Evidence") -> dict[str, Any]:
    """The sentences of a document and what carries a feature, in order."""
    document = session.bundle.documents.document(found.row)
    return {
        "feature": found.feature,
        "label": session.features[found.feature].label,
        "by": found.by,
        "why_words": found.why_words,
        "sentences": [
            {
                "text": _text_of(document, sentence),
                "in_title": sentence.in_title,
                "start": sentence.start,
                "end": sentence.end,
                "activation": round(sentence.carries, 6),
                "marked": sentence.marked,
            }
            for sentence in found.sentences
        ],
    }


def _text_of(document: "Document", sentence: "Sentence") -> str:
    text = document.title if sentence.in_title else document.text
    return text[sentence.start : sentence.end]


def fields(bundle: BundlePath, *, as_json: AsJson = False) -> None:
    """List the fields of the documents with types, ranges and examples.

    Each can be used in a filter: journal:Nature, author.name=Ada, stars>3, price:5..10.
    """
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
    titles = ["field", "type", ">documents", ">values", ">least", ">most", "such as"]
    output.table(titles, rows)

"""`saetui notes`: what the reader said about features, also about those that are gone."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, SaeName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saetui.cli.output import Output
    from saetui.session.session import Session
    from saetui.store.followed_notes import Unmatched
    from saetui.store.notes import FeatureNotes
    from saetui.store.unmatched_labels import FormerLabel


def notes(
    bundle: BundlePath,
    *,
    unmatched: Annotated[
        bool,
        typer.Option(
            "--unmatched",
            help="Only what was said about features that no SAE of the bundle has any more.",
        ),
    ] = False,
    sae: SaeName = None,
    as_json: AsJson = False,
) -> None:
    """List your own labels, verdicts, judgements, bookmarks and notes, by feature.

    When an SAE is replaced, they follow the feature that matches, and its cosine stands beside
    them. What matches no feature stays in the bundle.
    """
    from saetui.cli.output import Output
    from saetui.store.followed_notes import notes_on
    from saetui.store.unmatched_labels import read_unmatched

    with opened(bundle, sae) as session:
        found = notes_on(session.bundle, session.sae, session.features.book)
        labels = read_unmatched(session.sae.folder) if session.sae.has_unmatched_labels else []
        output = Output()
        if as_json:
            output.json(
                {
                    "sae": session.sae.record.name,
                    "notes": [] if unmatched else _shapes(session, found.notes),
                    "unmatched": [*map(_gone, found.unmatched), *map(_former, labels)],
                }
            )
            return
        if not unmatched:
            _print_notes(output, session, found.notes)
        _print_unmatched(output, found.unmatched, labels)
        if not labels and not found.unmatched and (unmatched or not found.notes):
            output.line("Every note is on a feature of today." if unmatched else "No notes.")


def _shapes(session: "Session", notes: "Mapping[int, FeatureNotes]") -> list[dict[str, Any]]:
    from saetui.cli.json_output import former, judgements

    return [
        {
            "feature": feature,
            "name": session.name(feature),
            "label": said.label,
            "rejected": sorted(said.rejected),
            "bookmark": said.bookmark,
            "note": said.note,
            "former": former(said.former),
            "judgements": judgements(said),
        }
        for feature, said in notes.items()
    ]


def _gone(unmatched: "Unmatched") -> dict[str, Any]:
    from saetui.cli.json_output import judgements

    thread, nearest = unmatched.thread, unmatched.nearest
    return {
        "sae": thread.sae,
        "feature": thread.feature,
        "label": thread.notes.label,
        "rejected": sorted(thread.rejected),
        "bookmark": thread.notes.bookmark,
        "note": thread.notes.note,
        "judgements": judgements(thread.notes),
        "nearest": nearest and nearest.feature,
        "cosine": nearest and nearest.cosine,
    }


def _former(former: "FormerLabel") -> dict[str, Any]:
    label = former.label
    return {
        "sae": former.sae,
        "feature": label.feature,
        "label": label.text,
        "method": label.method,
        "model": label.model,
    }


def _print_notes(output: "Output", session: "Session", notes: "Mapping[int, FeatureNotes]") -> None:
    from saetui.cli.output import Column

    rows = []
    for feature, said in notes.items():
        former = said.former
        cosine = "" if former is None or former.cosine is None else f"{former.cosine:.2f}"
        was = "" if former is None else f"{former.sae} {former.feature}"
        words = [*(["bookmarked"] if said.bookmark else []), *(["own label"] if said.label else [])]
        words += [f"rejected {version}" for version in sorted(said.rejected)]
        words += _judged(said)
        rows.append([str(feature), session.name(feature), ", ".join(words), said.note, was, cosine])
    if rows:
        columns = [Column("feature", numeric=True), Column("name"), Column("said"), Column("note")]
        output.table([*columns, Column("said of"), Column("cosine", numeric=True)], rows)


def _judged(notes: "FeatureNotes") -> list[str]:
    """Of how many documents each label was found true."""
    labels = dict.fromkeys(label for label, _ in notes.judgements)
    judged = {label: notes.judged(label).values() for label in labels}
    return [f"'{label}' true of {sum(of)} of {len(of)}" for label, of in judged.items()]


def _print_unmatched(
    output: "Output", unmatched: "Sequence[Unmatched]", labels: "Sequence[FormerLabel]"
) -> None:
    from saetui.cli.output import Column

    rows = []
    for each in unmatched:
        thread, nearest = each.thread, each.nearest
        words = [*(["bookmarked"] if thread.notes.bookmark else [])]
        words += [f"rejected '{text}'" for text in sorted(thread.rejected)]
        near = "" if nearest is None else str(nearest.feature)
        cosine = "" if nearest is None or nearest.cosine is None else f"{nearest.cosine:.2f}"
        words += _judged(thread.notes)
        label, note = thread.notes.label, thread.notes.note
        was = f"{thread.sae} {thread.feature}"
        rows.append([was, label, ", ".join(words), note, near, cosine])
    for former in labels:
        label_of, how = former.label, former.label.model or former.label.method
        rows.append([f"{former.sae} {label_of.feature}", label_of.text, how, "", "", ""])
    if rows:
        output.heading("Said of features that are gone")
        columns = [Column("said of"), Column("label"), Column("said"), Column("note")]
        output.table(
            [*columns, Column("nearest", numeric=True), Column("cosine", numeric=True)], rows
        )

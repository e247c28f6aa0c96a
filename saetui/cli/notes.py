"""`saetui notes`, `bookmarks` and `lists`: what the reader keeps in a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saetui.cli.json_output import judgements
from saetui.cli.json_output import notes as notes_json
from saetui.cli.open import opened
from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.cli.output import Output
from saetui.errors import InputError
from saetui.text import visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saetui.session.session import Session
    from saetui.store.followed import Unmatched
    from saetui.store.former_features import FormerLabel
    from saetui.store.lists import Listed
    from saetui.store.notes import FeatureNotes


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
    from saetui.store.followed import notes_on
    from saetui.store.former_features import read_unmatched

    with opened(bundle, sae) as session:
        found = notes_on(session.bundle, session.sae, session.features.book)
        labels = read_unmatched(session.sae.folder) if session.sae.has_unmatched_labels else []
        output = Output()
        if as_json:
            output.json(
                {
                    "sae": session.sae.record.name,
                    "notes": []
                    if unmatched
                    else [
                        {"feature": feature, "name": session.name(feature), **notes_json(said)}
                        for feature, said in found.notes.items()
                    ],
                    "unmatched": [*map(_gone, found.unmatched), *map(_label_json, labels)],
                }
            )
            return
        if not unmatched:
            _print_notes(output, session, found.notes)
        _print_unmatched(output, found.unmatched, labels)
        if not labels and not found.unmatched and (unmatched or not found.notes):
            output.line("Every note is on a feature of today." if unmatched else "No notes.")


def _gone(unmatched: "Unmatched") -> dict[str, Any]:
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


def _label_json(former: "FormerLabel") -> dict[str, Any]:
    label = former.label
    return {
        "sae": former.sae,
        "feature": label.feature,
        "label": label.text,
        "method": label.method,
        "model": label.model,
    }


def _print_notes(output: Output, session: "Session", notes: "Mapping[int, FeatureNotes]") -> None:
    rows = []
    for feature, said in notes.items():
        before = said.former
        cosine = "" if before is None or before.cosine is None else f"{before.cosine:.2f}"
        was = "" if before is None else f"{before.sae} {before.feature}"
        words = [*(["bookmarked"] if said.bookmark else []), *(["own label"] if said.label else [])]
        words += [f"rejected {version}" for version in sorted(said.rejected)]
        words += _judged(said)
        rows.append([feature, session.name(feature), ", ".join(words), said.note, was, cosine])
    if rows:
        output.table([">feature", "name", "said", "note", "said of", ">cosine"], rows)


def _judged(notes: "FeatureNotes") -> list[str]:
    """Of how many documents each label was found true."""
    labels = dict.fromkeys(label for label, _ in notes.judgements)
    judged = {label: notes.judged(label).values() for label in labels}
    return [f"'{label}' true of {sum(of)} of {len(of)}" for label, of in judged.items()]


def _print_unmatched(
    output: Output, unmatched: "Sequence[Unmatched]", labels: "Sequence[FormerLabel]"
) -> None:
    rows = []
    for each in unmatched:
        thread, nearest = each.thread, each.nearest
        words = [*(["bookmarked"] if thread.notes.bookmark else [])]
        words += [f"rejected '{text}'" for text in sorted(thread.rejected)]
        near = "" if nearest is None else nearest.feature
        cosine = "" if nearest is None or nearest.cosine is None else f"{nearest.cosine:.2f}"
        words += _judged(thread.notes)
        label, note = thread.notes.label, thread.notes.note
        was = f"{thread.sae} {thread.feature}"
        rows.append([was, label, ", ".join(words), note, near, cosine])
    for gone in labels:
        label_of, how = gone.label, gone.label.model or gone.label.method
        rows.append([f"{gone.sae} {label_of.feature}", label_of.text, how, "", "", ""])
    columns = ["said of", "label", "said", "note", ">nearest", ">cosine"]
    output.section("Said of features that are gone", columns, rows)


def bookmarks(
    bundle: BundlePath,
    *,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="NAME", help="Delete this bookmark.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List bookmarked searches, newest first, with the number of their results.

    Open one with b and o in the app, or with: saetui search BUNDLE --preset NAME
    """
    from saetui.session.saved.bookmarks import bookmarks as bookmarks_of
    from saetui.session.saved.bookmarks import remove_bookmark

    with opened(bundle):
        pass
    if remove is not None:
        remove_bookmark(bundle, remove)
        return
    found = bookmarks_of(bundle)
    output = Output()
    if as_json:
        output.json(
            [
                {
                    "name": each.name,
                    "path": str(each.path),
                    "sae": each.preset.sae,
                    "request": dict(each.preset.search),
                    "steps": len(each.preset.history),
                    "results": list(each.preset.results),
                }
                for each in found
            ]
        )
        return
    output.table(
        ["name", "query", "mode", ">changes", ">results", "SAE"],
        [
            [
                each.name,
                each.preset.search.get("query") or each.preset.search.get("document", ""),
                each.preset.search.get("mode", ""),
                len(each.preset.search.get("changes", ())),
                len(each.preset.results),
                each.preset.sae,
            ]
            for each in found
        ],
    )


def lists(
    bundle: BundlePath,
    name: Annotated[
        str | None,
        typer.Argument(metavar="LIST", help="One list; without it, all.", show_default=False),
    ] = None,
    *,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="ID", help="Put a document into it; may be repeated."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What to note about these.")] = "",
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="ID", help="Take a document out; may be repeated."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="FILE", help="Write the list to a file: .csv, .json or .bib."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show your lists of documents, put documents into one, or write one to a file.

    A list is also a filter, in:NAME, and so a group to compare.
    """
    from saetui.session.saved.exports import export_documents
    from saetui.store.lists import mark, read_lists, unmark

    output = Output()
    if name is None and (add or remove or export):
        raise InputError("Which list is meant?", "Name it after the bundle.")
    with opened(bundle) as session:
        if name is not None and add:
            for each in add:
                session.row_of(each)
            mark(bundle, name, list(add), note.strip())
        if name is not None and remove:
            unmark(bundle, name, list(remove))
        found = read_lists(bundle)
        if name is None:
            if as_json:
                output.json([{"list": each, "documents": len(of)} for each, of in found.items()])
            elif found:
                rows = [[each, f"{len(of):,}"] for each, of in found.items()]
                output.table(["list", ">documents"], rows)
            else:
                output.line("There are no lists yet: B in the app puts a document into one.")
            return
        if name not in found and not (add or remove):
            raise InputError(f"There is no list called '{name}'.", "Put a document in with --add.")
        shaped = _shaped(session, found.get(name, {}))
        if export is not None:
            count = export_documents(export, session, found.get(name, {}).values())
            typer.echo(f"Wrote {count:,} documents to {visible_line(str(export))}", err=True)
    if as_json:
        output.json(shaped)
    else:
        output.table(
            ["id", "title", "note", "marked"],
            [[each["id"], each["title"], each["note"], each["at"][:10]] for each in shaped],
        )


def _shaped(session: "Session", entries: "Mapping[str, Listed]") -> list[dict[str, Any]]:
    rows = session.bundle.documents.rows_of(entries)
    headings = session.bundle.documents.headings(rows.values())
    return [
        {
            "id": each.document,
            "row": rows.get(each.document),
            # A document that is gone from the bundle keeps its place in the list.
            "title": headings[rows[each.document]][1] if each.document in rows else "",
            "note": each.note,
            "at": each.at,
        }
        for each in entries.values()
    ]

"""Sheets on which a reader judges labels blind: a label and a text, and nothing that tells more.

A sheet is a CSV file; its key says which feature and document each row is of, and lies in a second
file that the reader does not see. What readers said, on sheets or as lines, is read here as well.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from saetui.core.features import DECILES, decile_positions
from saetui.core.scores import unit
from saetui.errors import InputError
from saetui.interpret.judging.evidence import Sample, nearest_inactive
from saetui.store.atomic import atomic_write, named_if_unwritable
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.stored_sae import StoredSae
from saetui.text import csv_text

Kind = Literal["active", "near", "random"]
# Lines of judgements say of active documents how they were drawn.
_KINDS: dict[str, Kind] = {
    "active": "active",
    "top": "active",
    "decile": "active",
    "near": "near",
    "random": "random",
}
COLUMNS = ("id", "label", "text", "judgement")
# Documents of a feature on a sheet: from each tenth of its activations, near misses, random ones.
_FROM_TENTH, _NEAR, _RANDOM = 1, 3, 3
# Near misses are drawn from this many documents nearest to the feature.
_NEAREST = 20
# A reader of a sheet has no use for more, and spreadsheets cut longer cells.
_LONGEST_TEXT = 8_000
_SAID = dict.fromkeys(("yes", "y", "true", "t", "x"), 1.0)
_SAID |= dict.fromkeys(("no", "n", "false", "f"), -1.0)
_UNSURE = {"?", "unsure"}
# Embeddings differ a little from machine to machine, and with them activations.
_SAME_ACTIVATION, _MOST_OTHER = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Question:
    """Is a feature's label true of a document?

    Attributes:
        id: Of the row; says nothing.
        feature: Number of the feature.
        label: Its label.
        document: Id of the document.
        kind: "active", "near" (near the feature's direction, but not active) or "random" (not
            active).
        tenth: Of the feature's activations, from 1 (strongest) to 10; None where it is not active.
        activation: Of the feature on the document.
    """

    id: str
    feature: int
    label: str
    document: str
    kind: Kind
    tenth: int | None
    activation: float


@dataclass(frozen=True)
class Key:
    """What a sheet does not say: its bundle and SAE, the SAE's fingerprint, questions by row."""

    bundle: str
    sae: str
    of: str
    questions: Mapping[str, Question]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reader said of a question.

    Attributes:
        question: The question.
        confidence: From -1 (surely untrue) to 1 (surely true); above 0 the label is true.
        judge: Who said it.
    """

    question: Question
    confidence: float
    judge: str


@dataclass(frozen=True)
class JudgedSheet:
    """Judgements of a sheet, and how many rows readers were unsure of or left open."""

    judged: Sequence[Judged]
    unsure: int = 0
    open: int = 0


def draw_key(
    bundle: Bundle, sae: StoredSae, records: Sequence[FeatureRecord], count: int, seed: int
) -> Key:
    """Draw the rows of a sheet: features at random, and documents of each kind.

    At most `count` features are drawn, from those with a label and a document in every tenth.

    Raises:
        InputError: No feature can be judged.
    """
    labelled = [each.id for each in records if each.label and each.documents >= DECILES]
    if not labelled:
        raise InputError(
            f"{sae.record.name} has no labelled feature that is active on {DECILES} documents.",
            "Label features first: saetui label my.bundle",
        )
    drawing = np.random.default_rng(seed)
    chosen = sorted(drawing.permutation(labelled)[:count].tolist())
    rows = np.arange(len(bundle), dtype=np.int32)
    directions = np.stack([unit(sae.weights.directions[feature]) for feature in chosen])
    near = nearest_inactive(
        sae.postings, chosen, directions, Sample(bundle.embeddings, rows), _NEAREST
    )
    drawn: list[tuple[int, int, Kind, int | None, float]] = []
    for feature, misses in zip(chosen, near, strict=True):
        active, activations = sae.postings.documents(feature)
        for tenth, span in enumerate(decile_positions(len(active), len(active)), start=1):
            for place in drawing.choice(span, _FROM_TENTH, replace=False).tolist():
                row = int(active[place])
                drawn.append((feature, row, "active", tenth, float(activations[place])))
        missed = drawing.choice(misses, min(_NEAR, len(misses)), replace=False)
        others = np.setdiff1d(rows, np.concatenate([active, missed]))
        others = drawing.choice(others, min(_RANDOM, len(others)), replace=False)
        drawn += [(feature, row, "near", None, 0.0) for row in missed.tolist()]
        drawn += [(feature, row, "random", None, 0.0) for row in others.tolist()]
    # The order of rows, and their ids, must tell nothing.
    drawn = [drawn[place] for place in drawing.permutation(len(drawn))]
    names = drawing.choice(16**6, len(drawn), replace=False).tolist()
    ids = {row: found[0] for row, found in bundle.documents.headings({d[1] for d in drawn}).items()}
    questions = {
        f"{name:06x}": Question(
            f"{name:06x}", feature, records[feature].label, ids[row], kind, tenth, activation
        )
        for name, (feature, row, kind, tenth, activation) in zip(names, drawn, strict=True)
    }
    return Key(bundle.manifest.name, sae.record.name, sae.of, questions)


def key_path(sheet: Path) -> Path:
    """Where the key of a sheet lies unless told otherwise: `blind.key.json` for `blind.csv`."""
    return sheet.with_suffix(".key.json")


def write_sheet(sheet: Path, key_file: Path, key: Key, bundle: Bundle) -> None:
    """Write a sheet and its key.

    Raises:
        InputError: One of them exists, since judgements may stand in it, or cannot be written.
    """
    for path in (sheet, key_file):
        if path.exists():
            raise InputError(f"{path} exists.", "Give another name, or remove it.")
    rows: list[Sequence[str]] = [COLUMNS]
    for each in key.questions.values():
        row = bundle.documents.row_of(each.document)
        assert row is not None
        shown = bundle.documents.document(row).embedding_text
        rows.append([each.id, each.label, shown[:_LONGEST_TEXT], ""])
    shape = {**asdict(key), "questions": [asdict(each) for each in key.questions.values()]}
    for path, content in (
        (key_file, json.dumps(shape, ensure_ascii=False, indent=1) + "\n"),
        # Spreadsheets take a file for UTF-8 only if it says so.
        (sheet, "\ufeff" + csv_text(rows)),
    ):
        with named_if_unwritable(path), atomic_write(path) as temporary:
            temporary.write_bytes(content.encode("utf-8", "replace"))


def read_key(path: Path) -> Key:
    """The key of a sheet.

    Raises:
        InputError: It is not there, or is none.
    """
    try:
        shape = json.loads(path.read_text("utf-8"))
        questions = [_question(str(each["id"]), each) for each in shape["questions"]]
        names = str(shape["bundle"]), str(shape["sae"]), str(shape["of"])
    except FileNotFoundError:
        raise InputError(
            f"There is no key of the sheet at {path}.",
            "It was written beside the sheet; name it with --key.",
        ) from None
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path} is not the key of a sheet ({error}).") from None
    return Key(*names, {each.id: each for each in questions})


def _question(name: str, values: Mapping[str, Any]) -> Question:
    """The question of a row, from the fields of a key or of a line of judgements."""
    kind = _KINDS[values["kind"]]
    return Question(
        name,
        int(values["feature"]),
        str(values["label"]),
        str(values["document"]),
        kind,
        int(values["tenth"]) if kind == "active" else None,
        float(values["activation"]),
    )


def read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a sheet with the numbers of their lines, however a spreadsheet has saved it.

    Raises:
        InputError: It cannot be read, or lacks the columns for ids and judgements.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as CSV in UTF-8.") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    fields = {name.strip().lower(): name for name in reader.fieldnames or () if name}
    if not {"id", "judgement"} <= fields.keys():
        raise InputError(
            f"{path.name} has no columns 'id' and 'judgement'.",
            "Judge the sheet that --sheet has written, and save it as CSV.",
        )
    try:
        for values in reader:
            wanted = {name: values.get(field) or "" for name, field in fields.items()}
            yield reader.line_num, {name: value.strip() for name, value in wanted.items()}
    except csv.Error as error:
        raise InputError(f"Line {reader.line_num} of {path.name} is not CSV ({error}).") from None


def read_judged_sheet(path: Path, key: Key, judge: str) -> JudgedSheet:
    """The judgements on a sheet.

    Args:
        path: The sheet, filled in.
        key: Its key.
        judge: Who judged, where the sheet has no column that says so.

    Raises:
        InputError: It is not the key's sheet, is empty, or contradicts itself.
    """
    said: dict[tuple[str, str], tuple[int, float]] = {}
    unsure: set[str] = set()
    for line, values in read_rows(path):
        row, text = values["id"], values["judgement"]
        question = key.questions.get(row)
        if question is None:
            if not row and not text:
                continue
            raise InputError(
                f"Line {line} of {path.name} has the id '{row[:40]}', which its key does not know.",
                "Judge the sheet that was written with this key, and leave the ids as they are.",
            )
        if not text:
            continue
        if text.lower() in _UNSURE:
            unsure.add(row)
            continue
        confidence, who = _confidence(path, line, text), values.get("judge") or judge
        before = said.setdefault((row, who), (line, confidence))
        if (before[1] > 0) != (confidence > 0):
            raise InputError(
                f"Lines {before[0]} and {line} of {path.name} say both yes and no of row {row}.",
                "Keep one of them, or say in a column 'judge' who said which.",
            )
    if not said:
        raise InputError(
            f"{path.name} has no judgements.", "Write yes or no into the column 'judgement'."
        )
    judged = [Judged(key.questions[row], value, who) for (row, who), (_, value) in said.items()]
    answered = {row for row, _ in said}
    return JudgedSheet(
        judged, len(unsure - answered), len(key.questions.keys() - answered - unsure)
    )


def _confidence(path: Path, line: int, text: str) -> float:
    try:
        value = _SAID.get(text.lower()) or float(text)
    except ValueError:
        value = np.nan
    if not -1 <= value <= 1:
        raise InputError(
            f"Line {line} of {path.name} says '{text[:40]}'.",
            "Write yes, no, ? for unsure, or a confidence from -1 to 1.",
        )
    return value


def read_judged_lines(path: Path, judge: str) -> dict[str, JudgedSheet]:
    """Judgements as JSON Lines with the fields of a key, by who wrote the labels.

    A line has `feature`, `label`, `document`, `kind` (`top`, `decile`, `near` or `random`),
    `tenth`, `activation` and `confidence`, and perhaps `label_by` and `judge`.

    Raises:
        InputError: It cannot be read, or a line is not a judgement.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}).") from None
    found: dict[str, list[Judged]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            judged = Judged(
                _question(str(number), values),
                float(values["confidence"]),
                str(values.get("judge") or judge),
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(
                f"Line {number} of {path.name} is not a judgement ({error})."
            ) from None
        found.setdefault(str(values.get("label_by", "")), []).append(judged)
    if not found:
        raise InputError(f"{path.name} has no judgements.")
    return {name: JudgedSheet(each) for name, each in found.items()}


def check_key(key: Key, bundle: Bundle, sae: StoredSae) -> None:
    """Check that a sheet was drawn from an SAE of a bundle.

    Raises:
        InputError: It was drawn from another one.
    """
    if key.of != sae.of:
        raise InputError(
            f"The sheet was drawn from {key.sae} of '{key.bundle}', which is not {sae.record.name} "
            f"of '{bundle.manifest.name}' as it is now.",
            "Name the bundle and the SAE that it was drawn from, or draw a new sheet.",
        )


def check_judgements(sheet: JudgedSheet, bundle: Bundle, sae: StoredSae) -> None:
    """Check that lines of judgements are about features of an SAE of a bundle.

    Raises:
        InputError: A feature or a document is not there, or the features are those of another SAE.
    """
    other = 0
    for each in sheet.judged:
        question = each.question
        row = bundle.documents.row_of(question.document)
        if row is None or not 0 <= question.feature < sae.record.n:
            what = f"feature {question.feature}" if row is not None else f"'{question.document}'"
            raise InputError(
                f"There is a judgement on {what}, which {sae.record.name} of "
                f"'{bundle.manifest.name}' does not have.",
                "Name the bundle and the SAE that were judged.",
            )
        place = sae.codes.indices[row] == question.feature
        activation = float(sae.codes.values[row][place].sum())
        other += abs(activation - question.activation) > _SAME_ACTIVATION
    if other > _MOST_OTHER * len(sheet.judged):
        raise InputError(
            f"{other:,} of {len(sheet.judged):,} judgements say another activation than "
            f"{sae.record.name} of '{bundle.manifest.name}' has, so another SAE was judged.",
            "Name the bundle and the SAE that were judged.",
        )

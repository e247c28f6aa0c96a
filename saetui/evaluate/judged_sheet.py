"""Read what readers said of labels: a blind sheet that was filled in, or lines of judgements."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saetui.errors import InputError
from saetui.evaluate.blind_sheet import Key, Question, read_rows
from saetui.store.bundle import Bundle
from saetui.store.stored_sae import StoredSae

_YES = {"yes", "y", "true", "t", "x"}
_NO = {"no", "n", "false", "f"}
_UNSURE = {"?", "unsure"}
# Embeddings differ a little from machine to machine, and with them activations.
_SAME_ACTIVATION, _MOST_OTHER = 0.02, 0.1


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
    """Judgements of a sheet.

    Attributes:
        judged: What was said.
        unsure: Rows on which a reader could not say.
        open: Rows on which nobody said anything.
    """

    judged: Sequence[Judged]
    unsure: int = 0
    open: int = 0


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
    word = text.lower()
    if word in _YES or word in _NO:
        return 1.0 if word in _YES else -1.0
    try:
        value = float(text)
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
                _question(number, values),
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


def _question(number: int, values: Mapping[str, Any]) -> Question:
    kinds: dict[str, Any] = {"near": "near", "random": "random", "top": "active"}
    kind = (kinds | {"decile": "active", "active": "active"})[values["kind"]]
    return Question(
        str(number),
        int(values["feature"]),
        str(values["label"]),
        str(values["document"]),
        kind,
        int(values["tenth"]) if kind == "active" else None,
        float(values["activation"]),
    )

"""Labels and families of features in files of their own.

Labels are read and written as CSV, JSON Lines, or the explanation lines of Neuronpedia's exports.
CSV and JSON Lines also hold what the reader found of each label: for ids of documents whether it
is true of them. The forest of families is written as GraphML or networkx's node-link JSON.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from saetui.core.families import Families
from saetui.errors import InputError
from saetui.store.atomic import atomic_write, named_if_unwritable
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord
from saetui.text import csv_text, visible, without_guard

if TYPE_CHECKING:
    import networkx as nx

Format = Literal["csv", "jsonl", "neuronpedia"]
FORMATS: tuple[Format, ...] = get_args(Format)

COLUMNS = (
    "feature", "label", "terms", "method", "model", "prompt_version", "created", "version",
    "f1", "pearson", "judge", "judgements",
)  # fmt: skip
IMPORTED = "imported"
"""Method of labels from a file that does not say how they were made."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the label of a feature is true of a document, which is named by its id."""

    feature: int
    label: str
    document: str
    true: bool


_BETWEEN_TERMS = "; "
_GZIP = b"\x1f\x8b"


def format_of(path: Path) -> Format:
    """The format that the name of a file implies.

    Raises:
        InputError: It ends in none of `.csv`, `.jsonl` and `.ndjson`.
    """
    endings: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    found = endings.get(path.suffix.lower())
    if found is None:
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            f"Name it .csv or .jsonl, or give --format ({', '.join(FORMATS)}).",
        )
    return found


def write_labels(
    path: Path,
    kind: Format,
    features: Iterable[FeatureRecord],
    provenance: Mapping[int, LabelRecord],
    judged: Mapping[int, Mapping[str, bool]],
    *,
    bundle: str,
    sae: str,
    formulas: bool = False,
) -> int:
    """Write the shown labels of features; returns how many.

    Args:
        path: Of the file, which is replaced whole.
        kind: Its format.
        features: Those without a label are left out.
        provenance: Of the shown labels, by feature; labels that the user wrote have none.
        judged: Whether the shown label of a feature is true of documents, by their ids.
        bundle: The bundle's name, written as Neuronpedia's model.
        sae: The SAE's name, written as Neuronpedia's layer.
        formulas: Whether texts in CSV may begin as formulas of a spreadsheet do.
    """
    rows = [
        _row(record, provenance.get(record.id), judged.get(record.id, {}))
        for record in features
        if record.label
    ]
    if kind == "csv":
        lines = ([_cell(row[name]) for name in COLUMNS] for row in rows)
        text = csv_text([COLUMNS, *lines], formulas=formulas)
    else:
        shaped = rows if kind == "jsonl" else [_explanation(row, bundle, sae) for row in rows]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in shaped)
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "replace"))
    return len(rows)


def _row(
    record: FeatureRecord, label: LabelRecord | None, judged: Mapping[str, bool]
) -> dict[str, Any]:
    return {
        "feature": record.id,
        "label": record.label,
        "terms": list(record.terms),
        "method": label.method if label else "reader",
        "model": label.model if label else "",
        "prompt_version": label.prompt_version if label else "",
        "created": label.created if label else "",
        "version": record.version,
        "f1": _rounded(record.f1),
        "pearson": _rounded(record.pearson),
        "judge": record.judge,
        "judgements": dict(judged),
    }


def _cell(value: Any) -> Any:  # noqa: ANN401 - as in a row.
    if isinstance(value, list):
        return _BETWEEN_TERMS.join(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _explanation(row: Mapping[str, Any], bundle: str, sae: str) -> dict[str, Any]:
    return {
        "modelId": bundle,
        "layer": sae,
        "index": str(row["feature"]),
        "description": row["label"],
        "explanationModelName": row["model"],
        "typeName": row["method"],
    }


def read_labels_from(path: Path, n: int, today: str) -> tuple[list[LabelRecord], list[Judgement]]:
    """Labels and judgements in a file of any of the formats, which its content tells.

    Neuronpedia's explanations may be lines or one array, and gzipped, as it offers them for
    download. Lines with an empty label are left out. Several labels of one feature are all kept, in
    order.

    `n` is how many features the SAE has, `today` the ISO date for labels without a date of their
    own.

    Raises:
        InputError: It cannot be read, or a line is not a label of one of the SAE's features.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data.startswith(_GZIP) else data).decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be unpacked ({error}).", "Get it again.") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text ({error.reason}).", "Save it as UTF-8."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
    start = text.lstrip()[:1]
    if start == "[":
        records = _from_json_array(path, text)
    else:
        records = _from_json_lines(path, text) if start == "{" else _from_csv(path, text)
    labels: list[LabelRecord] = []
    judgements: list[Judgement] = []
    for line, values in records:
        label = _label(path, line, values, n, today)
        if label.text:
            labels.append(label)
            judgements += _judgements(path, line, label, values.get("judgements"))
    return labels, judgements


def _judgements(path: Path, line: int, label: LabelRecord, said: object) -> Iterator[Judgement]:
    if isinstance(said, str):
        try:
            said = json.loads(said or "{}")
        except (ValueError, RecursionError):
            said = "nothing that can be read"
    said = {} if said is None else said
    if not isinstance(said, dict) or not all(isinstance(each, bool) for each in said.values()):
        raise InputError(
            f"Line {line} of {path.name} has judgements that are not documents with true or false.",
            'Write them as {"id of a document": true}.',
        )
    for document, true in said.items():
        yield Judgement(label.feature, label.text, str(document), true)


def _from_json_lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise InputError(f"Line {number} of {path.name} is not a JSON object.")
        yield number, _as_ours(values)


def _from_json_array(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is not valid JSON ({error}).") from None
    for number, values in enumerate(entries, start=1):
        if not isinstance(values, dict):
            raise InputError(f"Entry {number} of {path.name} is not a JSON object.")
        yield number, _as_ours(values)


def _as_ours(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rename Neuronpedia's fields to those of our own JSON Lines."""
    if "description" in values and "index" in values:
        return {
            "feature": values["index"],
            "label": values["description"],
            "method": values.get("typeName"),
            "model": values.get("explanationModelName"),
        }
    return values


def _from_csv(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not {"feature", "label"} <= set(reader.fieldnames or ()):
        raise InputError(
            f"{path.name} has no columns 'feature' and 'label'.",
            "Its first line must name the columns; see an exported file.",
        )
    for row in reader:
        values = {
            name: without_guard(cell) if isinstance(cell, str) else cell
            for name, cell in row.items()
        }
        terms = [term for term in (values.get("terms") or "").split(_BETWEEN_TERMS) if term]
        yield reader.line_num, {**values, "terms": terms}


def _label(path: Path, line: int, values: Mapping[str, Any], n: int, today: str) -> LabelRecord:
    try:
        feature = int(str(values["feature"]))
    except (KeyError, ValueError):
        feature = -1
    if not 0 <= feature < n:
        raise InputError(
            f"Line {line} of {path.name} is about feature {str(values.get('feature'))[:20]!r}, but "
            f"the SAE has features 0 to {n - 1}.",
            "Check that the labels are for this SAE.",
        )
    terms = values.get("terms")
    return LabelRecord(
        feature,
        " ".join(_text(values, "label").split()),
        tuple(str(term) for term in terms) if isinstance(terms, list) else (),
        _text(values, "method") or IMPORTED,
        _text(values, "model"),
        _text(values, "prompt_version"),
        _text(values, "created") or today,
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value)


def write_forest(
    path: Path, families: Families, features: Sequence[FeatureRecord]
) -> "nx.DiGraph[Any]":
    """Write the graph of `Families.to_networkx` to a file, which is replaced whole, and return it.

    The file is `.graphml`, or `.json` for node-link JSON; `features` are all of the SAE, by number.

    Raises:
        InputError: The file has another ending, or cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".graphml", ".json"):
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            "Name it .graphml, or .json for networkx's node-link format.",
        )
    import networkx as nx

    labels = [_harmless(record.label) for record in features]
    graph = families.to_networkx(labels, np.array([record.density for record in features]))
    for _, node in graph.nodes(data=True):
        if "family_label" in node:
            node["family_label"] = _harmless(node["family_label"])
    with named_if_unwritable(path), atomic_write(path) as temporary:
        if kind == ".graphml":
            nx.write_graphml(graph, temporary)
        else:
            text = json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False)
            temporary.write_bytes(f"{text}\n".encode("utf-8", "replace"))
    return graph


def _harmless(text: str) -> str:
    """A label without characters that XML cannot hold or a terminal would obey."""
    return visible(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")

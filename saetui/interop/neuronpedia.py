"""Write an SAE as Neuronpedia exports and imports it: lines of JSON about each part.

The folder `MODEL/SOURCE` holds one line in each of `release.jsonl`, `model.jsonl`,
`sourceset.jsonl` and `source.jsonl`, and gzipped lines about features, their documents
("activations") and their labels ("explanations"), 1,024 features in each file.

Neuronpedia inserts the lines of a file into a table of the same columns, which it takes from the
file's first line (`apps/webapp/lib/db/import.ts`, `prisma/schema.prisma`): every line has the same
keys, all that the table demands, and none that points into a table of Neuronpedia's own.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saetui.core.codec import Postings
from saetui.store.atomic import atomic_write
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord

_BATCH = 1_024
# Documents of each feature that are written.
_DOCUMENTS = 20
# Who made all of it. Neuronpedia puts its own default in the place of any that it does not know.
_AUTHOR = "saetui"


@dataclass(frozen=True)
class NeuronpediaNames:
    """What the parts are called: title of the bundle, SAE ("source" or "layer"), and ISO date."""

    title: str
    source: str
    created: str

    @property
    def model(self) -> str:
        """The bundle, Neuronpedia's "model", of letters, digits, hyphens and underscores."""
        return re.sub(r"[^a-z0-9_-]+", "-", self.title.lower()).strip("-")[:128] or "bundle"

    def as_dict(self) -> dict[str, Any]:
        """The names that every line repeats."""
        return {"modelId": self.model, "layer": self.source}


def write_neuronpedia(
    folder: Path,
    names: NeuronpediaNames,
    features: Sequence[FeatureRecord],
    *,
    provenance: Mapping[int, LabelRecord],
    postings: Postings,
    text_of: Callable[[int], str],
) -> Path:
    """Write an SAE's features, their strongest documents and their labels; returns the folder.

    Args:
        folder: In which `MODEL/SOURCE` is made.
        names: What to call the parts.
        features: All of them, by number.
        provenance: Of the labels, by feature; those that the reader wrote have none.
        postings: Of the features.
        text_of: The text of a document, by row.
    """
    target = folder / names.model / names.source
    for name, line in _about(names).items():
        _write_lines(target / f"{name}.jsonl", [line])
    for number, start in enumerate(range(0, len(features), _BATCH)):
        batch = features[start : start + _BATCH]
        file = f"batch-{number}.jsonl.gz"
        _write_lines(target / "features" / file, (_feature(names, each) for each in batch))
        _write_lines(
            target / "activations" / file,
            (line for each in batch for line in _activations(names, each, postings, text_of)),
        )
        _write_lines(
            target / "explanations" / file,
            (_explanation(names, each, provenance.get(each.id)) for each in batch if each.label),
        )
    return target


def _about(names: NeuronpediaNames) -> dict[str, dict[str, Any]]:
    shared = {"creatorId": _AUTHOR, "createdAt": names.created, "visibility": "PUBLIC"}
    set_name = f"{names.model}-{names.source}"
    return {
        "release": {
            "name": names.model,
            "description": names.title,
            "creatorName": _AUTHOR,
            **shared,
        },
        "model": {
            "id": names.model,
            "displayName": names.title,
            "displayNameShort": names.title,
            # The features are of whole documents, so there is one layer of nothing but these.
            "layers": 1,
            "neuronsPerLayer": 0,
            "owner": _AUTHOR,
            **shared,
        },
        "sourceset": {
            "modelId": names.model,
            "name": set_name,
            "type": "SAE",
            "description": f"{names.source} of {names.title}",
            "creatorName": _AUTHOR,
            # Nothing there can run the embedder.
            "allowInferenceSearch": False,
            "releaseName": names.model,
            **shared,
        },
        "source": {
            "id": names.source,
            "modelId": names.model,
            "setName": set_name,
            "hasDashboards": True,
            "inferenceEnabled": False,
            **shared,
        },
    }


def _feature(names: NeuronpediaNames, record: FeatureRecord) -> dict[str, Any]:
    return {
        **names.as_dict(),
        "index": str(record.id),
        "sourceSetName": f"{names.model}-{names.source}",
        "creatorId": _AUTHOR,
        "createdAt": names.created,
        "maxActApprox": record.max_activation,
        "frac_nonzero": record.density,
        "hasVector": False,
        "vector": [],
    }


def _activations(
    names: NeuronpediaNames,
    record: FeatureRecord,
    postings: Postings,
    text_of: Callable[[int], str],
) -> Iterator[dict[str, Any]]:
    rows, values = postings.documents(record.id)
    for row, value in zip(rows[:_DOCUMENTS].tolist(), values[:_DOCUMENTS].tolist(), strict=True):
        yield {
            "id": _id(names, "activation", record.id, row),
            **names.as_dict(),
            "index": str(record.id),
            "creatorId": _AUTHOR,
            "createdAt": names.created,
            "dataIndex": str(row),
            # A document has one activation, so it is one token.
            "tokens": [text_of(row)],
            "values": [value],
            "maxValue": value,
            "maxValueTokenIndex": 0,
            "minValue": value,
        }


def _explanation(
    names: NeuronpediaNames, record: FeatureRecord, label: LabelRecord | None
) -> dict[str, Any]:
    return {
        "id": _id(names, "explanation", record.id, record.version),
        **names.as_dict(),
        "index": str(record.id),
        "authorId": _AUTHOR,
        "description": record.label,
        "createdAt": names.created,
        # Not `typeName` and `explanationModelName`: these must be rows of Neuronpedia's own tables.
        "notes": f"{label.method} {label.model}".strip() if label else "reader",
    }


def _id(names: NeuronpediaNames, *parts: object) -> str:
    """An id that is the same whenever the same thing is written, as long as Neuronpedia's own."""
    text = json.dumps([names.model, names.source, *parts])
    return f"s{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    data = text.encode("utf-8", "replace")
    with atomic_write(path) as temporary:
        # Without a time in its header, the same lines give the same file.
        temporary.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)

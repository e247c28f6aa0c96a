"""The JSON that `--json` prints. Scripts rely on it: fields may be added, but never removed.

A number that is not finite is null. The label of a feature without one is empty.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from saetui.session.saved.search_json import Json, number

if TYPE_CHECKING:
    from saetui.core.families import Family, FamilyLabel
    from saetui.session.details import (
        DocumentDetail,
        Example,
        FamilyDetail,
        FeatureDetail,
        Neighbour,
    )
    from saetui.session.questions.feature_figures import Relation
    from saetui.session.session import Session
    from saetui.session.splitting import MatchesIn
    from saetui.store.features import FeatureRecord
    from saetui.store.labels import LabelRecord, ScoreRecord
    from saetui.store.notes import FeatureNotes


def finite(fields: Mapping[str, object]) -> Json:
    """Fields with NaN and infinity replaced by null, which JSON needs."""
    return {str(name): _finite(value) for name, value in fields.items()}


def _finite(value: object) -> object:
    match value:
        case dict():
            return finite(value)
        case list():
            return [_finite(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def feature(session: "Session", record: "FeatureRecord") -> Json:
    """A feature in a list."""
    family = session.sae.families.smallest_of(record.id)
    return {
        "id": record.id,
        "label": record.label,
        "density": number(record.density),
        "documents": record.documents,
        "active": record.active,
        "true": None if record.true is None else finite(asdict(record.true)),
        "max_activation": number(record.max_activation),
        "f1": number(record.f1),
        "pearson": number(record.pearson),
        "judge": record.judge,
        "quality": record.quality.word,
        "cohesion": number(record.quality.cohesion),
        "stability": number(record.quality.stability),
        "family": None if family is None else family.id,
    }


def relation(related: "Relation", feature: int) -> Json:
    """How a feature in a list goes with a field."""
    return {
        "relation": {
            "field": related.field,
            related.measure: number(related.values[feature]),
            "q": number(related.q[feature]),
            **({"most": related.most[feature]} if related.most else {}),
        }
    }


def feature_detail(session: "Session", detail: "FeatureDetail") -> Json:
    """Everything about a feature."""
    record, judged = detail.record, detail.notes.judged(detail.record.label).values()
    return feature(session, record) | {
        "mean_activation": number(record.mean_activation),
        "terms": list(record.terms),
        "histogram": list(detail.histogram),
        "counted_histogram": list(detail.counted),
        "top": _examples(detail.top, "activation"),
        "deciles": [_examples(decile, "activation") for decile in detail.deciles],
        "weak": _examples(detail.weak, "activation"),
        "nearest": _neighbours(session, detail.nearest, "cosine"),
        "opposed": _neighbours(session, detail.opposed, "cosine"),
        "co_occurring": [
            {
                "id": other.id,
                "label": session.features[other.id].label,
                "documents": int(other.value),
                "lift": number(None if other.lift is None else other.lift.times),
                "low": number(None if other.lift is None else other.lift.low),
                "high": number(None if other.lift is None else other.lift.high),
            }
            for other in detail.co_occurring
        ],
        "families": [{"id": family.id, "label": family.label} for family in detail.families],
        "near_misses": _examples(detail.near_misses, "cosine"),
        "labels": [_label(label, detail.scores) for label in detail.labels],
        "notes": notes(detail.notes),
        # Of how many documents the reader finds the present label true.
        "read": {"documents": len(judged), "true": sum(judged)},
    }


def notes(said: "FeatureNotes") -> Json:
    """What the reader said about a feature."""
    former = said.former
    return {
        "label": said.label,
        "rejected": sorted(said.rejected),
        "bookmark": said.bookmark,
        "note": said.note,
        # The feature that this was said about before its SAE was replaced.
        "former": former
        and {"sae": former.sae, "feature": former.feature, "cosine": former.cosine},
        "judgements": judgements(said),
    }


def judgements(notes: "FeatureNotes") -> list[Json]:
    """Whether the reader finds labels true of documents."""
    return [
        {"label": label, "document": document, "true": true}
        for (label, document), true in notes.judgements.items()
    ]


def _label(label: "LabelRecord", scores: "Sequence[ScoreRecord]") -> Json:
    return {
        "version": label.version,
        "text": label.text,
        "terms": list(label.terms),
        "method": label.method,
        "model": label.model,
        "prompt_version": label.prompt_version,
        "created": label.created,
        "reasoning": label.reasoning,
        "scores": [_score(score) for score in scores if score.version == label.version],
    }


def _score(score: "ScoreRecord") -> Json:
    figures = {
        "f1": score.f1,
        "pearson": score.pearson,
        "balanced_accuracy": score.balanced_accuracy,
    }
    return {
        "judge": score.judge,
        "protocol": score.protocol,
        "documents": score.documents,
        **{
            name: dict(zip(("value", "low", "high"), map(number, figure), strict=True))
            for name, figure in figures.items()
        },
    }


def _examples(examples: "Sequence[Example]", value: str) -> list[Json]:
    return [
        {
            "id": example.id,
            "row": example.row,
            "title": example.title,
            value: number(example.activation),
        }
        for example in examples
    ]


def _neighbours(session: "Session", neighbours: "Sequence[Neighbour]", value: str) -> list[Json]:
    return [
        {
            "id": neighbour.id,
            "label": session.features[neighbour.id].label,
            value: number(neighbour.value),
        }
        for neighbour in neighbours
    ]


def family(session: "Session", found: "Family") -> Json:
    """A family in a list."""
    densities = [session.features[member].density for member in found.members]
    return {
        "id": found.id,
        "label": found.label,
        "root": found.root,
        "members": list(found.members),
        "mean_density": number(math.fsum(densities) / max(len(densities), 1)),
        "f1": number(found.f1),
        "pearson": number(found.pearson),
        "judge": found.newest_label.judge,
    }


def family_detail(session: "Session", detail: "FamilyDetail") -> Json:
    """A family with its tree of nested members, documents and co-occurrence."""
    found = detail.family
    return family(session, found) | {
        "round": found.round,
        "labels": [_family_label(label) for label in found.labels],
        "tree": _family_tree(session, found),
        "documents": detail.documents,
        "top": _examples(detail.top, "activation"),
        "parent_child": number(detail.parent_child),
        "child_child": number(detail.child_child),
        "parent_child_ratio": number(detail.ratio),
        "block": {
            "features": list(detail.members),
            "co_occurrence": detail.block.counts.tolist(),
            "similarity": [
                [number(value) for value in row] for row in detail.block.similarities.tolist()
            ],
        },
    }


def _family_label(label: "FamilyLabel") -> Json:
    return {
        "text": label.text,
        "method": label.method,
        "model": label.model,
        "prompt_version": label.prompt_version,
        "created": label.created,
        "judge": label.judge,
        "f1": number(label.f1),
        "pearson": number(label.pearson),
    }


def _family_tree(session: "Session", found: "Family") -> Json:
    weights = {child: weight for _, child, weight in found.edges}
    nodes: dict[int, Json] = {}
    for member in found.members:
        record = session.features[member]
        nodes[member] = {
            "id": member,
            "label": record.label,
            "density": number(record.density),
            "documents": record.documents,
            "weight": number(weights.get(member)),
            "children": [],
        }
    for parent, child, _ in found.edges:
        nodes[parent]["children"].append(nodes[child])
    return nodes[found.root]


def document(session: "Session", detail: "DocumentDetail") -> Json:
    """A document with its features and neighbours."""
    active = sorted((*detail.features, *detail.weak), key=lambda each: -each.value)
    counted = {each.id for each in detail.features}
    return {
        "id": detail.document.id,
        "row": detail.row,
        "title": detail.document.title,
        "text": detail.document.text,
        "url": detail.document.url,
        "published": detail.document.published,
        "metadata": finite(detail.document.metadata),
        "features": [
            shape | {"counts": shape["id"] in counted}
            for shape in _neighbours(session, active, "activation")
        ],
        "neighbours": _examples(detail.neighbours, "cosine"),
        **({"passages": _examples(detail.passages, "cosine")} if detail.passages else {}),
    }


def matches(session: "Session", feature: int, found: "Sequence[MatchesIn]") -> Json:
    """The matches of a feature in the other SAEs, and the features below it in its family."""
    family = session.sae.families.smallest_of(feature)
    return {
        "id": feature,
        "label": session.features[feature].label,
        "sae": session.sae.record.name,
        "matches": [
            {
                "sae": each.sae,
                "n": each.n,
                "parts": None if each.parts is None else list(each.parts),
                "features": [
                    {
                        "id": like.feature,
                        "label": like.name,
                        "cosine": number(like.cosine),
                        "together": like.together,
                        "share": number(like.share),
                        "documents": like.documents,
                    }
                    for like in each.matches
                ],
            }
            for each in found
        ],
        "family": family
        and {
            "id": family.id,
            "label": family.label,
            "root": family.root,
            "children": list(family.children(feature)),
        },
    }

"""Make the files of the demo anew that ship with saetui.

python -m tests.rebuild_demo assets/demo --labels assets/demo-labels.csv --train-also CORPUS
"""

import argparse
import contextlib
import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saetui.cli.progress import shown_progress
from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.paths import cache_dir
from saetui.pipeline.build import bring_up_to_date, build_bundle
from saetui.pipeline.demo import NAME, digest_of
from saetui.pipeline.demo_passages import demo_documents
from saetui.pipeline.label_records import store_labels, today
from saetui.pipeline.options import BuildOptions
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.atomic import atomic_write
from saetui.store.bundle import Bundle
from saetui.store.index.building import index_files
from saetui.store.labels import LabelRecord
from saetui.store.manifest import read_manifest, write_manifest
from saetui.train.size import SaeSize

# Of the sizes that were tried, the features of the first were most often one concept to a language
# model that read blind; the second shows what these split into.
_SAES = ("k5-n192", "k5-n384")
# What a newcomer may ask first.
_QUERIES = (
    "do word embeddings carry gender bias",
    "translating between languages with different word order",
    "how rumours spread on Twitter",
)
_AUTHORS = "authors"
# What the SAE learns from beside the passages: abstracts of this category, so many of a corpus.
_CATEGORY, _MOST = "cs.CL", 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--train-also", type=Path, action="append", default=[])
    parser.add_argument("--labels", type=Path)
    asked = parser.parse_args()
    with shown_progress() as progress:
        rebuild_demo(asked.target, asked.train_also, asked.labels, progress)


def rebuild_demo(
    target: Path, train_also: Sequence[Path], labels: Path | None, progress: Progress
) -> None:
    """Make the demo's shipped files anew.

    Args:
        target: Folder to write, normally `assets/demo`.
        train_also: Corpora from which the SAE learns beside the passages, so that its features
            are broader than what 250 papers teach; of these, abstracts on language.
        labels: Labels of ours, as `saetui labels import` reads them; each takes the place of the
            label of its feature that the column `instead` names, and is left out if the feature
            has another one.
        progress: Told of every step.
    """
    work = cache_dir() / "demo-build"
    work.mkdir(parents=True, exist_ok=True)
    documents = list(demo_documents())
    corpus, others = work / "passages.jsonl", work / "others.jsonl"
    # With the title of its paper a passage says what it is about, as few of its sentences do: with
    # titles 18 of 24 features were one concept, without 9. The heading of its section is left out.
    _write_lines(corpus, (replace(each, title=str(each.metadata["paper"])) for each in documents))
    _write_lines(others, _on_language(train_also))
    options = BuildOptions(
        name=NAME,
        saes=tuple(SaeSize.parse(name) for name in _SAES),
        train_also=(others,) if train_also else (),
    )
    bundle = work / "demo.bundle"
    build_bundle(str(corpus), bundle, options, progress)
    if labels is not None:
        correct(bundle, labels, progress)
        bring_up_to_date(bundle, progress)
    _ship(bundle, target, documents)


def correct(bundle: Path, labels: Path, progress: Progress) -> None:
    """Give features of the first SAE the labels of a file."""
    with contextlib.closing(Bundle(bundle)) as opened:
        sae = opened.sae()
        name, present = sae.record.name, {each.id: each.label for each in sae.features}
    with labels.open(encoding="utf-8", newline="") as handle:
        rows = [
            (int(row["feature"]), row["label"], row["instead"]) for row in csv.DictReader(handle)
        ]
    found = [
        LabelRecord(feature, label, (), _AUTHORS, created=today())
        for feature, label, instead in rows
        if present[feature] == instead
    ]
    store_labels(bundle, name, found, ())
    progress.note(f"{len(found)} of {len(rows)} labels of ours fit {name}.")


def _ship(bundle: Path, target: Path, documents: Sequence[Document]) -> None:
    """Copy what is not made on the user's machine."""
    manifest = read_manifest(bundle)
    shutil.rmtree(target, ignore_errors=True)
    index = manifest.index["kind"]
    made_locally = (layout.DOCUMENTS, *index_files(index))
    shipped = {name: file for name, file in manifest.files.items() if name not in made_locally}
    for name in shipped:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(bundle / name, target / name)
    corpus_facts = {
        "source": "aclsum 0.1.2",
        "digest": digest_of(documents),
        "queries": list(_QUERIES),
    }
    write_manifest(target, replace(manifest, corpus=corpus_facts, files=shipped))


def _on_language(corpora: Sequence[Path]) -> Iterator[Document]:
    for path in corpora:
        yield from open_corpus(path, CorpusOptions(categories=(_CATEGORY,), limit=_MOST))


def _write_lines(path: Path, documents: Iterable[Document]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        for document in documents:
            handle.write(json.dumps(_record(document), ensure_ascii=False) + "\n")


def _record(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "title": document.title,
        "text": document.text,
        "url": document.url,
        "published": document.published,
        **document.metadata,
    }


if __name__ == "__main__":
    main()

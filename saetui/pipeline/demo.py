"""The demo bundle: derived numbers that ship, joined with texts from an installed package.

The corpus is passages of papers of computational linguistics in the package `aclsum`. Their texts
are not ours to ship, so the first `saetui demo` reads them from the package, checks
that they are the ones the numbers were derived from, and keeps the whole bundle in the cache.
"""

import contextlib
import csv
import datetime
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.documents import Document
from saetui.corpus import CorpusOptions, open_corpus
from saetui.errors import BuildError
from saetui.paths import assets_dir, cache_dir
from saetui.pipeline.demo_passages import demo_documents
from saetui.progress import Progress
from saetui.store import layout
from saetui.store.arrays import map_array
from saetui.store.atomic import atomic_write, sha256_of
from saetui.store.bundle import Bundle
from saetui.store.documents import write_documents
from saetui.store.index import build_index
from saetui.store.index.building import index_files
from saetui.store.labels import LabelRecord
from saetui.store.manifest import MANIFEST, FileRecord, read_manifest, write_manifest

_NAME = "demo"
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


def prepare_demo(say: Callable[[str], None]) -> Path:
    """The demo bundle, made in the cache when it is asked for the first time.

    `say` is given a sentence for the user who waits.

    Raises:
        BuildError: The numbers did not come with this installation, or do not fit the texts.
        MissingDependency: The package with the texts is not installed.
    """
    shipped = assets_dir() / _NAME
    if not (shipped / MANIFEST).is_file():
        raise BuildError(
            "The demo's files are not part of this installation.",
            "Install saetui from its repository or from a released package.",
        )
    version = sha256_of(shipped / MANIFEST)[:12]
    target = cache_dir() / f"{_NAME}-{version}.bundle"
    if (target / MANIFEST).is_file():
        return target
    say("preparing the demo, once; this takes half a minute or less")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{_NAME}-", dir=target.parent))
    except OSError:
        # A home that cannot be written costs a few seconds at each start, nothing else.
        target = work = Path(tempfile.mkdtemp(prefix="saetui-"))
    try:
        _assemble(shipped, work)
        if work != target:
            # Where two start at once, the first to finish wins; both bundles are the same.
            with contextlib.suppress(OSError):
                work.rename(target)
    finally:
        if work != target:
            shutil.rmtree(work, ignore_errors=True)
    return target


def _assemble(shipped: Path, folder: Path) -> None:
    """Put shipped numbers and installed texts together into a whole bundle."""
    manifest = read_manifest(shipped)
    shutil.copytree(shipped, folder, dirs_exist_ok=True)
    (folder / MANIFEST).unlink()
    documents = list(demo_documents())
    if _digest(documents) != manifest.corpus["digest"]:
        raise BuildError(
            "The texts of the installed package 'aclsum' are not those that the demo was made of.",
            "Install the version that it needs: pip install 'saetui[demo]'",
        )
    write_documents(folder / layout.DOCUMENTS, documents)
    vectors = map_array(folder / layout.EMBEDDINGS, (manifest.documents, None), np.float16)
    index = build_index(vectors, folder, lambda rows: None)
    files = dict(manifest.files)
    for name in (layout.DOCUMENTS, *index_files(index.kind)):
        files[name] = FileRecord((folder / name).stat().st_size, sha256_of(folder / name))
    write_manifest(folder, replace(manifest, files=files))


def rebuild_demo(
    target: Path, train_also: Sequence[Path], labels: Path | None, progress: Progress
) -> None:
    """Make the demo's shipped files anew.

    Args:
        target: Folder to write, normally `assets/demo`.
        labels: Labels of ours, as `saetui labels import` reads them; each takes the place of the
            label of its feature that the column `instead` names, and is left out if the feature
            has another one.
        train_also: Corpora from which the SAE learns beside the passages, so that its features
            are broader than what 250 papers teach; of these, abstracts on language.
        progress: Told of every step.
    """
    # Opening the demo needs none of what building imports.
    from saetui.pipeline.build import bring_up_to_date, build_bundle
    from saetui.pipeline.options import BuildOptions
    from saetui.train.size import SaeSize

    work = cache_dir() / "demo-build"
    work.mkdir(parents=True, exist_ok=True)
    documents = list(demo_documents())
    corpus, others = work / "passages.jsonl", work / "others.jsonl"
    # With the title of its paper a passage says what it is about, as few of its sentences do: with
    # titles 18 of 24 features were one concept, without 9. The heading of its section is left out.
    _write_lines(corpus, (replace(each, title=str(each.metadata["paper"])) for each in documents))
    _write_lines(others, _on_language(train_also))
    options = BuildOptions(
        name=_NAME,
        saes=tuple(SaeSize.parse(name) for name in _SAES),
        train_also=(others,) if train_also else (),
    )
    bundle = work / "demo.bundle"
    build_bundle(str(corpus), bundle, options, progress)
    if labels is not None:
        _correct(bundle, labels, progress)
        bring_up_to_date(bundle, progress)
    _ship(bundle, target, documents)


def _correct(bundle: Path, labels: Path, progress: Progress) -> None:
    """Give features of the first SAE the labels of a file."""
    from saetui.pipeline.label_records import store_labels

    with contextlib.closing(Bundle(bundle)) as opened:
        sae = opened.sae()
        name, present = sae.record.name, {each.id: each.label for each in sae.features}
    with labels.open(encoding="utf-8", newline="") as handle:
        rows = [
            (int(row["feature"]), row["label"], row["instead"]) for row in csv.DictReader(handle)
        ]
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    found = [
        LabelRecord(feature, label, (), _AUTHORS, created=today)
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
        "digest": _digest(documents),
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


def _digest(documents: Sequence[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        for text in (document.id, document.title, document.text):
            digest.update(f"{len(text)}:{text}\n".encode())
    return digest.hexdigest()

"""The demo bundle: derived numbers that ship, joined with texts from an installed package.

The corpus is the paragraphs of 250 papers of computational linguistics in the package `aclsum`.
Their texts are not ours to ship, so the first `saetui demo` reads them from the package, checks
that they are the ones the numbers were derived from, and keeps the whole bundle in the cache.
"""

import contextlib
import hashlib
import importlib.util
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.documents import Document
from saetui.errors import BuildError, MissingDependency
from saetui.paths import assets_dir, cache_dir
from saetui.progress import Progress
from saetui.store import bundle as layout
from saetui.store.arrays import map_array
from saetui.store.atomic import atomic_write
from saetui.store.documents import write_documents
from saetui.store.hashes import sha256_of
from saetui.store.index import build_index
from saetui.store.index.building import index_files
from saetui.store.manifest import MANIFEST, FileRecord, read_manifest, write_manifest

_NAME = "demo"
# The first is what the corpus would get by itself, the second shows what features split into.
_SAES = ("k16-n640", "k16-n320")
# Shorter paragraphs are captions, examples and remains of formulas; in words.
_SHORTEST = 45


def demo_documents() -> Iterator[Document]:
    """The longer paragraphs of the papers, in a fixed order.

    Raises:
        MissingDependency: The package with the texts is not installed.
    """
    spec = importlib.util.find_spec("aclsum")
    if spec is None or spec.origin is None:
        raise MissingDependency("aclsum", "The demo", "demo")
    folder = Path(spec.origin).parent / "dataset" / "paper_jsons"
    for path in sorted(folder.glob("*.json")):
        paper = json.loads(path.read_text(encoding="utf-8"))
        paragraphs = paper["pdf_parse"]["body_text"]
        for number, paragraph in enumerate(paragraphs, start=1):
            text = paragraph["text"].strip()
            if len(text.split()) < _SHORTEST:
                continue
            # Without a title a paragraph stands for what it says, not for the paper that it is
            # from: features become topics, and lists show its first words.
            yield Document(
                id=f"{path.stem}.{number}",
                title="",
                text=text,
                url=f"https://aclanthology.org/{path.stem}/",
                published=path.stem[:4] if path.stem[:4].isdigit() else "",
                metadata={"paper": paper["title"], "section": paragraph.get("section") or ""},
            )


def prepare_demo(say: Callable[[str], None]) -> Path:
    """The demo bundle, made in the cache when it is asked for the first time.

    Args:
        say: Shown a sentence while the user waits.

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
    say("preparing the demo, once")
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


def rebuild_demo(target: Path, train_also: Sequence[Path], progress: Progress) -> None:
    """Make the demo's shipped files anew.

    Args:
        target: Folder to write, normally `assets/demo`.
        train_also: Corpora from which the SAE learns beside the papers, so that its features are
            broader than what 250 papers teach.
        progress: Told of every step.
    """
    # Opening the demo needs none of what building imports.
    from saetui.pipeline.build import build_bundle
    from saetui.pipeline.options import BuildOptions
    from saetui.train.size import SaeSize

    work = cache_dir() / "demo-build"
    work.mkdir(parents=True, exist_ok=True)
    documents = list(demo_documents())
    corpus = work / "papers.jsonl"
    with atomic_write(corpus) as temporary:
        lines = (json.dumps(_record(document), ensure_ascii=False) for document in documents)
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = BuildOptions(
        name=_NAME,
        saes=tuple(SaeSize.parse(name) for name in _SAES),
        train_also=tuple(train_also),
    )
    outcome = build_bundle(str(corpus), work / "demo.bundle", options, progress)
    shutil.rmtree(target, ignore_errors=True)
    index = outcome.manifest.index["kind"]
    made_locally = (layout.DOCUMENTS, *index_files(index))
    shipped = {
        name: file for name, file in outcome.manifest.files.items() if name not in made_locally
    }
    for name in shipped:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(outcome.path / name, target / name)
    corpus_facts = {"source": "aclsum 0.1.2", "digest": _digest(documents)}
    write_manifest(target, replace(outcome.manifest, corpus=corpus_facts, files=shipped))


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

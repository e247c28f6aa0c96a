"""The demo bundle: derived numbers that ship, joined with texts from an installed package.

The corpus is passages of papers of computational linguistics in the package `aclsum`. Their texts
are not ours to ship, so the first `saetui demo` reads them from the package, checks
that they are the ones the numbers were derived from, and keeps the whole bundle in the cache.
"""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from saetui.core.documents import Document
from saetui.errors import BuildError
from saetui.paths import assets_dir, cache_dir
from saetui.pipeline.demo_passages import demo_documents
from saetui.store import layout
from saetui.store.arrays import map_array
from saetui.store.atomic import sha256_of
from saetui.store.documents import write_documents
from saetui.store.index import build_index
from saetui.store.index.building import index_files
from saetui.store.manifest import MANIFEST, FileRecord, read_manifest, write_manifest

NAME = "demo"


def prepare_demo(say: Callable[[str], None]) -> Path:
    """The demo bundle, made in the cache when it is asked for the first time.

    `say` is given a sentence for the user who waits.

    Raises:
        BuildError: The numbers did not come with this installation, or do not fit the texts.
        MissingDependency: The package with the texts is not installed.
    """
    shipped = assets_dir() / NAME
    if not (shipped / MANIFEST).is_file():
        raise BuildError(
            "The demo's files are not part of this installation.",
            "Install saetui from its repository or from a released package.",
        )
    version = sha256_of(shipped / MANIFEST)[:12]
    target = cache_dir() / f"{NAME}-{version}.bundle"
    if (target / MANIFEST).is_file():
        return target
    say("preparing the demo, once; this takes half a minute or less")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=target.parent))
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
    if digest_of(documents) != manifest.corpus["digest"]:
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


def digest_of(documents: Sequence[Document]) -> str:
    """Hash of the texts of the demo, by which they are known."""
    digest = hashlib.sha256()
    for document in documents:
        for text in (document.id, document.title, document.text):
            digest.update(f"{len(text)}:{text}\n".encode())
    return digest.hexdigest()

"""Bundles that are unlike others: hostile texts, no families, hardly any documents."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bundles import make_bundle, make_documents

from saetui.core.documents import Document
from saetui.core.families import Families, Family, FamilyParameters
from saetui.core.features import statistics
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.documents import write_documents
from saetui.store.features import write_features
from saetui.store.labels import LabelRecord
from saetui.store.layout import DOCUMENTS, FAMILIES, FEATURES, sae_folder
from saetui.store.manifest import FileRecord, read_manifest, write_manifest
from saetui.store.relations import write_families

ESCAPES = "\x1b[31mred\x1b[2J\x1b]0;title\x07 \x9b1mbell\x07\x08\x7f"
MARKUP = "[bold]not bold[/] [@click=app.quit]quit[/] [/] [#ff0000]"
DIRECTIONS = "\u202eesrever\u202c \u2067שלום עולם\u2069 \u200fمرحبا"  # noqa: RUF001
WIDE_LETTERS = "漢字かな交じり文と全角、長い題名でも列は揃う"
MARKS = "".join(letter + "\u0300\u0316\u0334\u0489" * 10 for letter in "zalgo")
EMOJI = "👩\u200d💻 👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 👍🏽 🇩🇪"
SURROGATES = "lone \ud800 surrogate \udfff"
SPACES = "tab\tnew\nline\r\nreturn\u2028separator\u3000wide\x00"
HOSTILE = (ESCAPES, MARKUP, DIRECTIONS, WIDE_LETTERS, MARKS, EMOJI, SURROGATES, SPACES)

# A text that nobody reads to its end, with a word that never ends.
HUGE = "endless " * 125_000 + "\x1b[31m" + "x" * 500_000 + "\u0300" * 500_000


def rewrite(
    folder: Path,
    *,
    name: str | None = None,
    documents: Sequence[Document] | None = None,
    labels: Sequence[LabelRecord] | None = None,
    families: Sequence[Family] | None = None,
    forget: tuple[str, ...] = (),
) -> Path:
    """Replace parts of a bundle, or forget files named so, and make its manifest say so."""
    if forget:
        manifest = read_manifest(folder)
        kept = {k: v for k, v in manifest.files.items() if not any(part in k for part in forget)}
        write_manifest(folder, replace(manifest, files=kept))
    bundle = Bundle(folder)
    sae = bundle.sae()
    changed = []
    if documents is not None:
        changed.append(folder / DOCUMENTS)
        write_documents(folder / DOCUMENTS, documents)
    part = sae_folder(folder, sae.record.name)
    if labels is not None:
        changed.append(part / FEATURES)
        write_features(part / FEATURES, statistics(sae.postings, len(bundle)), labels)
    if families is not None:
        changed.append(part / FAMILIES)
        write_families(
            part / FAMILIES, Families(FamilyParameters(), (), tuple(families), forest=())
        )
    files = dict(bundle.manifest.files)
    for path in changed:
        known = path.relative_to(folder).as_posix()
        files[known] = FileRecord(path.stat().st_size, sha256_of(path))
    manifest = replace(bundle.manifest, name=name or bundle.manifest.name, files=files)
    bundle.close()
    write_manifest(folder, manifest)
    return folder


def make_hostile_bundle(folder: Path) -> Path:
    """Names and texts that a terminal must not obey, in every place that has text."""
    documents = []
    for i, document in enumerate(make_documents(60)):
        text = HOSTILE[i % len(HOSTILE)]
        title = "" if i % 9 == 8 else f"{text} {document.title}"
        body = HUGE if i == 0 else f"{document.text}\n\n{text}"
        documents.append(
            Document(
                id=f"{text}-{i}",
                title=title,
                text=body,
                url=f"https://example.org/{text}",
                published=text,
                metadata={text: [text, {text: 1}], "nothing": None},
            )
        )
    make_bundle(folder)
    labels = [
        LabelRecord(i, f"{text} {i}", (text, text), MARKUP, ESCAPES, created=DIRECTIONS)
        for i, text in enumerate((HOSTILE * 3)[:24])
    ]
    families = [
        replace(family, label=HOSTILE[family.id]) for family in Bundle(folder).sae().families
    ]
    return rewrite(
        folder, name=" ".join(HOSTILE[:3]), documents=documents, labels=labels, families=families
    )


def chain_of(length: int) -> Family:
    """A family in which each member is below the one before."""
    edges = tuple((i, i + 1, 0.5) for i in range(length - 1))
    return Family(0, 0, "Chain", tuple(range(length)), edges, 1)

"""How long do questions about a corpus of 420,000 documents take?

    python tests/benchmarks/questions_speed.py make astro.bundle large.bundle --copies 37
    python tests/benchmarks/questions_speed.py large.bundle --repeats 5

`make` writes a bundle that holds every document of another many times, with the first words of its
text, and all of its codes. Every question is then asked twice in a process of its own, which has
opened the bundle and read nothing else: the first time includes whatever is read and imported for
it. Printed are the medians of the clock and of the processor, in milliseconds, and both divided by
the time that this machine takes to count the postings once (`np.bincount`), which says more where
others use the machine, too.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from saetui.core.codec import Codes, build_postings
from saetui.core.documents import Document
from saetui.core.feature_layout import laid_out
from saetui.session.session import Session, open_session
from saetui.store import layout, saes
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.documents import write_documents
from saetui.store.index.parameters import IndexParameters, write_parameters
from saetui.store.manifest import FileRecord, write_manifest

FIRST_WORDS = 120


def main() -> None:
    if sys.argv[1:2] == ["make"]:
        parser = argparse.ArgumentParser()
        parser.add_argument("make")
        parser.add_argument("bundle", type=Path)
        parser.add_argument("out", type=Path)
        parser.add_argument("--copies", type=int, default=37)
        options = parser.parse_args()
        make(options.bundle, options.out, options.copies)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--sae", help="which of the bundle's SAEs; the first if left out")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", help="the one question to ask")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(asked(options.bundle, options.sae, QUESTIONS[options.only])))
        return
    session = open_session(options.bundle, options.sae)
    count = counting(session)
    print(
        f"{len(session.bundle):,} documents, {len(session.sae.postings.rows):,} postings; ", end=""
    )
    print(f"counting them once: {1_000 * count:.1f} ms")
    print(f"{'':34}{'first':>8}{'cpu':>8}{'again':>8}{'cpu':>8}{'first/counting':>16}")
    for name in [options.only] if options.only else QUESTIONS:
        command = [sys.executable, __file__, str(options.bundle), "--once", "--only", name]
        command += ["--sae", options.sae] if options.sae else []
        times = [
            json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(options.repeats)
        ]
        clock, cpu, again, again_cpu = (
            statistics.median(column) for column in zip(*times, strict=True)
        )
        print(
            f"{name:34}{1e3 * clock:8.0f}{1e3 * cpu:8.0f}{1e3 * again:8.0f}{1e3 * again_cpu:8.0f}"
            f"{cpu / count:16.1f}",
            flush=True,
        )


def compare(unit: str) -> Callable[[Session], object]:
    def ask(session: Session) -> object:
        from saetui.session.questions.compare import compare

        return compare(session, "after:2026", unit=unit)

    return ask


def relate(field: str) -> Callable[[Session], object]:
    def ask(session: Session) -> object:
        from saetui.session.questions.relate import relate

        return relate(session, field)

    return ask


def trends(unit: str) -> Callable[[Session], object]:
    def ask(session: Session) -> object:
        from saetui.session.questions.trends import trends

        return trends(session, unit=unit)

    return ask


def sparklines(session: Session) -> object:
    from saetui.session.questions.feature_figures import over_time

    return over_time(session)


def map_places(session: Session) -> object:
    from saetui.session.questions.feature_map import FeatureMap, known_places

    places = known_places(session)
    assert places is not None
    return FeatureMap.of(session, places)


def overview(session: Session) -> object:
    from saetui.session.questions.overview import overview

    return overview(session)


QUESTIONS: dict[str, Callable[[Session], object]] = {
    "compare": compare("feature"),
    "compare families": compare("family"),
    "relate to published": relate("published"),
    "relate to categories": relate("categories"),
    "trends": trends("feature"),
    "trends of families": trends("family"),
    "sparklines": sparklines,
    "map": map_places,
    "overview": overview,
}


def asked(path: Path, sae: str | None, question: Callable[[Session], object]) -> list[float]:
    """Seconds by the clock and of the processor, of the first and the second time."""
    session = open_session(path, sae)
    found = []
    for _ in range(2):
        started = time.perf_counter(), time.process_time()
        question(session)
        found += [time.perf_counter() - started[0], time.process_time() - started[1]]
    return found


def counting(session: Session) -> float:
    """Seconds to count the postings of each feature among all documents, the median of five."""
    rows = np.array(session.sae.postings.rows)
    inside = np.zeros(len(session.bundle), dtype=np.uint8)
    times = []
    for _ in range(5):
        started = time.process_time()
        np.bincount(inside[rows])
        times.append(time.process_time() - started)
    return statistics.median(times)


def make(source: Path, out: Path, copies: int) -> None:
    """Write the bundle."""
    bundle = Bundle(source)
    shutil.copytree(source, out)
    write_documents(out / layout.DOCUMENTS, repeated(bundle, copies))
    np.save(out / layout.EMBEDDINGS, np.tile(bundle.embeddings, (copies, 1)))
    for record in bundle.manifest.saes:
        sae, folder = bundle.sae(record.name), layout.sae_folder(out, record.name)
        indices, values = (
            np.tile(each, (copies, 1)) for each in (sae.codes.indices, sae.codes.values)
        )
        postings = build_postings(Codes(indices, values, record.n))
        arrays = (indices, values, postings.indptr, postings.rows, postings.values)
        for name, array in zip((*saes.CODES, *saes.POSTINGS), arrays, strict=True):
            np.save(folder / name, array)
        if (folder / saes.TRUTH).exists():
            np.save(folder / saes.TRUTH, np.repeat(np.load(folder / saes.TRUTH), copies))
        *_, last = laid_out(sae.weights.directions)
        np.save(folder / saes.MAP, last.places)
    manifest = bundle.manifest
    files = {name for name in manifest.files if not name.startswith("index")} | {"index.json"}
    files |= {f"saes/{record.name}/{saes.MAP}" for record in manifest.saes}
    documents = copies * manifest.documents
    write_parameters(out, IndexParameters(documents, manifest.dimensions, kind="exact"))
    write_manifest(
        out,
        replace(
            manifest,
            documents=documents,
            index={"kind": "exact"},
            files={
                name: FileRecord((out / name).stat().st_size, sha256_of(out / name))
                for name in sorted(files)
            },
        ),
    )


def repeated(bundle: Bundle, copies: int) -> Iterator[Document]:
    for copy in range(copies):
        for each in bundle.documents:
            yield Document(
                f"{each.id}-{copy}",
                each.title,
                each.text[:FIRST_WORDS],
                each.url,
                each.published,
                each.metadata,
            )


if __name__ == "__main__":
    main()

"""The step that keeps the vocabulary whose names labels may have."""

import json
from collections.abc import Iterator
from pathlib import Path

from saetui.errors import BundleDamaged
from saetui.interpret.terms.vocabulary import MOST_BYTES, Concept, Vocabulary, read_vocabulary
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, Made, Step
from saetui.store import layout
from saetui.store.atomic import atomic_write
from saetui.store.json_files import read_json

VOCABULARY = "vocabulary"

NONE = "none"
"""Asks for labels without a vocabulary, where the bundle has one."""


def vocabulary_steps(build: BuildContext) -> Iterator[Step]:
    """The step that keeps a vocabulary: the one asked for, else the one that the bundle has.

    Raises:
        InputError: The vocabulary cannot be read, or holds no name.
        MissingDependency: It is SKOS, and rdflib is not installed.
    """
    asked = build.options.vocabulary
    if asked == NONE:
        return
    if asked:
        build.vocabulary = read_vocabulary(Path(asked))
        if build.vocabulary.left_out:
            build.progress.note(
                f"{build.vocabulary.left_out:,} names of {asked} are too long for a label or have "
                "no letters."
            )
    elif VOCABULARY in build.before.steps:
        build.vocabulary = _stored(build.before.folder / layout.VOCABULARY)
    if build.vocabulary is not None:
        yield _step(build, build.vocabulary)


def _step(build: BuildContext, vocabulary: Vocabulary) -> Step:
    def make() -> Made:
        values = [[each.name, *each.alternatives] for each in vocabulary.concepts]
        with atomic_write(build.path / layout.VOCABULARY) as temporary:
            temporary.write_text(json.dumps(values, ensure_ascii=False, indent=0), "utf-8")
        return Made({"names": len(values)})

    made_from = fingerprint(VOCABULARY, 1, names=vocabulary.fingerprint)
    return Step(VOCABULARY, made_from, (layout.VOCABULARY,), make)


def _stored(path: Path) -> Vocabulary:
    values = read_json(path, 2 * MOST_BYTES)
    if not isinstance(values, list) or not all(
        isinstance(each, list) and each and all(isinstance(text, str) for text in each)
        for each in values
    ):
        raise BundleDamaged(f"{path} does not hold a vocabulary.")
    return Vocabulary(tuple(Concept(name, tuple(others)) for name, *others in values))

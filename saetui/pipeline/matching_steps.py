"""The steps that match the features of every two SAEs of a bundle."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from saetui.interpret.matching import match_features
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, Step
from saetui.store import bundle as layout
from saetui.store import saes
from saetui.store.manifest import SaeRecord
from saetui.store.matches import matches_file, write_matches

KIND = "matches"


def match_saes(build: BuildContext, records: Sequence[SaeRecord]) -> None:
    """Match the features of every two SAEs, both ways; drop matches with SAEs that are gone."""
    names = {record.name for record in records}
    for step in list(build.log.steps):
        kind, *pair = step.split(" ")
        if kind == KIND and not names.issuperset(pair):
            _drop(build, step)
    for one, other in permutations(records, 2):
        build.carry_out(_matching_step(build, one, other))


def _drop(build: BuildContext, step: str) -> None:
    build.no_longer_whole()
    for file in build.log.steps[step].files:
        (build.path / file).unlink(missing_ok=True)
    build.log.forget(step)
    build.log.write()


def _matching_step(build: BuildContext, one: SaeRecord, other: SaeRecord) -> Step:
    def make() -> dict[str, Any]:
        folder, of_other = (layout.sae_folder(build.path, each.name) for each in (one, other))
        matches = match_features(
            saes.load_weights(folder).directions,
            saes.load_postings(folder, one.n),
            saes.load_weights(of_other).directions,
            saes.load_codes(of_other, len(build.vectors()), other.n, other.slots),
            progress=build.progress,
        )
        write_matches(folder, other.name, matches)
        return {}

    made_from = fingerprint(
        KIND, 1, codes=[build.log.steps[f"codes {each.name}"].fingerprint for each in (one, other)]
    )
    file = f"saes/{one.name}/{matches_file(other.name)}"
    return Step(f"{KIND} {one.name} {other.name}", made_from, (file,), make)

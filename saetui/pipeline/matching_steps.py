"""The steps that match the features of every two SAEs of a bundle."""

from collections.abc import Iterator, Sequence
from itertools import permutations

from saetui.interpret.matching import match_features
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, Made, Step
from saetui.store import layout, saes
from saetui.store.manifest import SaeRecord
from saetui.store.matches import matches_file, write_matches

KIND = "matches"


def matching_steps(build: BuildContext, records: Sequence[SaeRecord]) -> Iterator[Step]:
    """Match the features of every two SAEs, both ways."""
    for one, other in permutations(records, 2):
        yield _matching_step(build, one, other)


def _matching_step(build: BuildContext, one: SaeRecord, other: SaeRecord) -> Step:
    def make() -> Made:
        folder, of_other = (layout.sae_folder(build.path, each.name) for each in (one, other))
        matches = match_features(
            saes.load_weights(folder).directions,
            saes.load_postings(folder, one.n),
            saes.load_weights(of_other).directions,
            saes.load_codes(of_other, len(build.vectors()), other.n, other.slots),
            progress=build.progress,
        )
        write_matches(folder, other.name, matches)
        return Made({})

    made_from = fingerprint(
        KIND, 1, codes=[build.log.steps[f"codes {each.name}"].fingerprint for each in (one, other)]
    )
    file = f"saes/{one.name}/{matches_file(other.name)}"
    return Step(f"{KIND} {one.name} {other.name}", made_from, (file,), make)

"""The steps that lay out the features of each SAE on a map."""

from collections.abc import Iterator, Sequence

from saetui.core.feature_layout import LEAST, VERSION, laid_out
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, Made, Step
from saetui.store import layout, saes
from saetui.store.arrays import save_array
from saetui.store.manifest import SaeRecord

KIND = "map"


def map_steps(build: BuildContext, records: Sequence[SaeRecord]) -> Iterator[Step]:
    """Lay out the features of every SAE that has enough of them."""
    for record in records:
        if record.n >= LEAST:
            yield _map_step(build, record)


def _map_step(build: BuildContext, record: SaeRecord) -> Step:
    def make() -> Made:
        folder, progress = layout.sae_folder(build.path, record.name), build.progress
        found, done = None, 0
        for found in laid_out(saes.load_weights(folder).directions):
            if not done:
                progress.start(f"map of {record.name}", found.total, "step")
            progress.advance(found.done - done)
            done = found.done
        assert found is not None
        save_array(folder / saes.MAP, found.places)
        return Made({})

    trained = build.log.steps[f"train {record.name}"]
    made_from = fingerprint(KIND, VERSION, trained=trained.fingerprint)
    return Step(f"{KIND} {record.name}", made_from, (f"saes/{record.name}/{saes.MAP}",), make)

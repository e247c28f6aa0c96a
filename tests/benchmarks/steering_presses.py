"""What one press of a key does to the first ten results, by mode and step.

    python tests/benchmarks/steering_presses.py BUNDLE [SEED]

Titles of the bundle are asked for; one of their three strongest features is raised, then lowered,
and one that they lack is raised. Printed is how many of ten results are replaced, and how many
places hold another document.
"""

import sys
from collections import defaultdict

import numpy as np

from saetui.core.changes import MODES, Change
from saetui.core.search_request import SearchRequest
from saetui.session.session import open_session

QUERIES = 40
STEPS = (0.05, 0.1, 0.25, 0.4)


def main(path: str, seed: int) -> None:
    session = open_session(path)
    random = np.random.default_rng(seed)
    rows = random.choice(len(session.bundle), min(QUERIES, len(session.bundle)), replace=False)
    titles = [heading[1] for heading in session.bundle.documents.headings(rows.tolist()).values()]
    alive = [each.id for each in session.features if each.documents >= 10 and each.density < 0.2]
    for mode in MODES:
        for step in STEPS:
            found: dict[str, list[tuple[int, int]]] = defaultdict(list)
            for title in titles:
                plain = session.search(SearchRequest(title, mode=mode))
                own = plain.features[int(random.integers(0, min(3, len(plain.features))))].id
                tried = {
                    "raise its own": (own, step),
                    "lower its own": (own, -step),
                    "raise another": (int(random.choice(alive)), step),
                }
                before = [result.row for result in plain.results]
                for name, (feature, amount) in tried.items():
                    request = SearchRequest(title, {feature: Change("add", amount)}, mode)
                    after = [result.row for result in session.search(request).results]
                    moved = sum(a != b for a, b in zip(before, after, strict=False))
                    found[name].append((len(set(before) - set(after)), moved))
            figures = (
                f"{name}: {np.mean(each, axis=0)[0]:.1f} replaced, {np.mean(each, axis=0)[1]:.1f} "
                "moved"
                for name, each in found.items()
            )
            print(f"{mode:9} {step:<5} {'   '.join(figures)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)

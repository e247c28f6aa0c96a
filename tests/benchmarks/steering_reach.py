"""What strengthening a feature by 1 does to queries that lack it.

    python tests/benchmarks/steering_reach.py BUNDLE [SEED]

For 20 features picked at random and 5 queries each (titles of documents that do not activate the
feature, in whose code it is not either), prints the share of the first ten results that activate
the feature before and after, and how near they stay to the plain query.
"""

import sys

import numpy as np

from saetui.core.changes import Change
from saetui.core.scores import cosines
from saetui.core.search_request import SearchRequest
from saetui.session.session import Session, open_session

FEATURES = 20
QUERIES = 5


def activating(session: Session, feature: int) -> set[int]:
    return set(session.sae.postings.documents(feature)[0].tolist())


def main(bundle: str, seed: int) -> None:
    session = open_session(bundle)
    rng = np.random.default_rng(seed)
    alive = [feature.id for feature in session.features if feature.documents >= 10]
    chosen = rng.choice(alive, min(FEATURES, len(alive)), replace=False).tolist()
    print("feature  documents  before  after  cosine before  after  label")
    table = []
    for feature in chosen:
        having = activating(session, feature)
        figures = []
        while len(figures) < QUERIES:
            row = int(rng.integers(len(session.bundle)))
            query = session.bundle.documents.document(row).title
            if row in having or not query:
                continue
            plain = session.search(SearchRequest(query))
            if any(each.id == feature for each in plain.features):
                continue
            steered = session.search(SearchRequest(query, {feature: Change("add", 1.0)}))
            e = session.embedder.embed_query(query)
            line = []
            for found in (plain, steered):
                rows = np.array([result.row for result in found.results])
                line.append(np.mean([int(each) in having for each in rows]))
                line.append(cosines(e, session.bundle.embeddings[rows]).mean())
            figures.append(line)
        before, near, after, steered_near = np.mean(figures, axis=0)
        table.append((before, near, after, steered_near))
        record = session.features[feature]
        print(
            f"{feature:>7}  {record.documents:>9,}  {before:>6.2f}  {after:>5.2f}  "
            f"{near:>13.3f}  {steered_near:>5.3f}  {record.name}"
        )
    before, near, after, steered_near = np.mean(table, axis=0)
    print(f"   mean             {before:>8.2f}  {after:>5.2f}  {near:>13.3f}  {steered_near:>5.3f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)

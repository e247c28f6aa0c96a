"""Whether latent-scope and Embedding Atlas read what `saetui export` writes for them.

Both are run as a person runs them: latent-scope's server is asked for each part of a dataset over
its own routes, its own loader reads the embeddings, and its `scope` makes a second scope from the
parts, which must be equal to ours; Embedding Atlas' command makes its application of the Parquet
file, whose settings and rows are compared.

Neither is a dependency. To run it, install them into any environment, such as
`pip install latentscope embedding-atlas`, export a bundle twice, and run

    saetui export latent-scope my.bundle -o data/my-corpus
    saetui export atlas my.bundle -o documents.parquet
    PYTHONPATH=. python tests/benchmarks/export_peers.py data/my-corpus documents.parquet
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def latent_scope(folder: Path) -> None:
    os.environ["LATENT_SCOPE_DATA"] = str(folder.parent)
    from latentscope.server.app import create_app
    from latentscope.util.embedding_store import load_embeddings

    client = create_app(str(folder.parent)).test_client()
    name = folder.name

    def get(route: str) -> object:
        answer = client.get(f"/api/{route}")
        assert answer.status_code == 200, (route, answer.status_code, answer.text[:200])
        found = json.loads(answer.text)
        return json.loads(found) if isinstance(found, str) else found

    meta = get(f"datasets/{name}/meta")
    assert name in {each["id"] for each in get("datasets/")}
    vectors = load_embeddings(str(folder.parent), name, "embedding-001")
    assert vectors.shape == (meta["length"], get(f"datasets/{name}/embeddings")[0]["dimensions"])
    sae = get(f"datasets/{name}/saes")[0]
    features = get(f"datasets/{name}/features/{sae['id']}")
    assert len(features) == sae["num_features"]
    strongest = max(features, key=lambda each: each["max_activation"])["feature_id"]
    rows = get(f"search/feature?dataset={name}&sae_id={sae['id']}&feature_id={strongest}")
    assert rows["top_row_indices"]
    points = get(f"datasets/{name}/umaps/umap-001/points")
    assert len(points) == meta["length"]
    assert max(abs(point[axis]) for point in points for axis in "xy") <= 1
    labels = get(f"datasets/{name}/clusters/cluster-001/labels/default")
    assert sum(len(label["indices"]) for label in labels) == meta["length"]
    scope = get(f"datasets/{name}/scopes/scopes-001")
    assert len(get(f"datasets/{name}/scopes/scopes-001/parquet")) == scope["rows"]
    get(f"datasets/{name}/clusters/cluster-001/quality")
    shown = client.post("/api/indexed", json={"dataset": name, "indices": [0, 1]})
    assert shown.status_code == 200, shown.text
    print(
        f"latent-scope: {meta['length']:,} rows, {len(features):,} features, {len(labels)} clusters"
    )

    from latentscope.scripts.scope import scope as make_scope

    parts = ("embedding-001", "umap-001", "cluster-001", "default")
    make_scope(name, *parts, "again", "made by latent-scope of the same parts", sae_id="sae-001")
    again = get(f"datasets/{name}/scopes/scopes-002")
    assert again["cluster_labels"]["id"] == "cluster-001-labels-default"
    ours = get(f"datasets/{name}/scopes/scopes-001/parquet")
    theirs = get(f"datasets/{name}/scopes/scopes-002/parquet")
    assert ours == theirs, "its own scope of the same parts differs"
    print("latent-scope: its own scope of the same parts is equal")


def embedding_atlas(path: Path) -> None:
    import pandas as pd

    from saetui.interop.atlas import COMMAND

    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-m", "embedding_atlas.cli", str(path), *COMMAND.split()]
        subprocess.run([*program, "--export-application", folder], check=True, capture_output=True)
        props = json.loads((Path(folder) / "data" / "metadata.json").read_text())["props"]["data"]
        rows = pd.read_parquet(Path(folder) / "data" / "dataset.parquet")
    ours = pd.read_parquet(path)
    # Its own names for what the options name; anything that it made itself would have another one.
    assert props["projection"] == {"x": "projection_x", "y": "projection_y"}
    named = [props["text"], props["neighbors"], props["features"]]
    assert named == ["text", "neighbors", "labels"]
    for column in ("text", "projection_x", "projection_y"):
        assert (rows[column] == ours[column]).all(), column
    print(f"Embedding Atlas: {len(rows):,} rows, columns {named}")


if __name__ == "__main__":
    latent_scope(Path(sys.argv[1]).absolute())
    embedding_atlas(Path(sys.argv[2]).absolute())

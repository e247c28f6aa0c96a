"""`--sae-from` on the command line: from a hub, and with options that do not go together."""

import io
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from command_line import Outcome, Run
from corpora import SmallCorpus, write_corpus
from hub_server import new_hub_client, serve_repository
from safetensors.numpy import save

from saetui.core.codec import SaeWeights
from saetui.errors import InputError
from saetui.interop.autoencoder import write_sparsify
from saetui.pipeline.given_sae import find_sae
from saetui.pipeline.options import SaeSource
from saetui.store.bundle import Bundle

needs_hub = pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="needs saetui[hub]")
REPOSITORY = "someone/sae-hash-32"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return write_corpus(tmp_path_factory.mktemp("corpus"), 60)


@pytest.fixture
def files(tmp_path: Path, small: SmallCorpus) -> dict[str, bytes]:
    """Two SAEs in folders of a repository, as latent-sae publishes them."""
    rows = np.load(small.vectors).astype(np.float32)
    for name, n in (("64_32", 20), ("64_128", 30)):
        zeros, bias = np.zeros(n, dtype=np.float32), rows.mean(axis=0)
        directions = rows[:n] - bias
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        write_sparsify(tmp_path / "hub" / name, SaeWeights(directions, zeros, directions, bias, 3))
    return {
        path.relative_to(tmp_path / "hub").as_posix(): path.read_bytes()
        for path in (tmp_path / "hub").rglob("*")
        if path.is_file()
    }


def build(run: Run, small: SmallCorpus, path: Path, source: str) -> Outcome:
    embedder = f"precomputed:{small.vectors}"
    return run(
        *("build", small.corpus, "-o", path, "--force"),
        *("--embedder", embedder, "--sae-from", source),
    )


@needs_hub
def test_an_sae_in_a_folder_on_the_hub(
    run: Run, small: SmallCorpus, files: dict[str, bytes], tmp_path: Path
) -> None:
    home = str(tmp_path / "hf")
    with (
        serve_repository(REPOSITORY, files) as address,
        new_hub_client(HF_HOME=home, HF_ENDPOINT=address, HF_HUB_OFFLINE="0"),
    ):
        unclear = build(run, small, tmp_path / "a.bundle", REPOSITORY)
        assert unclear.code == 1
        assert "holds 2 autoencoders: 64_128, 64_32" in unclear.err
        assert "Embedding" not in unclear.err
        done = build(run, small, tmp_path / "a.bundle", f"{REPOSITORY}/64_32")
        assert done.code == 0, done.err
    (record,) = Bundle(tmp_path / "a.bundle").manifest.saes
    assert record.name == "k3-n20-from-sae-hash-32-64-32"
    # The server is gone; what was downloaded is used.
    with new_hub_client(HF_HOME=home, HF_HUB_OFFLINE="1"):
        done = build(run, small, tmp_path / "b.bundle", f"{REPOSITORY}/64_32")
        assert done.code == 0, done.err
    settings = json.loads(files["64_32/cfg.json"])
    assert Bundle(tmp_path / "b.bundle").manifest.saes[0].n == settings["num_latents"]


def find(sources: list[str], home: Path, address: str) -> list[str]:
    """How many features the SAE of each source has, or why it cannot be had."""
    found = []
    with new_hub_client(HF_HOME=str(home), HF_ENDPOINT=address, HF_HUB_OFFLINE="0"):
        for source in sources:
            try:
                found.append(str(find_sae(SaeSource(source)).weights.n))
            except InputError as error:
                found.append(str(error).replace("\n", " "))
    return found


@needs_hub
def test_what_the_hub_does_not_give(files: dict[str, bytes], tmp_path: Path) -> None:
    home = tmp_path / "hf"
    in_a_browser = f"https://huggingface.co/{REPOSITORY}/tree/main/64_128/"
    asked = [f"{REPOSITORY}/64_32", in_a_browser, f"{REPOSITORY}/128_32", "someone/else", "a/b..c"]
    with serve_repository(REPOSITORY, files) as address:
        found = find(asked, home, address)
    assert found[:2] == ["20", "30"]
    assert found[2].startswith(
        f"{REPOSITORY} on the hub has no '128_32', but 2 autoencoders: 64_128, 64_32."
    )
    assert found[3].startswith("The hub has no repository someone/else that may be read.")
    assert found[4].startswith("'a/b..c' is no repository")
    with serve_repository("some/gated", files, gated=True) as address:
        (found_gated,) = find(["some/gated/64_32"], home, address)
    assert found_gated.startswith(
        "The hub gives some/gated only to those who accepted its terms. Accept them on its page"
    )
    # The server is gone.
    gone = find([*asked[:2], "someone/else"], home, address)
    assert gone[:2] == ["20", "30"]
    assert gone[2].startswith("No weights of someone/else were downloaded before, and the hub")


def latent_sae(k: int, expansion: int, d: int) -> dict[str, bytes]:
    """The two files of an SAE as latent-sae's `save_to_disk` writes them."""
    random = np.random.default_rng(k * expansion)
    weights = random.standard_normal((d * expansion, d)).astype(np.float32)
    tensors = {
        "encoder.weight": weights,
        "encoder.bias": np.zeros(len(weights), np.float32),
        "W_dec": weights,
        "b_dec": np.zeros(d, np.float32),
    }
    settings = {"expansion_factor": expansion, "normalize_decoder": True, "num_latents": 0}
    settings |= {"k": k, "multi_topk": False, "d_in": d}
    return {"cfg.json": json.dumps(settings).encode(), "sae.safetensors": save(tensors)}


def saerch_weights(n: int, d: int) -> bytes:
    """A file of weights as saerch saves its module."""
    import torch

    written = io.BytesIO()
    decoder = torch.nn.functional.normalize(torch.randn(d, n), dim=0)
    torch.save(
        {
            "encoder.weight": decoder.T.clone(),
            "decoder.weight": decoder,
            "pre_bias": torch.zeros(d),
            "latent_bias": torch.zeros(n),
        },
        written,
    )
    return written.getvalue()


@pytest.mark.parametrize(
    ("folder", "n"), [("128_4", 1536), ("128_8", 3072), ("64_8", 3072), ("64_32", 768)]
)
def test_folders_of_latent_sae(folder: str, n: int, tmp_path: Path) -> None:
    """As they are in enjalot/sae-all-MiniLM-L6-v2-FineWeb-RedPajama-Pile-150M and in
    enjalot/sae-nomic-text-v1.5-FineWeb-edu-100BT (`64_32`), with fewer dimensions."""
    k, expansion = map(int, folder.split("_"))
    (tmp_path / folder).mkdir()
    for name, content in latent_sae(k, expansion, n // expansion).items():
        (tmp_path / folder / name).write_bytes(content)
    found = find_sae(SaeSource(str(tmp_path / folder)))
    assert (found.weights.n, found.weights.k) == (n, k)


@needs_hub
def test_files_of_saerch_on_the_hub(tmp_path: Path) -> None:
    """Named as in charlieoneill/embedding-saes, and as the same SAEs are named elsewhere."""
    repository = "charlieoneill/embedding-saes"
    sizes = {"astroPH_128_3072_256.pth": 3072, "csLG_64_9216.pth": 9216}
    files = {name: saerch_weights(n, 6) for name, n in sizes.items()}
    with serve_repository(repository, files) as address:
        sources = [*(f"{repository}/{name}" for name in sizes), repository]
        found = find(sources, tmp_path / "hf", address)
    assert found[:2] == ["3072", "9216"]
    assert "holds 2 autoencoders: astroPH_128_3072_256.pth, csLG_64_9216.pth" in found[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--extend", "8"), "--extend is about an SAE that is given"),
        (("--force",), "--force is about an SAE that is given"),
        (("--sae-from", "nowhere"), "There is no SAE at nowhere."),
    ],
)
def test_options_that_need_an_sae(
    run: Run, small: SmallCorpus, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    embedder = f"precomputed:{small.vectors}"
    out = tmp_path / "a.bundle"
    done = run("build", small.corpus, "-o", out, "--embedder", embedder, *words)
    assert done.code == 1
    assert said in done.err

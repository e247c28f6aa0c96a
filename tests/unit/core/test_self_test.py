"""The self-test passes what was loaded right, and names what was not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import train_small_bundle

from saetui.core.codec import Codes, SaeWeights, encode
from saetui.core.self_test import SAMPLE_SIZE, sampled_rows, self_test
from saetui.store.bundle import Bundle


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[SaeWeights, np.ndarray]:
    bundle = Bundle(train_small_bundle(tmp_path_factory.mktemp("self-test")))
    return bundle.sae().weights, np.asarray(bundle.embeddings, dtype=np.float32)


def test_what_was_loaded_right_passes(trained) -> None:
    weights, x = trained
    tested = self_test(weights, x, stored=encode(weights, x))
    assert tested.ok
    assert tested.agreement == 1
    assert tested.explained_variance > 0.8
    assert tested.l0 == weights.k
    assert "of unit norm, codes agree 100.0%" in tested.figures()


def test_figures_are_those_of_a_plain_reconstruction(trained) -> None:
    weights, x = trained
    z = np.zeros((len(x), weights.n))
    a = np.maximum((x - weights.bias) @ weights.encoder.T + weights.encoder_bias, 0)
    best = np.argsort(-a, axis=1)[:, : weights.k]
    np.put_along_axis(z, best, np.take_along_axis(a, best, axis=1), axis=1)
    error = z @ weights.directions + weights.bias - x
    nmse = np.square(error).sum() / np.square(x - x.mean(axis=0)).sum()
    assert self_test(weights, x).nmse == pytest.approx(nmse, rel=1e-4)


@pytest.mark.parametrize("k", [1, 2])
def test_too_small_a_k(trained, k: int) -> None:
    weights, x = trained
    assert f"k = {k} is too small" in self_test(replace(weights, k=k), x).mistake


@pytest.mark.parametrize("k", [8, 16, 32])
def test_too_large_a_k(trained, k: int) -> None:
    weights, x = trained
    tested = self_test(replace(weights, k=k), x, witnessed_k=4)
    assert f"k = {k} is too large" in tested.mistake
    assert "Codes with k = 4" in tested.hint


def test_a_square_matrix_that_is_transposed(trained) -> None:
    weights, x = trained
    assert weights.n == weights.d
    turned = np.ascontiguousarray(weights.encoder.T)
    assert self_test(replace(weights, encoder=turned), x).mistake.startswith(
        "The encoder is transposed."
    )
    turned = np.ascontiguousarray(weights.directions.T)
    assert self_test(replace(weights, directions=turned), x).mistake


def test_directions_that_are_not_of_unit_norm(trained) -> None:
    weights, x = trained
    tested = self_test(replace(weights, directions=weights.directions * np.float32(2)), x)
    assert "norms of 2.000 to 2.000" in tested.mistake
    assert "directions of norm 2.00 to 2.00" in tested.figures()


def test_centred_twice(trained) -> None:
    weights, x = trained
    folded = weights.encoder_bias - weights.encoder @ weights.bias
    assert "centred twice" in self_test(replace(weights, encoder_bias=folded), x).mistake


def test_a_bias_of_the_wrong_sign(trained) -> None:
    weights, x = trained
    assert "wrong sign" in self_test(replace(weights, bias=-weights.bias), x).mistake


def test_a_bias_that_is_lost(trained) -> None:
    weights, x = trained
    mistake = self_test(replace(weights, bias=weights.bias * 0), x).mistake
    assert "their mean subtracted" in mistake


def test_embeddings_of_another_model(trained) -> None:
    weights, _ = trained
    other = np.random.default_rng(0).standard_normal((200, weights.d)).astype(np.float32)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    assert "was not trained on these embeddings" in self_test(weights, other).mistake


def test_embeddings_that_were_not_of_unit_norm(trained) -> None:
    weights, x = trained
    scaled = replace(weights, bias=weights.bias * 9, encoder_bias=weights.encoder_bias * 9)
    mistake = self_test(scaled, x, raw=x * np.float32(9)).mistake
    assert "not of unit norm" in mistake


def test_codes_of_documents_in_another_order(trained) -> None:
    weights, x = trained
    codes = encode(weights, np.roll(x, 1, axis=0))
    tested = self_test(weights, x, stored=codes)
    assert not tested.agrees
    assert "documents are in another order" in tested.mistake


def test_one_document_is_no_ground_to_object(trained) -> None:
    weights, x = trained
    assert self_test(weights, x[:1]).ok


def test_alike_documents(trained) -> None:
    weights, x = trained
    assert np.isfinite(self_test(weights, np.repeat(x[:1], 5, axis=0)).nmse)


def test_codes_that_are_all_empty_agree(trained) -> None:
    weights, x = trained
    silent = replace(weights, encoder_bias=weights.encoder_bias - 100)
    empty = Codes(np.full((len(x), 4), -1, np.int32), np.zeros((len(x), 4), np.float32), weights.n)
    assert self_test(silent, x, stored=empty).agreement == 1


@pytest.mark.parametrize("count", [1, 2, SAMPLE_SIZE, 5 * SAMPLE_SIZE + 3])
def test_sampled_rows_are_spread_over_all(count: int) -> None:
    rows = sampled_rows(count)
    assert rows[0] == 0
    assert rows[-1] == count - 1
    assert len(rows) == min(count, SAMPLE_SIZE)
    assert (np.diff(rows) > 0).all()


def test_no_rows_of_nothing() -> None:
    assert len(sampled_rows(0)) == 0


def test_the_demo_is_loaded_right() -> None:
    folder = Path(__file__).resolve().parents[3] / "assets" / "demo"
    from saetui.store import saes

    weights = saes.load_weights(folder / "saes" / "k5-n192")
    vectors = np.load(folder / "embeddings.npy", mmap_mode="r")
    assert self_test(weights, np.asarray(vectors[sampled_rows(len(vectors))], np.float32)).ok

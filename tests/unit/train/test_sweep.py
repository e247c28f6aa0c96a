import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.train.size import SaeSize, Sweep, SweepPoint, choose_size, fit_power_law, sweep_sizes


def point(n, k, train, held_out=0.5):
    return SweepPoint(n, k, train, held_out, 0.0, 10)


@given(
    scale=st.floats(0.01, 10),
    exponent=st.floats(0.01, 2),
    sizes=st.lists(st.integers(1, 10_000), min_size=2, max_size=6, unique=True),
)
def test_a_power_law_is_found_again(scale, exponent, sizes):
    law = fit_power_law(8, sizes, [scale * n**-exponent for n in sizes])
    assert law.scale == pytest.approx(scale, rel=1e-5)
    assert law.exponent == pytest.approx(exponent, abs=1e-5)
    assert law.r2 == pytest.approx(1)
    assert law.at(100) == pytest.approx(scale * 100**-exponent, rel=1e-4)


def test_the_fit_is_that_of_least_squares_of_logarithms():
    sizes, errors = [100, 200, 400, 800], [0.4, 0.31, 0.2, 0.17]
    law = fit_power_law(8, sizes, errors)
    slope, height = np.polyfit(np.log(sizes), np.log(errors), 1)
    assert (law.exponent, law.scale) == pytest.approx((-slope, np.exp(height)))
    assert law.r2 == pytest.approx(np.corrcoef(np.log(sizes), np.log(errors))[0, 1] ** 2)
    assert law.r2 < 0.99


def test_a_sweep_is_ordered_and_fits_each_k_that_has_three_sizes():
    points = [point(n, k, k / n) for k in (16, 8) for n in (64, 32, 128)] + [point(32, 4, 0.1)]
    sweep = Sweep.of(points)
    assert [(p.k, p.n) for p in sweep.points] == [
        (4, 32), (8, 32), (8, 64), (8, 128), (16, 32), (16, 64), (16, 128)
    ]  # fmt: skip
    assert [law.k for law in sweep.laws] == [8, 16]
    assert [law.exponent for law in sweep.laws] == pytest.approx([1, 1])


def test_the_best_point_is_that_of_the_lowest_held_out_error():
    points = [point(32, 4, 0.3, 0.4), point(64, 4, 0.2, 0.35), point(128, 4, 0.1, 0.45)]
    assert Sweep.of(points).best.n == 64
    assert Sweep.of([point(32, 4, 0.3, None)]).best is None


def test_a_sweep_survives_json():
    sweep = Sweep.of([point(n, 8, 1 / n) for n in (32, 64, 128)])
    assert Sweep.from_json(json.loads(json.dumps(sweep.to_json()))) == sweep


def test_the_grid_surrounds_what_suits_the_corpus():
    sizes = sweep_sizes(choose_size(11_438, 384))
    assert {size.k for size in sizes} == {4, 8, 16}
    assert [size.n for size in sizes if size.k == 16] == [192, 384, 768, 1536, 3072]


@given(st.integers(1, 10**6), st.integers(1, 4096))
def test_every_size_of_a_grid_can_be_trained(documents, d):
    sizes = sweep_sizes(choose_size(documents, d))
    assert sizes
    assert len(set(sizes)) == len(sizes)
    assert all(SaeSize.parse(size.name) == size for size in sizes)

import json
from dataclasses import asdict

import pytest

from saetui.errors import BuildError
from saetui.train.options import SaeConfig, TrainingOptions


def test_config_and_options_survive_json():
    config = SaeConfig(d=384, n=768, k=16)
    options = TrainingOptions(seed=3, batch=128, max_samples=1_000)
    assert SaeConfig(**json.loads(json.dumps(asdict(config)))) == config
    assert TrainingOptions(**json.loads(json.dumps(asdict(options)))) == options
    assert config.name == "k16-n768"


@pytest.mark.parametrize("shape", [(0, 8, 1), (4, 0, 1), (4, 8, 0), (4, 8, 9)])
def test_impossible_shapes_are_refused(shape):
    with pytest.raises(BuildError):
        SaeConfig(*shape)


@pytest.mark.parametrize(
    "fields",
    [
        {"max_epochs": 0},
        {"max_samples": 0},
        {"batch": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"patience": 0},
        {"warmup_steps": -1},
        {"decay": 1.0},
        {"average": -0.1},
        {"tether": -1.0},
        {"tether": float("inf")},
        {"tether": float("nan")},
        {"held_out": 1.0},
        {"seed": -1},
        {"memory_bytes": 0},
    ],
)
def test_impossible_options_name_the_option(fields):
    with pytest.raises(BuildError, match=next(iter(fields))):
        TrainingOptions(**fields)


@pytest.mark.parametrize(
    ("rows", "expected"), [(1, 1), (50, 50), (900, 64), (10_000, 256), (10**6, 1024)]
)
def test_a_batch_suits_the_number_of_rows(rows, expected):
    assert TrainingOptions().rows_per_step(rows) == expected


def test_a_given_batch_is_never_larger_than_the_corpus():
    assert TrainingOptions(batch=100).rows_per_step(1_000) == 100
    assert TrainingOptions(batch=100).rows_per_step(30) == 30


def test_the_learning_rate_follows_the_width_unless_given():
    assert TrainingOptions().highest_rate(400) == pytest.approx(0.005)
    assert TrainingOptions(learning_rate=1e-4).highest_rate(400) == 1e-4

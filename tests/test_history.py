"""claims/history/: its measures, and that its records are whole and agree."""

import ast
import importlib.util
import json
import re

from conftest import PROJECT
import keras
import numpy as np
import pytest

HISTORY = PROJECT / "claims" / "history"
STACKS = sorted(path.stem for path in HISTORY.glob("requirements/*.txt"))


@pytest.fixture(scope="module")
def recipe():
    """The program, imported under a name of its own."""
    spec = importlib.util.spec_from_file_location("recipe", HISTORY / "recipe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(name):
    return json.loads((HISTORY / "output" / f"{name}.json").read_text())


def test_the_program_is_python_3_6():
    ast.parse((HISTORY / "recipe.py").read_text("utf-8"), feature_version=(3, 6))


def test_every_stack_has_a_record_and_every_record_a_stack():
    for ending in ("txt", "json"):
        found = sorted(path.stem for path in HISTORY.glob(f"output/*.{ending}"))
        assert found == STACKS


@pytest.mark.parametrize("name", STACKS)
def test_a_record_is_of_its_stack_and_its_text_has_its_numbers(name, recipe):
    own = record(name)
    pins = (HISTORY / "requirements" / f"{name}.txt").read_text()
    versions = {key.lower(): version for key, version in own["versions"].items()}
    installed = dict(re.findall(r"^([a-z]+)==(.+)$", pins, re.MULTILINE))
    for package in {"keras", "tensorflow", "theano", "numpy"} & set(installed):
        assert versions[package] == installed[package]
    assert f"Python {own['versions']['Python'].rpartition('.')[0]}" in pins

    head, *logs = (HISTORY / "output" / f"{name}.txt").read_text().split("\n\n")
    assert f"counts {own['factor']:.3f} times" in head
    assert {"plain", "sparse"} <= set(own["runs"])
    assert len(logs) == len(own["runs"]) + 1  # The last is about the post's lines.
    for log, (run_name, run) in zip(logs, own["runs"].items(), strict=False):
        settings = run["l1"], run["batch_size"], run["epochs"]
        assert settings == pytest.approx(recipe.RUNS[run_name])

        title, *epochs, last = log.splitlines()
        assert title.startswith(f"{run_name}: ")
        assert epochs == [
            f"Epoch {epoch} - loss: {loss:.4f} - val_loss: {val_loss:.4f}"
            for epoch, (loss, val_loss) in enumerate(
                zip(run["loss"], run["val_loss"], strict=True), start=1
            )
        ]
        assert len(epochs) == run["epochs"]
        assert (
            f" BCE {run['bce']:.4f} without penalty | val_loss {epochs[-1][-6:]}"
            in last
        )
        assert f"| {run['active']:.3%} of the code active" in last
        assert f"| mean of the code {run['mean_code']:.4f} |" in last


def test_the_posts_own_keras_repeats_its_simple_log(recipe):
    own = record("keras-2.3.1")
    assert recipe.lines_of_the_post(own["runs"]["plain"]) == own["post_lines"] == 25

    own["runs"]["plain"]["loss"][3] += 0.0001
    assert recipe.lines_of_the_post(own["runs"]["plain"]) == 24


def test_measure_by_hand(recipe):
    code = np.array([[0.0, 3.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], "float32")
    measured = recipe.measure(
        np.array([[1.0, 0.0]]), code, np.array([[0.5, 1.0]], "float32")
    )
    # The second pixel is clipped to 1 - 1e-7.
    assert measured["bce"] == pytest.approx((np.log(2) - np.log(1e-7)) / 2)
    assert measured["active"] == 2 / 8
    assert measured["mean_code"] == 4 / 8


@pytest.mark.parametrize(
    ("penalty", "factor"),
    [
        (keras.regularizers.L1(1.0), 1),  # Keras divides it by the batch size.
        (lambda code: 12 * keras.ops.sum(keras.ops.abs(code)), 12),  # A sum.
        (lambda code: keras.ops.sum(keras.ops.abs(code)) / 32, 1 / 32),
    ],
)
def test_penalty_factor_by_hand(recipe, penalty, factor):
    images = np.random.default_rng(0).random((12, 784), "float32")
    assert recipe.penalty_factor(penalty, images) == pytest.approx(factor, rel=1e-3)

"""claims/history/: what its programs train, their measures, and that outputs agree."""

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


def load(name):
    """Return a program of claims/history, imported."""
    spec = importlib.util.spec_from_file_location(name, HISTORY / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def recipe():
    return load("recipe")


@pytest.fixture
def fits(monkeypatch):
    """What each `fit` is given, in place of a training."""
    given = []

    def fit(model, x, y, batch_size=None, epochs=None, **options):
        weights = [weight.copy() for weight in model.get_weights()]
        given.append((model, x, y, batch_size, epochs, options, weights))
        history = keras.callbacks.History()
        history.history = {"loss": [0.5], "val_loss": [0.25]}
        for callback in options.get("callbacks", []):
            callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
        return history

    monkeypatch.setattr(keras.Model, "fit", fit)
    return given


@pytest.fixture
def images():
    random = np.random.default_rng(0)
    return random.random((40, 784), "float32"), random.random((20, 784), "float32")


def test_the_program_is_python_3_6():
    ast.parse((HISTORY / "recipe.py").read_text("utf-8"), feature_version=(3, 6))


def test_the_recipe_is_the_posts(recipe, fits, images):
    x_train, x_test = images
    found = {name: recipe.train(name, x_train, x_test) for name in recipe.RUNS}
    settings = {}
    for name, (model, x, y, batch_size, epochs, options, _) in zip(found, fits):
        assert x is y is x_train
        assert options["validation_data"][0] is options["validation_data"][1] is x_test
        assert isinstance(model.optimizer, keras.optimizers.Adadelta)
        assert float(model.optimizer.learning_rate) == 1
        assert model.loss == "binary_crossentropy"
        code_layer, output_layer = model.layers[1:]
        assert code_layer.activation is keras.activations.relu
        assert output_layer.activation is keras.activations.sigmoid
        assert model.count_params() == 784 * 32 + 32 + 32 * 784 + 784
        penalty = code_layer.activity_regularizer
        l1 = 0 if penalty is None else float(penalty.l1)
        settings[name] = pytest.approx(l1), batch_size, epochs
    assert settings == {
        "plain": (0, 128, 25),
        "sparse": (1e-4, 128, 100),
        "divided": (1e-4 / 128, 128, 100),
        "blog-plain": (0, 256, 50),
        "blog-sparse": (1e-4, 256, 100),
    }


def test_all_runs_start_from_the_posts_seed(recipe, fits, images):
    for name in "plain", "sparse":
        recipe.train(name, *images)
    keras.utils.set_random_seed(10)
    autoencoder, _ = recipe.build_autoencoder(None)
    for *_, weights in fits:
        for own, expected in zip(weights, autoencoder.get_weights()):
            assert np.array_equal(own, expected)


def test_a_run_reports_the_test_images(recipe, fits, images):
    run = recipe.train("sparse", *images)
    model = fits[0][0]
    decoded = model.predict(images[1], verbose=0)
    assert run["bce"] == pytest.approx(recipe.binary_crossentropy(images[1], decoded))
    assert (run["loss"], run["val_loss"]) == ([0.5], [0.25])


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


@pytest.mark.parametrize("name", STACKS)
def test_an_output_is_of_its_stack_and_of_todays_recipe(name, recipe):
    own = json.loads((HISTORY / "output" / f"{name}.json").read_text())
    pins = (HISTORY / "requirements" / f"{name}.txt").read_text()
    versions = {key.lower(): version for key, version in own["versions"].items()}
    for package, version in re.findall(r"^([a-z]+)==(.+)$", pins, re.MULTILINE):
        assert versions.get(package, version) == version
    assert f"Python {own['versions']['Python'].rpartition('.')[0]}" in pins
    assert own["seed"] == recipe.SEED

    assert {"plain", "sparse"} <= set(own["runs"])
    printed = (HISTORY / "output" / f"{name}.txt").read_text()
    assert f"counts {own['factor']:.3f} times" in printed
    for run_name, run in own["runs"].items():
        settings = run["l1"], run["batch_size"], run["epochs"]
        assert settings == pytest.approx(recipe.RUNS[run_name])
        assert len(run["loss"]) == len(run["val_loss"]) == run["epochs"]
        for loss, val_loss in zip(run["loss"], run["val_loss"]):
            assert f"loss: {loss:.4f} - val_loss: {val_loss:.4f}\n" in printed
        assert f"{run_name}: test BCE {run['bce']:.4f} without penalty" in printed
        assert f"{run['active']:.3%} of the code active" in printed
        assert f"mean of the code {run['mean_code']:.4f} |" in printed
    # The plain run does not depend on how a penalty counts.
    assert recipe.lines_of_the_post(own["runs"]["plain"]) == own["post_lines"]
    assert (own["post_lines"] == 25) == (name == "keras-2.3.1")


def test_sum_or_mean_differ_in_the_penalty_only(fits, images):
    program = load("sum_or_mean")
    assert program.PENALTIES == {
        "mean": pytest.approx(1e-4),
        "sum": pytest.approx(128e-4),
    }
    for l1 in program.PENALTIES.values():
        found, _ = program.train(l1, 0, *images)
        assert found["val_loss"] == [0.25]
    for (model, x, y, batch_size, epochs, options, weights), l1 in zip(
        fits, program.PENALTIES.values()
    ):
        assert x is y is images[0]
        assert options["validation_data"][0] is images[1]
        assert (batch_size, epochs) == (128, 25)
        assert float(model.layers[1].activity_regularizer.l1) == pytest.approx(l1)
        assert float(model.optimizer.learning_rate) == 1
        assert np.array_equal(weights[0], fits[0][-1][0])

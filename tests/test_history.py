"""claims/history/: what its programs train, their measures, and that outputs agree."""

import ast
import json
import re
import sys

from conftest import PROJECT
import keras
import numpy as np
import pytest

HISTORY = PROJECT / "claims" / "history"
STACKS = sorted(path.stem for path in HISTORY.glob("requirements/*.txt"))
sys.path.insert(0, str(HISTORY))
import recipe
import sum_or_mean


def test_the_program_is_python_3_6():
    ast.parse((HISTORY / "recipe.py").read_text("utf-8"), feature_version=(3, 6))


def test_each_training_is_the_posts(monkeypatch):
    """All from one start; of each network what it makes of test images is reported."""
    fits = []

    def fit(model, x, y, batch_size, epochs, validation_data, callbacks=(), **options):
        fits.append((model, x, y, batch_size, epochs, validation_data))
        assert all(map(np.array_equal, model.get_weights(), start))
        for callback in callbacks:
            callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
        history = keras.callbacks.History()
        history.history = {"val_loss": [0.25]}
        return history

    monkeypatch.setattr(keras.Model, "fit", fit)
    keras.utils.set_random_seed(10)  # the post's
    start = recipe.build_autoencoder(None)[0].get_weights()
    x_train, x_test = np.split(np.random.default_rng(0).random((60, 784), "f"), [40])
    found = {name: recipe.train(name, x_train, x_test) for name in recipe.RUNS}
    assert all(run["loss"] == [0.5] for run in found.values())
    for name, l1 in sum_or_mean.PENALTIES.items():
        found[name], _ = sum_or_mean.train(l1, 10, x_train, x_test)

    settings = {}
    for (name, run), fitted in zip(found.items(), fits, strict=True):
        model, x, y, batch_size, epochs, validation_data = fitted
        assert x is y is x_train
        assert validation_data[0] is validation_data[1] is x_test
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

        bce = recipe.binary_crossentropy(x_test, model.predict(x_test, verbose=0))
        assert run["bce"] == pytest.approx(bce)
        code = keras.Model(model.inputs, code_layer.output).predict(x_test, verbose=0)
        assert run["active"] == pytest.approx(np.mean(code > 0))
        assert run["val_loss"] == [0.25]
    assert settings == {
        "plain": (0, 128, 25),
        "sparse": (1e-4, 128, 100),
        "divided": (1e-4 / 128, 128, 100),
        "blog-plain": (0, 256, 50),
        "blog-sparse": (1e-4, 256, 100),
        "mean": (1e-4, 128, 25),
        "sum": (128e-4, 128, 25),
    }


def test_measure_by_hand():
    code = np.array([[0, 3], [0, 0], [1, 0], [0, 0]])
    measured = recipe.measure(np.array([[1, 0]]), code, np.array([[0.5, 1]]))
    # The second pixel is clipped to 1 - 1e-7.
    bce = pytest.approx((np.log(2) - np.log(1e-7)) / 2)
    assert measured == {"bce": bce, "active": 2 / 8, "mean_code": 4 / 8}


@pytest.mark.parametrize("name", STACKS)
def test_an_output_is_of_its_stack_and_of_todays_recipe(name):
    own = json.loads((HISTORY / "output" / f"{name}.json").read_text())
    pins = (HISTORY / "requirements" / f"{name}.txt").read_text()
    versions = {key.lower(): version for key, version in own["versions"].items()}
    for package, version in re.findall(r"^([a-z]+)==(.+)$", pins, re.MULTILINE):
        assert versions.get(package, version) == version
    assert f"Python {own['versions']['Python'].rpartition('.')[0]}" in pins
    for run_name, run in own["runs"].items():
        settings = run["l1"], run["batch_size"], len(run["loss"])
        assert settings == pytest.approx(recipe.RUNS[run_name])
    # The plain run does not depend on how a penalty counts.
    assert recipe.lines_of_the_post(own["runs"]["plain"]) == own["post_lines"]
    assert (own["post_lines"] == 25) == (name == "keras-2.3.1")

"""Every claim is fair: seeds differ, test images choose nothing, a control is another.

The claims are found. Each runs twice, on a few digits and with trainings that only move
the weights, by all that a training depends on: the second time with other test images.
What is fitted and chosen must be the same in both.
"""

import functools
import importlib
import itertools
import json
import math
import sys
import zlib

from conftest import PROJECT, tiny
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs claims/requirements.txt")
pytest.importorskip("skimage", reason="needs claims/requirements.txt")
import experiment
import common
import keras
from matplotlib.figure import Figure
import scipy.stats
from sklearn.base import BaseEstimator

CLAIMS = [
    path.stem
    for path in sorted((PROJECT / "claims").glob("*.py"))
    if "\ndef main(" in path.read_text(encoding="utf-8")
]

# Fewer of the same: enough to see what is asked here.
FEWER = {
    "few_labels": {"SIZES": (10, 30)},
    "noise_levels": {"LEVELS": (0.1, 0.5, 1.0), "FOR_FILTERS": 10},
    "sampling": {"DRAWS": 50},
}
# These learn nothing that is used for other images: they describe their own points.
DESCRIBES = "NearestNeighbors", "TSNE"
SETTINGS = {"rate", "rates", "tried", "margin", "levels", "settings", "strengths"}
# On images as few as here, these are alike by chance.
ALIKE = [
    ("autoencoder", "autoencoder without relu"),
    ("autoencoder, new", "autoencoder without relu, new"),
    ("turned", "mirrored"),
]
SETTINGS |= {"C", "gamma"}  # of a classifier: two may well have the same


def checksum(array):
    """Return a number that any change of an array moves, but rounding hardly."""
    array = np.asarray(array, np.float64).ravel()
    return float(np.mean(array * np.cos(np.arange(array.size) % 1009)))


class Watch:
    """What a claim fits, chooses, measures and draws."""

    def __init__(self, patch):
        self.fitted = []  # (what, checksums) of all that is fitted or chosen by
        self.starts = []  # of each network the weights before its training
        self.states = []  # of each estimator of scikit-learn its random state
        self.over_seeds = []  # of each call the seeds, the starts, the states, the rows
        self.figures = []

        for name in "fit", "predict", "evaluate":
            patch.setattr(keras.Model, name, getattr(self, name)())
        for name in "choose", "over_seeds":
            watched = getattr(self, f"watch_{name}")(getattr(experiment, name))
            patch.setattr(experiment, name, watched)
        patch.setattr(experiment, "load_models", load_models)
        for module, name in (scipy.stats, "linregress"), (np, "percentile"):
            watched = self.watch_function(getattr(module, name))
            patch.setattr(module, name, watched)
        waiting = [BaseEstimator]
        while waiting:
            kind = waiting.pop()
            waiting += kind.__subclasses__()
            for name in {"fit", "fit_transform"} & vars(kind).keys():
                patch.setattr(kind, name, self.watch_estimator(vars(kind)[name]))
        keep = self.figures.append
        patch.setattr(Figure, "savefig", lambda figure, *path, **options: keep(figure))

    def fit(self):
        def fit(model, x, y, epochs=1, batch_size=32, **options):
            """Move the weights by all that a training depends on, and train nothing."""
            model(x[:8])
            weights = model.get_weights()
            start = checksum(weights[0]) + checksum(weights[-2])
            config = {**model.optimizer.get_config(), "name": ""}
            loss = getattr(model.loss, "__name__", model.loss)
            words = json.dumps([config, loss], default=str)
            penalty = sum(float(loss) for loss in model.losses)
            features = [
                1000 * start,
                1000 * checksum(x),
                1000 * checksum(y),
                1000 * penalty,
            ]
            features += [math.log(epochs), math.log(batch_size)]
            features += [zlib.crc32(words.encode()) % 997]
            total = sum(f * math.sqrt(n) for n, f in enumerate(features, start=2))
            for weight in model.trainable_weights:
                moved = np.sin(np.arange(math.prod(weight.shape)) + total)
                weight.assign_add(0.03 * moved.reshape(weight.shape))

            self.fitted.append(("network", [checksum(x), checksum(y)]))
            self.starts.append(start)
            history = keras.callbacks.History()
            history.set_model(model)
            history.epoch = list(range(epochs))
            history.history = {"loss": [abs(total) / (1 + n) for n in history.epoch]}
            return history

        return fit

    def predict(self):
        def predict(model, x, batch_size=None, verbose=None):
            outputs = model(keras.ops.convert_to_tensor(np.asarray(x, np.float32)))
            if isinstance(outputs, list):
                return [keras.ops.convert_to_numpy(output) for output in outputs]
            return keras.ops.convert_to_numpy(outputs)

        return predict

    def evaluate(self):
        def evaluate(model, x, y, **options):
            return {"accuracy": experiment.mse(y, model.predict(x))}

        return evaluate

    def watch_choose(self, choose):
        def watched(settings, error_of, sets):
            best, tried = choose(settings, error_of, sets)
            self.fitted.append(("choice", [float(error) for error in tried.values()]))
            return best, tried

        return watched

    def watch_over_seeds(self, over_seeds):
        def watched(measure, seeds=experiment.SEEDS):
            starts, states = [], []

            def watched_measure(seed):
                before = len(self.starts), len(self.states)
                row = measure(seed)
                starts.append(self.starts[before[0] :])
                states.append(self.states[before[1] :])
                return row

            found = over_seeds(watched_measure, seeds)
            self.over_seeds.append((list(seeds), starts, states, found))
            return found

        return watched

    def watch_function(self, function):
        def watched(array, *rest, **options):
            caller = sys._getframe(1).f_code
            is_drawing = caller.co_name.startswith("plot")
            if "claims" in caller.co_filename and not is_drawing:
                self.fitted.append((function.__name__, [checksum(array)]))
            return function(array, *rest, **options)

        return watched

    def watch_estimator(self, fit):
        @functools.wraps(fit)
        def watched(estimator, x, y=None, *rest, **options):
            name = type(estimator).__name__
            given = [x] if y is None and not rest else [x, y]
            if name not in DESCRIBES:
                self.fitted.append(
                    (name, [checksum(array) for array in given if array is not None])
                )
            self.states.append((name, getattr(estimator, "random_state", None)))
            return fit(estimator, *given, *rest, **options)

        return watched


def load_models(script, args, seed=0):
    """Return a script's models as it has trained them: again, by its own settings."""
    images = experiment.load_images(args).train.x
    inputs = None
    if hasattr(script, "noise_factor"):
        inputs = common.add_noise(images, script.noise_factor, seed)
    models, _ = experiment.retrain(script, images, seed, inputs=inputs)
    return models


@pytest.fixture(scope="module")
def data(tmp_path_factory, mnist):
    """The paths of 400 + 50 digits, and of the same with other test images."""
    folder = tmp_path_factory.mktemp("data")
    arrays = tiny(mnist, of_each=(40, 5))
    np.savez_compressed(folder / "digits.npz", **arrays)
    arrays["x_test"] = 255 - arrays["x_test"]
    np.savez_compressed(folder / "others.npz", **arrays)
    return [folder / "digits.npz", folder / "others.npz"]


@pytest.fixture(scope="module")
def ran(data, tmp_path_factory):
    """Return `ran(claim)`: both runs of its main, each with what it has reported."""

    @functools.cache
    def ran(claim):
        runs = []
        for path in data:
            out = tmp_path_factory.mktemp(claim)
            module = importlib.import_module(claim)
            with pytest.MonkeyPatch.context() as patch:
                for name, value in FEWER.get(claim, {}).items():
                    patch.setattr(module, name, value)
                watch = Watch(patch)
                module.main(["--data", str(path), "--out", str(out)])
            text = (out / f"{claim}.json").read_text(encoding="utf-8")
            watch.report = json.loads(text)
            runs.append(watch)
        return runs

    return ran


def leaves(value, place=()):
    """Return {keys on the way: a number} of dicts and lists within each other."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        found = [leaves(part, (*place, str(key))) for key, part in items]
        return {key: number for part in found for key, number in part.items()}
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {place: value} if is_number else {}


def dicts_in(value):
    """Return all dicts in dicts and lists within each other."""
    parts = list(value.values() if isinstance(value, dict) else value)
    found = [value] if isinstance(value, dict) else []
    return found + [
        each
        for part in parts
        if isinstance(part, dict | list)
        for each in dicts_in(part)
    ]


@pytest.mark.parametrize("claim", CLAIMS)
def test_nothing_is_fitted_or_chosen_on_test_images(claim, ran):
    first, second = ran(claim)
    assert [name for name, _ in first.fitted] == [name for name, _ in second.fitted]
    for (name, numbers), (_, others) in zip(first.fitted, second.fitted):
        assert numbers == pytest.approx(others, rel=1e-3, abs=1e-6), name
    assert all(math.isfinite(number) for number in leaves(first.report).values())
    chosen = []
    for run in first, second:
        found = leaves(run.report)
        chosen.append({k: v for k, v in found.items() if SETTINGS & {*k}})
    assert chosen[0] == pytest.approx(chosen[1], rel=1e-3)


@pytest.mark.parametrize("claim", CLAIMS)
def test_seeds_are_as_many_as_said_and_differ(claim, ran):
    run = ran(claim)[0]
    for seeds, starts, states, found in run.over_seeds:
        assert len(set(seeds)) == len(seeds)
        assert len(seeds) >= 3 or len(seeds) == 1  # one seed is called one seed
        for a, b in itertools.combinations(range(len(seeds)), 2):
            assert not {*starts[a]} & {*starts[b]}, "a network starts as another seed's"
            for (name, own), (_, others) in zip(states[a], states[b]):
                if isinstance(own, int):
                    assert own != others, f"{name} has one random state"
            assert any(of["seeds"][a] != of["seeds"][b] for of in found.values())

    for row in dicts_in(run.report):
        values = row.get("seeds", [])
        are_numbers = all(isinstance(value, int | float) for value in values)
        if are_numbers and any(value != int(value) for value in values):
            assert len(values) == 1 or len(set(values)) > 1, f"one number: {values}"


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_control_is_not_what_it_controls(claim, ran):
    """Two rows that have the same numbers are two names of one thing."""
    run = ran(claim)[0]
    for row in dicts_in(run.report):
        if "seeds" in row and "mean" in row:
            continue
        parts = {name: leaves(part) for name, part in row.items() if name != "history"}
        for (name, own), (other, others) in itertools.combinations(parts.items(), 2):
            both = [k for k in own if k in others and not SETTINGS & {*k}]
            pairs = [(own[k], others[k]) for k in both]
            if (name, other) not in ALIKE and any(a != int(a) for a, _ in pairs):
                assert any(a != b for a, b in pairs), f"{name} is {other}"

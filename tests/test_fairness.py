"""Every claim is fair: seeds differ, test images choose nothing, a control is another.

Each claim runs twice, the second time with other test images, on a few digits and with
trainings that only move the weights, by all that a training depends on.
"""

import functools
import importlib
import itertools
import json
import math
import sys
from types import SimpleNamespace
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
from record import leaves
import scipy.stats
from sklearn.base import BaseEstimator

CLAIMS = [
    path.stem
    for path in sorted((PROJECT / "claims").glob("*.py"))
    if "\ndef main(" in path.read_text(encoding="utf-8")
]

# Fewer of the same: enough to see what is asked here.
FEWER = {
    "code_size": {"SIZES": (8, 128), "RATES": [0.03]},
    "few_labels": {"SIZES": (10, 30)},
    "jpeg": {"PCA_SIZES": (24, 64, 192)},
    "noise_levels": {"LEVELS": (0.1, 0.5, 1.0), "FOR_FILTERS": 10},
    "papers": {"log_p": lambda net, x, n=200: n + x @ net.predict(np.eye(2))[0]},
    "pca": {"RATES": [0.03]},
    "sampling": {"DRAWS": 50},
    "sparsity": {"RATES": [0.03]},
}
# These learn nothing that is used for other images: they describe their own points.
DESCRIBES = "NearestNeighbors", "TSNE"
# What is chosen, so that two rows may well have the same.
SETTINGS = {"rate", "rates", "tried", "margin", "levels", "settings", "strengths"}
SETTINGS |= {"C", "gamma"}


def checksum(array):
    """Return a number that any change of an array moves, but rounding hardly."""
    array = np.asarray(array, np.float64).ravel()
    return float(np.mean(array * np.cos(np.arange(array.size) % 1009)))


class Watch:
    """What a claim fits, chooses, measures and draws."""

    def __init__(self, patch):
        self.fitted = []  # (what, checksums) of all that is fitted or chosen by
        self.starts = []  # of a seed's networks the weights before their training
        self.recipes = []  # of each network its optimizer and its loss, as text
        self.chosen = []  # of each choice the best, and how many had been trained
        self.states = []  # of a seed's estimators of scikit-learn their random state
        self.over_seeds = []  # of each call the seeds, the starts, the states, the rows
        self.rows = []  # the dicts of the report, also those within others
        self.figures = []

        patch.setattr(keras.Model, "fit", lambda *given, **o: self.fit(*given, **o))
        patch.setattr(keras.Model, "predict", predict)
        patch.setattr(keras.Model, "evaluate", evaluate)
        patch.setattr(experiment, "load_models", load_models)
        for module, name, watch in [
            (experiment, "choose", self.watch_choose),
            (experiment, "over_seeds", self.watch_over_seeds),
            (scipy.stats, "linregress", self.watch_function),
            (np, "percentile", self.watch_function),
        ]:
            patch.setattr(module, name, watch(getattr(module, name)))
        waiting = [BaseEstimator]
        while waiting:
            kind = waiting.pop()
            waiting += kind.__subclasses__()
            for name in {"fit", "fit_transform"} & vars(kind).keys():
                patch.setattr(kind, name, self.watch_estimator(vars(kind)[name]))
        keep = self.figures.append
        patch.setattr(Figure, "savefig", lambda figure, *path, **options: keep(figure))

    def fit(self, model, x, y, epochs=1, batch_size=32, validation_freq=1, **options):
        """Move the weights by all that a training depends on, and train nothing."""
        model(x[:8])
        weights = model.get_weights()
        start = checksum(weights[0]) + checksum(weights[-2])
        self.starts.append(start)
        self.fitted.append(("network", [checksum(x), checksum(y)]))

        config = {**model.optimizer.get_config(), "name": ""}
        loss = getattr(model.loss, "__name__", model.loss)
        nested = [getattr(part, "layers", [part]) for part in model.layers]
        layers = [layer for part in nested for layer in part]
        activations = [getattr(layer, "activation", None) for layer in layers]
        words = [config, loss, epochs, batch_size, activations]
        words = json.dumps(words, default=str)
        self.recipes.append(words)
        penalty = sum(float(loss) for loss in model.losses)
        features = start, checksum(x), checksum(y), penalty
        total = sum(1000 * f * math.sqrt(n) for n, f in enumerate(features, 2))
        total += zlib.crc32(words.encode()) % 997
        for weight in model.trainable_weights:
            moved = np.sin(np.arange(math.prod(weight.shape)) + total)
            weight.assign_add(0.03 * moved.reshape(weight.shape))

        losses = [abs(total) / n for n in range(1, epochs + 1)]
        at_times = losses[validation_freq - 1 :: validation_freq]
        return SimpleNamespace(history={"loss": losses, "val_loss": at_times})

    def keep_row(self, row):
        self.rows.append(row)
        return row

    def watch_choose(self, choose):
        def watched(settings, error_of, sets):
            before = len(self.recipes)
            best, tried = choose(settings, error_of, sets)
            self.fitted.append(("choice", [float(error) for error in tried.values()]))
            if len(self.recipes) > before:
                self.chosen.append((best, len(self.recipes)))
            return best, tried

        return watched

    def watch_over_seeds(self, over_seeds):
        def watched(measure, seeds=experiment.SEEDS):
            starts, states = [], []

            def watched_measure(seed):
                self.starts, self.states = [], []
                starts.append(self.starts)
                states.append(self.states)
                return measure(seed)

            found = over_seeds(watched_measure, seeds)
            self.starts, self.states = [], []  # what follows is no seed's
            self.over_seeds.append((list(seeds), starts, states, found))
            return found

        return watched

    def watch_function(self, function):
        @functools.wraps(function)
        def watched(*given, **options):
            caller = sys._getframe(1).f_code
            if "claims" in caller.co_filename and not caller.co_name.startswith("plot"):
                array, *_ = [*given, *options.values()]
                self.fitted.append((function.__name__, [checksum(array)]))
            return function(*given, **options)

        return watched

    def watch_estimator(self, fit):
        @functools.wraps(fit)
        def watched(estimator, x, y=None, *rest, **options):
            name = type(estimator).__name__
            given = [x] if y is None and not rest else [x, y]
            if name not in DESCRIBES:
                sums = [checksum(array) for array in given if array is not None]
                self.fitted.append((name, sums))
            self.states.append((name, getattr(estimator, "random_state", None)))
            return fit(estimator, *given, *rest, **options)

        return watched


def predict(model, x, batch_size=None, verbose=None):
    outputs = model(keras.ops.convert_to_tensor(np.asarray(x, np.float32)))
    return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)


def evaluate(model, x, y, **options):
    return {"accuracy": experiment.mse(y, model.predict(x))}


def load_models(script, args, seed=0):
    """Return a script's models as it has trained them: again, by its own settings."""
    images = experiment.load_images(args).train.x
    inputs = None
    if hasattr(script, "noise_factor"):
        inputs = common.add_noise(images, script.noise_factor, seed)
    models, _ = experiment.retrain(script, images, seed, inputs=inputs)
    return models


@pytest.fixture(scope="module")
def ran(mnist, tmp_path_factory):
    """Return `ran(claim)`: both runs of its main, each with what it has reported.

    The first is with 300 + 100 digits, the second with other test images.
    """
    folder = tmp_path_factory.mktemp("data")
    arrays = tiny(mnist, of_each=(30, 10))
    np.savez_compressed(folder / "digits.npz", **arrays)
    arrays["x_test"] = 255 - arrays["x_test"]
    np.savez_compressed(folder / "others.npz", **arrays)

    @functools.cache
    def ran(claim):
        runs = []
        module = importlib.import_module(claim)
        for name in "digits.npz", "others.npz":
            out = tmp_path_factory.mktemp(claim)
            with pytest.MonkeyPatch.context() as patch:
                for constant, value in FEWER.get(claim, {}).items():
                    patch.setattr(module, constant, value)
                run = Watch(patch)
                module.main(["--data", str(folder / name), "--out", str(out)])
            text = (out / f"{claim}.json").read_text(encoding="utf-8")
            run.report = json.loads(text, object_hook=run.keep_row)
            runs.append(run)
        return runs

    return ran


def has_decimals(value):
    return isinstance(value, float) and value != int(value)


def is_setting(place):
    return bool(SETTINGS & {*place.split(".")})


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_fitted_is_chosen_without_test_images(claim, ran):
    first, second = ran(claim)
    assert [name for name, _ in first.fitted] == [name for name, _ in second.fitted]
    for (name, numbers), (_, others) in zip(first.fitted, second.fitted):
        assert numbers == pytest.approx(others, rel=1e-3, abs=1e-6), name

    found, others = dict(leaves(first.report)), dict(leaves(second.report))
    assert found.keys() == others.keys()  # as many settings were found good
    for place, setting in found.items():
        if is_setting(place) and setting is not None:
            assert setting == pytest.approx(others[place], rel=1e-3), place
    for rate, trained in first.chosen:
        later = first.recipes[trained:]
        assert any(f": {rate}" in recipe for recipe in later), f"{rate} is not used"


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

    for row in run.rows:
        values = row.get("seeds", [])
        if any(has_decimals(value) for value in values):
            assert len(values) == 1 or len(set(values)) > 1, f"one number: {values}"


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_control_is_not_what_it_controls(claim, ran):
    """Two rows that have the same numbers everywhere are two names of one thing."""
    differ = {}
    for row in ran(claim)[0].rows:
        parts = {name: dict(leaves(part)) for name, part in row.items()}
        for (name, own), (other, others) in itertools.combinations(parts.items(), 2):
            both = [k for k in own if k in others and not is_setting(k)]
            if "mean" not in row and any(has_decimals(own[k]) for k in both):
                is_other = any(own[k] != others[k] for k in both)
                differ[name, other] = differ.get((name, other), False) or is_other
    assert [pair for pair in differ if not differ[pair]] == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_drawn_is_what_is_written(claim, ran):
    """The numbers of a line with decimals, x or y, are in NAME.json, or 1 - x in %."""
    if claim in ("noise_levels", "sparsity"):
        return  # they draw differences, and each unit of a code
    run = ran(claim)[0]
    written = [leaf for _, leaf in leaves(run.report) if has_decimals(leaf)]
    written = [0.5, *written, *(100 - 100 * np.array(written))]  # 0.5 is a guess
    axes = [axis for figure in run.figures for axis in figure.axes]
    for line in itertools.chain(*(axis.lines for axis in axes)):
        drawn = [of for of in np.float64(line.get_data(orig=False)) if any(of % 1)]
        found = [
            np.isclose(of[:, None], written, rtol=1e-6).any(axis=1) | (of % 1 == 0)
            for of in drawn
        ]
        assert not drawn or any(of.all() for of in found), line.get_label()

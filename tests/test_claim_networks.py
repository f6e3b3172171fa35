"""The networks of the claims are what their names say, and trained as is said."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import experiment
import code_size
import common
import few_labels
import keras
import noise_levels
import numpy as np
import papers
import vae

RANDOM = np.random.default_rng(0).random((40, 784), np.float32)
SETS = experiment.Sets(*[experiment.Images(RANDOM, np.arange(40) % 10)] * 4)


@pytest.fixture
def retrained(monkeypatch):
    """What `experiment.retrain` was called with, a list; it trains nothing."""
    calls = []

    def retrain(script, images, seed, build=None, **options):
        models = (build or script.build_autoencoder)()
        options |= {"script": script, "images": images, "models": models}
        calls.append(SimpleNamespace(**options))
        history = {"loss": [1.0], "val_loss": [4, 3, 2, 1]}
        return models, SimpleNamespace(history=history)

    monkeypatch.setattr(experiment, "retrain", retrain)
    return calls


def test_rows_are_shuffled_alike_and_anew_for_each_seed(monkeypatch, retrained):
    tested = []
    monkeypatch.setattr(experiment, "reconstruct", lambda _, x: tested.append(x) or x)
    x = np.arange(2 * 784).reshape(2, 784)
    for kind, seed in (code_size.SHUFFLED, 0), (code_size.SHUFFLED, 1), ("LSTM", 0):
        code_size.train(kind, 128, 0.01, seed, x, x)
    orders = []
    for call, x_test in zip(retrained, tested, strict=True):
        np.testing.assert_array_equal(call.images, x_test)
        orders.append(x_test.reshape(2, 28, 28)[0, :, 0] // 28)
        assert sorted(orders[-1]) == list(range(28))
    assert sorted(orders[2]) == list(orders[2]) != list(orders[0]) != list(orders[1])


def test_trainings_are_by_the_recipes_that_the_pages_name(monkeypatch, retrained):
    assert code_size.train_as_the_post("deep", 0, SETS) == {"25": 4, "100": 1}
    call = retrained.pop()
    assert float(call.make_optimizer(100).learning_rate) == 1
    assert not np.any(call.models[1].layers[-1].bias.numpy())

    monkeypatch.setattr(papers, "SCRIPTS", [])
    assert papers.compare_errors(None, SETS)["PCA-30"] < 784 / 12  # their variance
    call, *_ = retrained
    rate = call.make_optimizer(100).get_config()["learning_rate"]["config"]
    assert rate["warmup_target"] == 0.02
    kernels = [w.shape for w in call.models[0].trainable_weights if len(w.shape) == 2]
    sizes = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
    assert kernels == list(pairwise(sizes))
    assert call.models[1].layers[-1].activation is keras.activations.linear

    papers.compare_tutorials(SimpleNamespace(seed=0), SETS)
    for call in retrained[-2:]:
        assert type(call.make_optimizer(100)) is keras.optimizers.Adam
        assert float(call.make_optimizer(100).learning_rate) == pytest.approx(1e-3)
        assert call.batch_size == 128
        call.models[0].compile("sgd", loss=call.loss)
        images = RANDOM.reshape(-1, *call.models[0].output_shape[1:])
        loss = call.models[0].evaluate(images, images, verbose=0)
        # The two have drawn different codes.
        elbo = experiment.elbo(call.models, RANDOM)["elbo"]
        assert loss == pytest.approx(-elbo, rel=0.02)


def test_each_epoch_of_each_seed_draws_black_and_white_anew(monkeypatch):
    given = []
    monkeypatch.setattr(keras.Model, "fit", lambda self, *xy, **_: given.append(xy))
    for seed in 0, 1:
        papers.train_on_black_and_white(RANDOM, seed)
    assert all(x is y and set(np.unique(x)) == {0, 1} for x, y in given)
    assert len({x.tobytes() for x, _ in given}) == 2 * vae.epochs


def test_the_network_for_any_level_of_noise_sees_them_all(retrained):
    gray = np.full((500, 28, 28), 0.5, np.float32)
    noise_levels.train_at_any_level(gray, seed=0)
    np.testing.assert_array_equal(retrained[0].images, gray)
    # Before clipping the noise of 0.05 to 0.15 has that deviation; 0 to 1 is uniform.
    deviations = retrained[0].inputs.std(axis=(1, 2))
    assert np.quantile(deviations, 0.1) == pytest.approx(0.1, abs=0.03)
    strong = common.add_noise(gray[:50], 0.95).std()
    assert np.mean(deviations > strong) == pytest.approx(0.05, abs=0.03)


def test_what_is_frozen_stays_and_what_is_not_learns(monkeypatch):
    monkeypatch.setattr(few_labels, "EPOCHS", 2)
    start = few_labels.sparse_ae.build_autoencoder()[1].get_weights()
    moved = []
    for way in (start, False), (start, True), (None, True):
        model = few_labels.train_softmax(*way, 0.01, 0, *SETS.train)
        kernel = model.layers[0].get_weights()[0]
        moved.append(np.abs(kernel - start[0]).mean())
    frozen, tuned, scratch = moved
    assert frozen == 0 < tuned < scratch / 3

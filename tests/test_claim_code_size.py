"""claims/code_size.py: the sizes, what is tuned on what, rows shuffled, the recipe."""

import math

import pytest

pytest.importorskip("sklearn")
import code_size as claim
import keras
import numpy as np


@pytest.mark.parametrize("kind", claim.SCRIPTS)
def test_each_code_has_the_size_that_is_said(kind):
    for size in claim.SIZES:
        _, encoder, decoder = claim.build(kind, size)
        assert math.prod(encoder.output_shape[1:]) == size
        assert decoder.input_shape == encoder.output_shape
        assert math.prod(decoder.output_shape[1:]) == 784


def test_the_wide_network_is_never_narrower_than_its_code():
    _, encoder, decoder = claim.build("deep, wide", 128)
    widths = [layer.output.shape[-1] for layer in encoder.layers + decoder.layers]
    assert min(widths) == 128
    _, encoder, _ = claim.build("deep", 128)
    assert min(layer.output.shape[-1] for layer in encoder.layers) == 64


def test_pca_is_numpys_svd_clipped():
    random = np.random.default_rng(0)
    x_train = random.random((50, 784), np.float32) ** 3
    x_test = 3 * x_train[:20] - 1
    mean = x_train.mean(axis=0)
    directions = np.linalg.svd(x_train - mean, full_matrices=False)[2][:40]
    decoded = (x_test - mean) @ directions.T @ directions + mean
    assert decoded.min() < 0 and decoded.max() > 1  # there is something to clip
    by_hand = claim.experiment.mse(x_test, decoded.clip(0, 1))
    found = claim.measure_pca(40, sets_of(x_train, x_test))
    assert found["mse"] == pytest.approx(by_hand, rel=1e-4)


def sets_of(x_train, x_test):
    x = x_train, x_train[:-5], x_train[-5:], x_test
    return claim.experiment.Sets(*(claim.experiment.Images(x, None) for x in x))


def test_a_rate_is_chosen_by_short_trainings_without_test_images(monkeypatch):
    trainings = []

    def train(kind, size, rate, seed, x_train, x_test, epochs=claim.EPOCHS):
        trainings.append((rate, seed, len(x_train), x_test[0], epochs))
        return {"bce": abs(rate - 0.08), "mse": seed}

    monkeypatch.setattr(claim, "train", train)
    monkeypatch.setattr(claim, "SHORT_IMAGES", 30)
    found = claim.measure("deep", 8, sets_of(np.arange(60), np.arange(9) - 9), [3, 4])
    assert found["rate"] == 0.08  # beyond the first three, and another was tried
    assert list(found["tried"]) == [0.01, 0.02, 0.04, 0.08, 0.16]
    assert found["mse"]["seeds"] == [3, 4]
    short = [(rate, 0, 30, 55, claim.SHORT_EPOCHS) for rate in found["tried"]]
    ended = [(0.08, seed, 60, -9, claim.EPOCHS) for seed in (3, 4)]
    assert trainings == short + ended


def test_rows_are_shuffled_alike_and_anew_for_each_seed(monkeypatch):
    seen = []
    monkeypatch.setattr(
        claim.experiment, "retrain", lambda script, x, *_, **__: (seen.append(x), 0)
    )
    monkeypatch.setattr(claim, "errors", lambda models, x: seen.append(x))
    x = np.arange(2 * 784).reshape(2, 784)
    for seed in 0, 1:
        claim.train(claim.SHUFFLED, 128, 0.01, seed, x, x[1:])
    orders = [images[-1, :, 0] // 28 - 28 for images in seen]
    for order in orders:
        assert sorted(order) == list(range(28))
    np.testing.assert_array_equal(seen[0][1:], seen[1])
    assert not np.array_equal(orders[0], np.arange(28))
    assert not np.array_equal(orders[0], orders[2])
    claim.train("LSTM", 128, 0.01, 0, x, x)
    assert seen[-1] is x


def test_the_posts_recipe(monkeypatch):
    fits = []

    def fit(model, x, y, epochs, **options):
        fits.append((model.optimizer, epochs, options["batch_size"]))

    monkeypatch.setattr(keras.Model, "fit", fit)
    built = []
    monkeypatch.setattr(
        claim, "errors", lambda models, x: built.append(models) or {"bce": len(built)}
    )
    x = np.zeros((4, 784), np.float32)
    assert claim.train_as_the_post("deep", 0, sets_of(x, x)) == {"25": 1, "100": 2}
    assert [(epochs, size) for _, epochs, size in fits] == [(25, 128), (75, 128)]
    assert fits[0][0] is fits[1][0]
    assert type(fits[0][0]) is keras.optimizers.Adadelta
    assert float(fits[0][0].learning_rate) == 1
    _, encoder, _ = built[0]
    assert encoder.output_shape == (None, 32)
    assert not np.any(encoder.layers[-1].bias.numpy())

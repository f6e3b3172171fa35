"""claims/papers.py: log p(x) by hand, the networks, and what each training is given."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

pytest.importorskip("sklearn")
import experiment
import keras
import numpy as np
import papers
from scipy.integrate import quad
from scipy.stats import norm
import vae


def test_log_p_is_the_integral_over_both_numbers_of_the_code():
    """Two pixels, both white with probability 1 / (1 + exp(-z1 - 2 z2 - 1))."""

    def predict(codes, **options):
        return np.repeat(1 / (1 + np.exp(-codes @ [[1], [2]] - 1)), 2, axis=1)

    def density(t):  # z1 + 2 z2 + 1 is normal, with the variance 1 + 4
        return norm.pdf(t, 1, 5**0.5) / (1 + np.exp(-t)) ** 2

    images = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])
    found = papers.log_p(SimpleNamespace(predict=predict), images)
    assert found[3] == pytest.approx(np.log(quad(density, -20, 20)[0]), abs=1e-4)
    assert found[1] == pytest.approx(found[2], abs=1e-6)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-4)


def test_a_code_that_says_nothing_has_an_elbo_of_log_p():
    models = vae.build_autoencoder()
    for layer in models[1].layers[-3:-1] + models[2].layers[1:2]:
        layer.set_weights([0 * weight for weight in layer.get_weights()])
    images = papers.black_or_white(np.full((50, 784), 0.3, "float32"), seed=0)
    elbo = experiment.elbo(models, images)
    assert elbo["used"] == 0
    found = papers.log_p(models[2], images, points=60).mean()
    assert found == pytest.approx(elbo["elbo"], abs=0.05)


def test_a_pixel_is_white_as_often_as_it_is_bright():
    images = np.float32([[0, 0.25, 0.75, 1]] * 20_000)
    drawn = papers.black_or_white(images, seed=0)
    assert set(np.unique(drawn)) == {0, 1}
    assert drawn.mean(axis=0) == pytest.approx([0, 0.25, 0.75, 1], abs=0.01)
    assert drawn[:, 0].max() == 0
    assert drawn[:, 3].min() == 1


def test_each_epoch_of_each_seed_draws_the_training_images_anew(monkeypatch):
    given = []
    monkeypatch.setattr(keras.Model, "fit", lambda self, *xy, **_: given.append(xy))
    images = np.full((4, 784), 0.5, "float32")
    for seed in 0, 1:
        papers.train_on_black_and_white(images, seed)
    assert all(x is y and set(np.unique(x)) == {0, 1} for x, y in given)
    assert len({x.tobytes() for x, _ in given}) == 2 * vae.epochs


def test_the_network_of_2006():
    autoencoder, encoder, decoder = papers.build_hinton()
    kernels = [w.shape for w in autoencoder.trainable_weights if len(w.shape) == 2]
    sizes = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
    assert kernels == list(pairwise(sizes))
    assert encoder.layers[-1].activation is keras.activations.linear
    assert decoder.layers[-1].activation is keras.activations.sigmoid


@pytest.mark.parametrize("build", [papers.build_keras_io, papers.build_pytorch])
def test_a_tutorials_loss_is_minus_elbo(build):
    autoencoder, _, _ = models = build()
    images = np.random.default_rng(0).random((64, 784), "float32")
    targets = images.reshape(-1, *autoencoder.output_shape[1:])
    autoencoder.compile("sgd", loss=papers.nats)
    loss = autoencoder.evaluate(targets, targets, verbose=0)
    # The two have drawn different codes.
    assert loss == pytest.approx(-experiment.elbo(models, images)["elbo"], rel=0.02)


def test_trainings_are_by_the_recipes_that_the_page_names(monkeypatch):
    calls = []

    def retrain(script, images, seed, **options):
        calls.append((seed, images, options))
        models = vae.build_autoencoder()
        return models, SimpleNamespace(history={"loss": [1.0]})

    monkeypatch.setattr(experiment, "retrain", retrain)
    monkeypatch.setattr(
        experiment, "load_models", lambda script, *_: script.build_autoencoder()
    )
    random = np.random.default_rng(0)
    sets = [experiment.Images(random.random((40, 784), "float32"), None)] * 3
    test = experiment.Images(random.random((5, 784), "float32"), None)
    sets = experiment.Sets(*sets, test)
    papers.compare_errors(None, sets)
    papers.compare_tutorials(SimpleNamespace(seed=0), sets)

    assert all(images is sets.train.x for _, images, _ in calls)
    hinton, (_, keras_io, pytorch) = calls[:3], (c[2] for c in calls[3:])
    assert [seed for seed, *_ in hinton] == [0, 1, 2]
    optimizer = hinton[0][2]["make_optimizer"](100)
    assert isinstance(optimizer, keras.optimizers.Muon)
    assert optimizer.get_config()["learning_rate"]["config"]["warmup_target"] == 0.02
    for recipe in keras_io, pytorch:
        optimizer = recipe["make_optimizer"](100)
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(1e-3)
        assert recipe["batch_size"] == 128


def test_each_network_that_is_measured_is_a_seeds_own(monkeypatch):
    """Trained on training images, and measured on one set of images of 0 and 1."""
    measured = []
    loaded, trained = [], []

    def log_p(decoder, images, points=200):
        measured.append((decoder, images))
        return np.zeros(len(images))

    def load_models(script, args, seed=0):
        loaded.append(seed)
        return None, None, f"grey {seed}"

    def train(images, seed):
        trained.append((images, seed))
        return None, None, f"black and white {seed}"

    monkeypatch.setattr(papers, "log_p", log_p)
    monkeypatch.setattr(papers, "train_on_black_and_white", train)
    monkeypatch.setattr(experiment, "load_models", load_models)
    monkeypatch.setattr(experiment, "elbo", lambda models, images: {})
    random = np.random.default_rng(0)
    train_images = experiment.Images(random.random((9, 784)), None)
    test = experiment.Images(random.random((5, 784)), None)
    sets = experiment.Sets(train_images, None, None, test)
    papers.compare_likelihoods(None, sets)

    assert [seed for _, seed in trained] == [0, 1, 2]
    assert all(images is sets.train.x for images, _ in trained)
    decoders = [decoder for decoder, _ in measured[-6:]]
    kinds = "grey", "black and white"
    assert decoders == [f"{kind} {seed}" for kind in kinds for seed in (0, 1, 2)]
    drawn = papers.black_or_white(sets.test.x, seed=0)
    assert all(np.array_equal(images, drawn) for _, images in measured)

"""claims/sampling.py: its measures by hand, and that what is drawn is what is said."""

import pytest

pytest.importorskip("sklearn")
import experiment
import numpy as np
import sampling
from sklearn.neighbors import KNeighborsClassifier


def test_kinds_of_digit_by_hand():
    assert sampling.kinds(np.arange(10)) == pytest.approx(10)
    assert sampling.kinds(np.array([3, 3, 3])) == pytest.approx(1)
    assert sampling.kinds(np.array([0, 9, 0, 9])) == pytest.approx(2)


def test_neighbours_vote_and_agree():
    images = np.array([[0.0], [0.1], [0.2], [0.3], [0.4], [5], [6], [7], [8], [9]])
    labels = np.array([1, 1, 1, 1, 1, 2, 2, 2, 3, 3])
    classifier = KNeighborsClassifier(5).fit(images, labels)
    found = sampling.judge(classifier, np.array([[0.2], [7.0]]))
    assert found["kinds"] == pytest.approx(2)  # a 1 and a 2
    assert found["agree"] == 0.5


def test_distance_from_a_normal_distribution():
    codes = np.random.default_rng(0).standard_normal((100_000, 2))
    assert sampling.distance_from_normal(codes) < 0.02
    assert sampling.distance_from_normal(np.full((9, 2), 7.0)) == pytest.approx(0.99)
    # One number is right, the other is 0: ten cells of a hundred.
    codes[:, 1] = 0
    assert sampling.distance_from_normal(codes) == pytest.approx(0.9, abs=0.01)


def test_codes_are_drawn_from_what_the_table_says():
    random = np.random.default_rng(0)
    centres = 10.0 * np.array([(x, y) for x in range(5) for y in (1, 2)])
    codes = np.repeat(centres, 200, axis=0) + 0.1 * random.standard_normal((2000, 2))

    normal = sampling.draw("VAE", codes, None, seed=0)
    assert normal.mean(axis=0) == pytest.approx([0, 0], abs=0.2)
    assert normal.std(axis=0) == pytest.approx([1, 1], abs=0.2)

    one = sampling.draw("VAE", codes, 1, seed=0)
    assert one.mean(axis=0) == pytest.approx(codes.mean(axis=0), abs=2)
    assert np.cov(one.T) == pytest.approx(np.cov(codes.T), abs=40)

    def gaps(drawn):
        return np.linalg.norm(drawn[:, None] - centres, axis=2).min(axis=1)

    assert np.mean(gaps(one) < 1) < 0.2
    assert np.mean(gaps(sampling.draw("VAE", codes, 10, seed=0)) < 1) > 0.9
    assert sampling.draw("plain", codes - 20, 1, seed=0).min() == 0  # a relu


def test_networks_differ_in_what_their_names_say(monkeypatch):
    calls = {}

    def retrain(script, images, seed, build, epochs):
        models = build()
        calls[name] = script.__name__, epochs, models[2].input_shape[1]
        weight = getattr(models[1].layers[-1], "kl_weight", None)
        calls[name] += (weight and round(784 * weight, 3),)
        raise StopIteration

    monkeypatch.setattr(experiment, "retrain", retrain)
    images = experiment.Images(np.zeros((20, 784), "float32"), None)
    sets = experiment.Sets(images, images, images, images)
    for name in sampling.NETWORKS:
        with pytest.raises(StopIteration):
            sampling.measure(name, sets, None, 0, {})
    assert calls == {
        "plain": ("deep_ae", 5, 2, None),
        "VAE, beta 0": ("vae", 5, 2, 0),
        "VAE, beta 0.5": ("vae", 5, 2, 0.5),
        "VAE": ("vae", 5, 2, 1),
        "VAE, beta 4": ("vae", 5, 2, 4),
        "VAE, 8 numbers": ("vae", 5, 8, 1),
        "VAE, 32 numbers": ("vae", 5, 32, 1),
    }

"""claims/few_labels.py: draws, scaling, how settings are chosen, the verdict."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import few_labels as claim


def test_a_draw_has_as_many_of_each_digit_and_nothing_twice():
    labels = np.random.default_rng(0).integers(0, 10, 500)
    random = np.random.default_rng(1)
    first, second = (claim.draw_labels(labels, 100, random) for _ in range(2))
    assert np.bincount(labels[first]).tolist() == [10] * 10
    assert len(set(first)) == 100
    assert set(first) != set(second)


def test_features_are_scaled_by_the_training_images_alone():
    random = np.random.default_rng(0)
    x_train = random.standard_normal((400, 3)) * [1, 10, 0] + 5
    others = x_train[:50] * 2
    each, together = claim.scaled(x_train, x_train)
    np.testing.assert_allclose(each.std(axis=0), [1, 1, 0], atol=1e-9)
    assert np.mean(together.std(axis=0) ** 2) == pytest.approx(1)
    ratio = together.std(axis=0)[1] / together.std(axis=0)[0]
    assert ratio == pytest.approx(x_train.std(axis=0)[1] / x_train.std(axis=0)[0])
    expected = (others - x_train.mean(axis=0))[:, :2] / x_train.std(axis=0)[:2]
    np.testing.assert_allclose(claim.scaled(others, x_train)[0][:, :2], expected)


def test_the_setting_is_chosen_on_validation_images(monkeypatch):
    class Fake:
        """Right as often as `labels` says for the scaling and its strength."""

        def __init__(self, strength):
            self.place = claim.STRENGTHS.index(strength)

        def fit(self, features, labels):
            return self

        def score(self, features, labels):
            is_together = np.ptp(features.std(axis=0)) > 1e-6
            return labels[int(is_together)][self.place]

    monkeypatch.setattr(claim, "classifier", lambda name, strength, *_: Fake(strength))
    features = dict.fromkeys(("train", "validation", "test"), np.diag([1, 1, 1, 9]))
    labels = {
        "train": np.arange(4),
        "validation": [[0.8, 0.7, 0.5, 0.2], [0.1, 0.9, 0.1, 0.1]],
        "test": [[0.4, 0.99, 0.4, 0.5], [0.7, 0.3, 0.7, 0.8]],
    }
    draws = [np.arange(2), np.arange(3)]
    assert claim.accuracies("pixels", features, labels, draws, 0) == [0.3, 0.3]


def test_both_classifiers_learn_two_far_groups():
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = labels[:, np.newaxis] * 8 + random.standard_normal((60, 5))
    features = dict.fromkeys(("train", "validation", "test"), images)
    of = dict.fromkeys(features, labels)
    for name in "pixels", claim.FROM_SCRATCH:
        assert claim.accuracies(name, features, of, [np.arange(10)], 0) == [1]


def test_the_verdict_follows_the_numbers():
    def of(*draws):
        return {"10": claim.spread(draws[0]), "100": claim.spread(draws[1])}

    accuracy = {
        "pixels": of([0.3, 0.5], [0.7, 0.8]),
        "deep_ae": of([0.5, 0.5], [0.7, 0.8]),
        "sparse_ae": of([0.4, 0.4], [0.71, 0.81]),
    }
    assert claim.wins(accuracy["sparse_ae"]["10"], accuracy["pixels"]["10"]) == 1
    assert claim.wins(accuracy["deep_ae"]["100"], accuracy["pixels"]["100"]) == 0
    text = claim.verdict(accuracy)
    assert "deep_ae with 10 (50.0%), sparse_ae with 100 (76.0%)" in text
    assert "pixels have 40.0% with 10 and 75.0% with 100" in text
    assert text.endswith("beats all others in every draw with 100 labels.")
    accuracy["deep_ae"]["100"] = claim.spread([0.6, 0.9])
    assert claim.verdict(accuracy).endswith("in every draw nowhere.")

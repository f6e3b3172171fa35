"""claims/few_labels.py: draws, scaling, and how settings are chosen."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn")
import experiment
import few_labels as claim


def test_draws_differ_and_have_the_proportions_of_the_digits():
    labels = np.arange(2000) % 10
    draws = claim.draw_labels(labels, 100)
    for draw in draws:
        assert np.bincount(labels[draw]).tolist() == [10] * 10
    assert len({tuple(sorted(draw)) for draw in draws}) == claim.DRAWS


def test_all_features_have_one_scale(tiny_npz, tmp_path, monkeypatch):
    encoder = SimpleNamespace(input_shape=(None, 784))
    encoder.predict = lambda x, **options: x[:, 300:310] * 7 + 5
    monkeypatch.setattr(experiment, "load_models", lambda *_: (None, encoder, None))

    def retrain(script, images, seed, build):
        _, without, _ = build()
        assert script is claim.sparse_ae
        assert float(without.layers[1].activity_regularizer.l1) == 0
        return (None, encoder, None), None

    monkeypatch.setattr(experiment, "retrain", retrain)
    args = SimpleNamespace(data=tiny_npz, out=tmp_path, seed=0)
    images = experiment.load_images(args)
    features = claim.make_features(images, args)
    untrained = features.pop(claim.UNTRAINED)
    assert untrained[0].shape == (len(images.fit.x), 128) and untrained[0].std() > 0
    assert features["pixels"][0].shape == images.fit.x.shape
    for x_fit, x_choose, x_test in features.values():
        np.testing.assert_allclose(x_fit.mean(axis=0), 0, atol=1e-5)
        assert x_fit.var(axis=0).sum() == pytest.approx(1, rel=1e-4)
        assert len(x_choose) == len(images.choose.x) and len(x_test) == 20


def test_the_setting_is_chosen_without_the_test_images(monkeypatch):
    class Fake(claim.SVC):
        """Right for all images if C says so: as many as C of those to choose by."""

        def fit(self, x, y):
            self.classes_ = np.unique(y)
            self.seen = len(x)
            return self

        def score(self, x, y):
            assert self.seen == 10  # one draw, and nothing of what it is judged by
            np.testing.assert_array_equal(y, (np.arange(20) + x[0, 0]) % 10)
            right = {"choose": [0.1, 0.9, 0.2], "test": [0.7, 0.5, 0.99]}
            return right["test" if x[0, 0] == 2 else "choose"][self.C]

    monkeypatch.setattr(claim, "SVC", Fake)
    monkeypatch.setitem(claim.GRIDS, "SVM", {"C": [0, 1, 2]})
    features = [np.full((n, 3), value) for n, value in ((40, 0), (20, 1), (20, 2))]
    labels = [
        experiment.Images(x, (np.arange(len(x)) + x[0, 0]) % 10) for x in features
    ]
    images = experiment.Sets(labels[0], *labels)
    draws = [np.arange(n, n + 10) for n in range(3)]
    assert claim.classify("SVM", features, images, draws) == ([0.5] * 3, {"C": 1})


@pytest.mark.parametrize("kind", claim.GRIDS)
def test_both_classifiers_learn_far_groups(kind):
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    x = np.eye(3)[labels] * 8 + random.standard_normal((60, 3))
    part = experiment.Images(x, labels)
    images = experiment.Sets(part, part, part, part)
    draws = [np.arange(9), np.arange(9, 18)]
    accuracies, _ = claim.classify(kind, (x, x, x), images, draws)
    assert accuracies == [1, 1]


def test_what_is_frozen_stays_and_what_is_not_learns(tiny_npz, monkeypatch):
    monkeypatch.setattr(claim, "EPOCHS", 2)
    start = claim.sparse_ae.build_autoencoder()[1].get_weights()
    x = np.random.default_rng(0).random((20, 784), np.float32)
    y = np.arange(20) % 10
    frozen = claim.train_softmax(start, False, 0.01, 0, x, y).layers[0].get_weights()
    tuned = claim.train_softmax(start, True, 0.01, 0, x, y).layers[0].get_weights()
    scratch = claim.train_softmax(None, True, 0.01, 0, x, y).layers[0].get_weights()
    np.testing.assert_array_equal(frozen[0], start[0])
    near = np.abs(tuned[0] - start[0]).mean()
    assert 0 < near < np.abs(scratch[0] - start[0]).mean() / 3


def test_wrong_answers_are_counted():
    images = experiment.Images(np.eye(4), np.array([0, 1, 2, 0]))
    model = SimpleNamespace(predict=lambda x, **options: x)  # the digit is the place
    assert claim.share_wrong(model, images) == 0.25

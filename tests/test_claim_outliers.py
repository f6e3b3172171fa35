"""claims/outliers.py: its images, AUROC and threshold, by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import experiment
import outliers as claim


def test_auroc_by_hand():
    assert claim.auroc(np.array([1, 2, 3]), np.array([4, 5])) == 1
    assert claim.auroc(np.array([1, 2, 3]), np.array([0])) == 0
    # of six pairs the outlier has more in three, and as much in one
    assert claim.auroc(np.array([1, 2, 3]), np.array([2, 4])) == pytest.approx(4.5 / 6)


def test_the_hard_sets_are_averaged_and_alarms_are_above_the_95th_percentile():
    def score(images):
        return images[:, 0]

    inliers = np.array([[0], [95], [96], [99]])
    sets = {"turned": [[100]], "mirrored": [[-1]], "letters": [[100], [-1]]}
    sets = {name: np.array(images) for name, images in sets.items()}
    found = claim.aurocs(score, inliers, sets)
    assert found["score"] == 72.5
    assert found["turned"] == 1 and found["mirrored"] == 0 and found["hard"] == 0.5

    known = np.arange(101.0)[:, None]  # the threshold is 95
    found = claim.alarms(score, known, inliers, {"odd": np.array([[94], [95], [97]])})
    assert found == {"false alarms": 0.5, "odd": pytest.approx(2 / 3)}


def test_what_is_left_out_is_never_trained_on_and_then_is_the_outlier(monkeypatch):
    fits = []

    def retrain(script, images, seed, epochs):
        fits.append((script, np.unique(images[:, 0]), epochs))
        return script, None

    monkeypatch.setattr(experiment, "retrain", retrain)
    monkeypatch.setattr(claim, "error_of_network", lambda models: lambda x: x[:, 0])
    monkeypatch.setattr(claim, "error_of_pca", lambda x, size: lambda x: x[:, 0])

    def part(first):  # the first pixel tells part and digit
        labels = np.arange(10)
        pixels = np.float32(labels + first)[:, None] * np.ones(784)
        return experiment.Images(pixels, labels)

    images = experiment.Sets(None, part(100), part(20), part(0))
    found = claim.find(9, images, {}, seed=0)
    for script, pixels, epochs in fits:
        assert pixels.tolist() == list(range(100, 109))
        assert epochs == claim.EPOCHS[script]
    assert len(fits) == 2
    for of_score in found.values():
        assert of_score["auroc"]["the digit"] == 1  # 9 is more than 0 to 8
        assert of_score["misses"] == {"false alarms": 0, "the digit": 1}

    found = {str(digit): {"net": {"misses": {"x": digit}}} for digit in range(10)}
    assert claim.mean_of_digits(found) == {"net": {"misses": {"x": 4.5}}}


def test_each_seed_has_a_model_of_its_own(monkeypatch):
    monkeypatch.setattr(experiment, "load_models", lambda script, args, seed: seed)
    monkeypatch.setattr(
        claim, "error_of_network", lambda seed: lambda x: x[:, 0] + seed
    )
    found = claim.over_seeds(None, None, np.zeros((2, 1)), {"odd": np.ones((2, 1))})
    assert found["score"]["seeds"] == [0, 1, 2] and found["odd"]["seeds"] == [1, 1, 1]


def test_characters_are_drawn_as_digits_are():
    for font in claim.FONTS:
        for character in "RT7":
            image = claim.draw(character, font)
            assert image.shape == (28, 28) and image.dtype == np.float32
            assert image.max() <= 1 and image.min() == 0
            assert np.any((image > 0.1) & (image < 0.9))  # anti-aliased
            filled = [np.flatnonzero(image.any(axis=axis)) for axis in (0, 1)]
            assert max(np.ptp(places) + 1 for places in filled) in (19, 20)
            centre = np.average(np.indices((28, 28)).reshape(2, -1), 1, image.ravel())
            # to the nearest pixel, if the box allows it: the T touches the border
            assert abs(centre - 13.5).max() <= (0.51 if character != "T" else 3)


def test_the_sets_hold_what_their_names_say():
    x_test = np.random.default_rng(0).random((10, 784), np.float32)
    sets = claim.make_outliers(experiment.Images(x_test, np.arange(10)))
    seven = x_test[7].reshape(28, 28)
    np.testing.assert_array_equal(sets["turned"][2], np.rot90(seven, 2).ravel())
    np.testing.assert_array_equal(sets["mirrored"][2], np.fliplr(seven).ravel())
    assert len(sets["turned"]) == 3
    assert not set(claim.LETTERS) & set("BGILOQSZbgiloqsz")  # look like digits
    assert len(sets["photographs"]) > 150 and sets["photographs"].std() > 0.1
    assert sets["black"].max() == 0


def test_controls_by_hand():
    x_train = np.random.default_rng(0).random((40, 784), np.float32)
    images = x_train[:3] + 0.1
    _, _, axes = np.linalg.svd(x_train - x_train.mean(axis=0), full_matrices=False)
    numbers = (images - x_train.mean(axis=0)) @ axes[:2].T
    decoded = np.clip(numbers @ axes[:2] + x_train.mean(axis=0), 0, 1)
    by_hand = np.mean((images - decoded) ** 2, axis=1)
    score = claim.error_of_pca(x_train, 2)
    np.testing.assert_allclose(score(images), by_hand, rtol=1e-3)
    np.testing.assert_allclose(claim.whiteness(images), images.mean(axis=1))

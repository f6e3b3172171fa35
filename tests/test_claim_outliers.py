"""claims/outliers.py: its images, AUROC and threshold, by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import experiment
import outliers as claim


def first_pixel(images):
    return np.array(images)[:, 0]


def test_auroc_by_hand():
    assert claim.auroc(np.array([1, 2, 3]), np.array([4, 5])) == 1
    assert claim.auroc(np.array([1, 2, 3]), np.array([0])) == 0
    # of six pairs the outlier has more in three, and as much in one
    assert claim.auroc(np.array([1, 2, 3]), np.array([2, 4])) == pytest.approx(4.5 / 6)
    sets = {"turned": [[100]], "mirrored": [[-1]], "letters": [[100], [-1]]}
    found = claim.aurocs(first_pixel, [[0], [95], [96], [99]], sets)
    by_hand = {"score": 72.5, "turned": 1, "mirrored": 0, "letters": 0.5, "hard": 0.5}
    assert found == by_hand


def test_an_alarm_is_above_the_95th_percentile():
    held_out = np.arange(101.0)[:, None]
    found = claim.missed(first_pixel, held_out, [[94], [95], [97], [99]])
    assert found == 0.5


def test_what_is_left_out_is_never_trained_on_and_then_is_the_outlier(monkeypatch):
    def train_scores(images, seed):
        assert np.unique(images).tolist() == list(range(100, 109))
        return {"net": first_pixel}

    monkeypatch.setattr(claim, "train_scores", train_scores)
    digits = np.arange(10)
    images = experiment.Sets(  # train, fit, choose and test; the pixel is the digit
        *(
            experiment.Images(digits[:, None] + first, digits)
            for first in (0, 100, 0, 0)
        )
    )
    assert claim.leave_out(9, images, seed=0) == {"net": {"auroc": 1, "missed": 0}}


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


def test_pca_by_hand():
    x_train = np.random.default_rng(0).random((40, 784), np.float32)
    images = x_train[:3] + 0.1
    _, _, axes = np.linalg.svd(x_train - x_train.mean(axis=0), full_matrices=False)
    numbers = (images - x_train.mean(axis=0)) @ axes[:2].T
    decoded = np.clip(numbers @ axes[:2] + x_train.mean(axis=0), 0, 1)
    by_hand = np.mean((images - decoded) ** 2, axis=1)
    score = claim.error_of_pca(x_train, 2)
    np.testing.assert_allclose(score(images), by_hand, rtol=1e-3)

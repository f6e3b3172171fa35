"""claims/maps_2d.py: votes and test by hand; wrong neighbours are marked."""

import pytest

pytest.importorskip("sklearn")
import experiment
import maps_2d
import numpy as np
from scipy import stats


def test_the_five_nearest_others_vote():
    # On a line: six points of digit 3, and far away six of which one is a 1.
    places = np.concatenate([np.arange(6), 100 + np.arange(6)])
    codes = np.stack([places, 0 * places], axis=1).astype(float)
    labels = np.array([3] * 6 + [1] + [2] * 5)
    right = maps_2d.are_right(codes, labels)
    assert right.tolist() == [True] * 6 + [False] + [True] * 5
    for place, five in enumerate(maps_2d.nearest(codes)):
        assert place not in five


def test_paired_test_by_hand():
    ours = np.array([1, 1, 1, 1, 1, 1, 0, 1, 0], bool)
    theirs = np.array([0, 0, 0, 0, 0, 0, 1, 1, 0], bool)
    found = maps_2d.paired_test(ours, theirs)
    assert (found["wins"], found["losses"]) == (6, 1)
    assert found["p"] == pytest.approx(2 * stats.binom.cdf(1, 7, 0.5))
    assert maps_2d.paired_test(ours, ours)["p"] == 1


def test_new_images_are_told_by_training_images():
    train = experiment.Images(np.arange(20.0).reshape(-1, 1), np.arange(20) // 10)
    test = experiment.Images(np.array([[0.0], [19.0], [19.5]]), np.array([0, 1, 0]))
    sets = experiment.Sets(train, None, None, test)
    found = maps_2d.score_new_images({"line": lambda images: images}, sets)
    assert found == {"line, new": pytest.approx(2 / 3)}


def test_without_relu_both_numbers_can_be_negative():
    images = np.random.default_rng(0).random((50, 784), "float32")
    _, encoder, _ = maps_2d.build_without_relu()
    encoder.layers[-1].bias.assign([-50, -50])
    assert encoder.predict(images, verbose=0).max() < 0


def test_neighbours_of_another_digit_have_a_frame():
    images = np.random.default_rng(0).random((60, 784))
    labels = np.arange(60) % 10
    neighbours = np.tile(np.arange(10)[:, None], 5) + 10  # of the same digit
    neighbours[3, 4] = 14
    fig = maps_2d.plot_neighbours(images, labels, neighbours)
    framed = [axis.spines["top"].get_visible() for axis in fig.axes]
    assert np.flatnonzero(framed).tolist() == [5 * 10 + 3]

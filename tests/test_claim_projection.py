"""claims/projection.py: votes of others only, readable names, a fair verdict."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
import numpy as np
import projection

random = np.random.default_rng(0)


def test_a_point_has_no_vote_about_itself():
    # Six zeros in one place, and there a one: its neighbours are zeros. The other
    # ones, five of them, have each other and that one.
    places = np.array([0.0] * 7 + [9.0] * 6)[:, None] + 1e-3 * random.random((13, 2))
    labels = np.array([0] * 6 + [1] + [1] * 6)
    right = projection.right_votes(places, labels)
    np.testing.assert_array_equal(right, [True] * 6 + [False] + [True] * 6)


def test_anywhere_is_a_tenth():
    labels = np.arange(2000) % 10
    right = projection.right_votes(random.random((2000, 2)), labels)
    assert right.mean() == pytest.approx(0.1, abs=0.03)


def test_a_difference_counts_above_two_standard_errors():
    ours = np.array([True] * 60 + [False] * 40)
    assert projection.compare(ours, ~ours) == "not seen to differ from"  # 60 to 40: 2
    ours[60] = True
    assert projection.compare(ours, ~ours) == "better than"
    assert projection.compare(~ours, ours) == "worse than"
    assert projection.compare(ours, ours) == "not seen to differ from"


def test_the_verdict_says_who_wins():
    right = {
        "PCA": np.arange(100) < 40,
        "autoencoder, 2 numbers": np.arange(100) < 70,
        "PCA-50, t-SNE": np.arange(100) < 95,
    }
    alone = projection.spread([0.95, 0.96])
    assert alone == {"mean": pytest.approx(0.955), "low": 0.95, "high": 0.96}

    def answer(*scores):
        both = {"PCA-50, t-SNE": alone, "32 numbers, t-SNE": projection.spread(scores)}
        return projection.verdict(right, both)

    text = answer(0.97, 0.98)
    assert "(70.0% by 5 neighbours) is better than PCA (40.0%)" in text
    assert "worse than PCA-50, then t-SNE (95.0%)" in text
    assert "(97.5%, 97.0% to 98.0%), is better than PCA-50, then t-SNE" in text
    assert "t-SNE (95.5%, 95.0% to 96.0%)." in text
    assert "%), is worse than" in answer(0.93, 0.94)
    assert "not seen to differ from" in answer(0.96, 0.98)  # they touch
    assert "not seen to differ from" in answer(0.90, 0.95)


def test_names_stand_where_a_digit_is_densest_and_apart():
    cloud = np.concatenate([random.random((50, 2)), 0.7 + 0.01 * random.random((9, 2))])
    assert projection.densest(cloud) >= 50  # of the nine
    places = np.array([[0.5, 0.5], [0.5, 0.5], [0.52, 0.5], [0.1, 0.9]])
    apart = projection.push_apart(places, distance=0.1)
    gaps = np.linalg.norm(apart[:, None] - apart, axis=2)[np.triu_indices(4, 1)]
    assert gaps.min() >= 0.1
    np.testing.assert_allclose(
        apart[3], [0.1, 0.9], atol=1e-5
    )  # it was in no one's way


def test_every_digit_has_its_colour_and_its_name():
    labels = np.arange(200) % 10
    axis = Figure().subplots()
    projection.draw_map(axis, random.random((200, 2)), labels)
    colors = to_rgba_array(projection.COLORS)
    assert len(np.unique(colors, axis=0)) == 10
    points = axis.collections[0].get_facecolors()
    np.testing.assert_array_equal(points, colors[labels])
    assert [text.get_text() for text in axis.texts] == list("0123456789")

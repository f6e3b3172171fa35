"""claims/neighbours.py: the nearest, the vote and McNemar's test, by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import neighbours as claim


def test_the_nearest_are_others_and_nearest_first():
    codes = np.array([[0, 0], [1, 0], [3, 0], [7, 0], [0, 0.5]])
    assert claim.nearest(codes, 2).tolist() == [[4, 1], [0, 4], [1, 0], [2, 1], [0, 1]]


def test_the_five_nearest_vote():
    train = np.arange(10.0)[:, None]
    labels = np.array([0, 0, 1, 1, 1, 1, 1, 0, 0, 0])
    guesses = claim.right_guesses(train, labels, np.array([[1.9], [8]]), [1, 1])
    assert guesses.tolist() == [True, False]  # of 0 to 4 three are 1; of 5 to 9 two


def test_mcnemar_by_hand():
    ours = np.array([True] * 9 + [False] + [True] * 5)
    theirs = np.array([False] * 9 + [True] + [True] * 5)
    found = claim.compare(ours, theirs)
    assert (found["wins"], found["losses"]) == (9, 1)
    # 10 coins: 0, 1, 9 or 10 heads in 1 + 10 + 10 + 1 of 1,024 cases
    assert found["p"] == pytest.approx(22 / 1024)
    assert claim.compare(ours, ours)["p"] == 1


def test_a_difference_has_to_be_there_in_every_seed():
    wins = {"wins": 90, "losses": 40, "p": 0.001}
    loses = {"wins": 40, "losses": 90, "p": 0.001}
    unclear = {"wins": 60, "losses": 50, "p": 0.4}
    assert claim.in_words([wins, wins], "x").startswith("better than x")
    assert claim.in_words([loses, loses], "x").startswith("worse than x")
    for tests in [wins, loses], [wins, unclear]:
        assert claim.in_words(tests, "x").startswith("not seen to differ")


def test_the_verdict_places_the_code():
    tests = {"pixels": [{"wins": 1, "losses": 1, "p": 1.0}]}
    tests["pca"] = tests["pixels"]
    for shares, words in (
        ([0.96, 0.97], "more than with pixels (93.0%) and more than with PCA (95.0%)"),
        ([0.90, 0.91], "fewer than with pixels (93.0%) and fewer than with PCA"),
        ([0.94, 0.94], "more than with pixels (93.0%) and fewer than with PCA"),
        ([0.91, 0.94], "about as many as with pixels (93.0%) and fewer than with PCA"),
    ):
        code = [{"same": share, "accuracy": 0.97} for share in shares]
        others = {"pixels": {"same": 0.93}, "pca": {"same": 0.95}}
        assert words in claim.verdict({**others, "code": code}, tests)


def test_wrong_neighbours_are_counted_by_query():
    labels = np.array([5, 6, 6, 6, 5])
    by_code = np.array([[1, 2], [2, 3], [3, 0], [1, 2], [0, 1]])
    assert claim.wrong_neighbours(labels, by_code, 3) == {0: 2, 2: 1}

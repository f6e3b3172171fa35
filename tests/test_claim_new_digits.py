"""claims/new_digits.py: each measure beside one that is computed by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import new_digits as claim
from scipy.stats import norm


def test_codes_that_fill_the_prior_and_codes_that_do_not():
    middles = norm.ppf(np.arange(0.05, 1, 0.1))  # of ten cells
    codes = np.array([(x, y) for x in middles for y in middles])
    full = claim.filling(codes)
    assert full["distance"] == pytest.approx(0)
    assert full["mean"] == pytest.approx(0) and full["within_2"] == 1
    half = claim.filling(codes[codes[:, 0] > 0])
    assert half["distance"] == pytest.approx(0.5)
    one = claim.filling(np.full((7, 2), -9.0))
    assert one["distance"] == pytest.approx(0.99)
    assert one["mean"] == -9 and one["deviation"] == 0 and one["within_2"] == 0


def test_kinds_count_by_their_shares():
    assert claim.kinds(np.arange(50) % 10) == pytest.approx(10)
    assert claim.kinds(np.full(5, 7)) == pytest.approx(1)
    shares = [0.9, 0.1]
    expected = np.prod([share**-share for share in shares])
    assert claim.kinds(np.array([3] * 9 + [8])) == pytest.approx(expected)


def test_draws_have_the_codes_mean_and_covariance():
    random = np.random.default_rng(0)
    codes = random.standard_normal((100, 2)) @ [[2, 1], [0, 3]] + [5, -1]
    centre, root = claim.gaussian(codes)
    np.testing.assert_allclose(centre, codes.mean(axis=0))
    np.testing.assert_allclose(root @ root.T, np.cov(codes.T))
    flat = claim.gaussian(codes * [1, 0])[1]  # a number of the code is always 0
    np.testing.assert_allclose(flat @ flat.T, np.cov((codes * [1, 0]).T), atol=1e-9)


def test_both_terms_of_elbo_in_nats():
    black = np.zeros((3, 784), np.float32)
    grey = np.full((3, 784), 0.5, np.float32)
    z_mean = np.array([(1.0, 0), (1, 0), (1, 2)])  # half a square: 0.5, 0.5, 2.5
    terms = claim.kl_and_reconstruction(black, z_mean, np.zeros((3, 2)), grey)
    assert terms["kl"] == pytest.approx(3.5 / 3)
    assert terms["reconstruction"] == pytest.approx(784 * np.log(2))
    assert terms["elbo"] == pytest.approx(-(3.5 / 3 + 784 * np.log(2)))
    wide = claim.kl_and_reconstruction(
        black, 0 * z_mean, np.full((3, 2), np.log(4)), grey
    )
    assert wide["kl"] == pytest.approx(4 - 1 - np.log(4))  # twice half of it


def test_neighbours_vote_and_the_nearest_is_measured():
    x_train = np.repeat(np.arange(10.0), 5) + np.tile(np.arange(0, 0.05, 0.01), 10)
    x_train = x_train[:, np.newaxis]
    y_train = np.repeat(np.arange(10), 5)
    y_train[[5, 6]] = 8  # at 1 there are two 8s and three 1s
    y_train[10:15] = [4, 4, 3, 3, 9]  # at 2 a tie
    look = claim.neighbours(x_train, y_train)
    found = look(np.array([[0.1], [1.0], [2.0], [7.3]]))
    assert found["digits"].tolist() == [0, 1, 3, 7]
    assert found["unanimous"] == 0.5
    assert found["distance"] == pytest.approx((0.06 + 0.26) / 4)


def test_grey_is_between_black_and_white():
    assert claim.greyness(np.array([0, 0.05, 0.2, 0.5, 0.95, 1])) == 0.5


def test_halfway_is_the_mean_of_two():
    codes = np.array([[0.0, 2], [4, 4], [8, 0]])
    middles = claim.halfway(codes, np.array([0, 1]), np.array([2, 0]))
    assert middles.tolist() == [[4, 1], [2, 3]]


def test_better_is_said_only_if_all_seeds_say_so():
    runs = [{"a": {"b": 1.0}}, {"a": {"b": 3.0}}]
    spread = claim.spread(runs)
    assert spread == {"a": {"b": {"mean": 2, "low": 1, "high": 3}}}
    assert claim.flat(spread) == {"a b": 2}
    higher = claim.spread([4.0, 5.0])
    assert claim.compare(higher, spread["a"]["b"]) == "better"
    assert claim.compare(spread["a"]["b"], higher) == "worse"
    assert claim.compare(claim.spread([2.0, 9.0]), higher) == "no different"


def test_a_trend_needs_every_step_and_all_seeds():
    low, middle, high = (claim.spread(runs) for runs in ([1.0, 2], [3.0, 4], [5.0, 6]))
    assert claim.trend([low, middle, high]) == "rises"
    assert claim.trend([high, middle, low]) == "falls"
    assert claim.trend([low, high, middle]) == "has no order"
    touching = claim.spread([1.0, 3])
    assert claim.trend([touching, middle, high]) == "has no order"
    assert claim.trend([high, middle, touching]) == "has no order"


def test_the_verdict_says_for_each_measure_who_is_better():
    def network(kinds, distance, elbo):
        return claim.spread(
            [
                {
                    "draws": {"kinds": kinds + seed, "unanimous": 0.5 + seed},
                    "filling": {"distance": distance + 0.01 * seed},
                    "halfway": {"unanimous": 0.5},
                    "fours_as_nines": 0.5,
                    "elbo": elbo + seed,
                    "kl": -elbo - seed,
                    "reconstruction": elbo + seed,
                }
                for seed in range(2)
            ]
        )

    networks = {
        claim.PLAIN: network(5.0, 0.5, 0.0),
        "beta 1/2": network(9.0, 0.2, 10.0),
        "beta 1": network(9.0, 0.2, 20.0),
        "beta 4": network(9.0, 0.2, 30.0),
    }
    control = {"unanimous": 0.9}
    controls = {"test images": control, "two images": control, "fours_as_nines": 0.0}
    text = claim.verdict(networks, controls)
    assert "9.5 kinds, which is better than" in text
    assert "is better than the plain one's" in text
    assert "one digit: no different than" in text
    assert "KL falls (-10.5 to -30.5 nats)" in text
    assert "the reconstruction error rises (10.5 to 30.5 nats)" in text
    assert "better beside beta 1/2 and worse beside beta 4" in text
    networks[claim.PLAIN] = network(9.0, 0.1, 0.0)
    assert "is worse than the plain one's" in claim.verdict(networks, controls)

"""claims/sparsity.py: specialisation by hand, its zero, and the verdict."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import sparsity

LABELS = np.tile(np.arange(10), 200)  # 2,000 images


def test_what_a_unit_tells_by_hand():
    random = np.random.default_rng(0)
    codes = np.zeros((2000, 5))
    codes[LABELS == 7, 0] = 3  # responds to the 7s, and to nothing else
    codes[np.isin(LABELS, [2, 5]), 1] = 1  # to two digits alike
    codes[:, 2] = random.random(2000)  # to whatever
    codes[LABELS != 1, 3] = 1  # to all but the 1s
    codes[:10, 4] = 1  # to half a per cent of the images
    shares, digits = sparsity.specialisation(codes, LABELS)

    # By hand: "is it a 2?" has h(0.1) bits. Where the unit responds, 1 bit is left.
    h = -0.1 * np.log2(0.1) - 0.9 * np.log2(0.9)
    assert shares[:3] == pytest.approx([1, 1 - 0.2 * 1 / h, 0], abs=0.01)
    # All but the 1s: 0.9 of the images leave h(1 / 9) for each digit.
    h_of_9 = -1 / 9 * np.log2(1 / 9) - 8 / 9 * np.log2(8 / 9)
    assert shares[3] == pytest.approx(1 - 0.9 * h_of_9 / h, abs=0.01)
    assert np.isnan(shares[4])
    assert digits[0] == 7 and digits[1] in (2, 5) and digits[4] == -1


def test_chance_is_taken_off():
    random = np.random.default_rng(1)
    labels = random.permutation(np.tile(np.arange(10), 10))  # so few that chance shows
    codes = random.random((100, 200))
    shares, _ = sparsity.specialisation(codes, labels)
    raw = [sparsity.told_of_liked(code, labels).max() for code in codes.T]
    assert np.mean(raw) > 0.1
    assert abs(shares.mean()) < 0.02


def test_bins_are_equally_full_and_equal_activations_share_one():
    assert np.bincount(sparsity.into_bins(np.arange(1000.0))).tolist() == [100] * 10
    activations = np.concatenate([np.zeros(700), np.arange(1, 301)])
    bins = sparsity.into_bins(activations)
    assert len(set(bins[:700])) == 1 and len(set(bins[700:])) == 3


def test_the_verdict_flips():
    def numbers(*means, largest=0.3):
        return [{"mean": mean, "largest": largest, "active": 0.2} for mean in means]

    others = {"twin": numbers(0.10, 0.12), "untrained": numbers(0.1, 0.135)}
    others["pixels"] = numbers(0.1)
    says = sparsity.verdict({"sparse": numbers(0.13, 0.14), **others})
    assert "with 0 of 2 seeds" in says and "more specialised than those of" in says
    assert "not seen to differ in that from an untrained layer's (10.0% to" in says
    others["untrained"] = numbers(0.085, 0.15)
    says = sparsity.verdict({"sparse": numbers(0.08, 0.09, largest=0.6), **others})
    assert "with 2 of 2 seeds" in says and "less specialised than those of" in says
    assert (
        "not seen to differ in that from an untrained layer's (8.5% to 15.0%)" in says
    )
    assert "less specialised than pixels (10.0%)" in says

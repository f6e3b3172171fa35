"""claims/code_size.py: the sizes, PCA, what is tuned on, and the verdict's words."""

import math

import numpy as np
import pytest

pytest.importorskip("sklearn")
import base
import code_size as claim
import common


@pytest.mark.parametrize("kind", claim.SCRIPTS)
def test_each_code_has_the_size_that_is_said(kind):
    for size in claim.SIZES:
        _, encoder, decoder = claim.build(kind, size)
        assert math.prod(encoder.output_shape[1:]) == size
        assert decoder.input_shape == encoder.output_shape
        assert math.prod(decoder.output_shape[1:]) == 784


def test_pca_is_numpys_svd_clipped():
    random = np.random.default_rng(0)
    x_train = random.random((50, 784), np.float32) ** 3
    x_test = 3 * x_train[:20] - 1
    mean = x_train.mean(axis=0)
    directions = np.linalg.svd(x_train - mean, full_matrices=False)[2][:40]
    decoded = (x_test - mean) @ directions.T @ directions + mean
    assert decoded.min() < 0 and decoded.max() > 1  # there is something to clip
    decoded = decoded.clip(0, 1)
    errors = claim.pca_errors(x_train, x_test, 40)
    assert errors["mse"] == pytest.approx(base.mse(x_test, decoded), rel=1e-4)
    bce = common.binary_crossentropy(x_test, decoded)
    assert errors["bce"] == pytest.approx(bce, rel=1e-3)


def test_rates_are_chosen_on_images_that_are_not_trained_on(monkeypatch):
    seen = []

    def train(kind, size, kept, watched, seed, recipe, epochs):
        seen.append((kept[0], kept[-1], watched[0], watched[-1], epochs))
        return {"bce": abs(recipe[1] - claim.RATES[1])}

    monkeypatch.setattr(claim, "train", train)
    rate = claim.tune("deep", 8, np.arange(60000), 0, "Adam", 10)
    assert rate == claim.RATES[1]
    assert seen == [(0, 54999, 55000, 59999, 3)] * len(claim.RATES)


def test_better_is_said_only_if_all_seeds_say_so():
    low, high, both = map(claim.spread, ([0.1, 0.2], [0.3, 0.4], [0.2, 0.3]))
    assert low["mean"] == pytest.approx(0.15)
    assert claim.compare(low, high) == "better"
    assert claim.compare(high, low) == "worse"
    assert claim.compare(both, low) == claim.compare(both, high) == "no different"
    printed_alike = map(claim.spread, ([0.09250], [0.09251]))
    assert claim.compare(*printed_alike) == "no different"


def test_the_verdict_follows_the_numbers():
    def of(*values):
        return {
            size: claim.spread([value])
            for size, value in zip(("8", "32", "128"), values, strict=True)
        }

    bce = {"dense": of(0.16, 0.09, 0.065), "deep": of(0.11, 0.09, 0.07)}
    post = {
        "dense": {"25": claim.spread([0.1]), "100": claim.spread([0.092])},
        "deep": {"25": claim.spread([0.12]), "100": claim.spread([0.095])},
    }
    depth = {"Adam": bce, "Muon": {"dense": bce["deep"], "deep": bce["dense"]}}
    text = claim.verdict(bce, depth, post)
    assert "falls by 0.0400 to 0.0950" in text
    assert "0.0500 with 8, 0.0000 with 32, 0.0050 with 128" in text
    assert "both by Adam better with 8, no different with 32, worse with 128" in text
    assert "both by Muon worse with 8, no different with 32, better with 128" in text
    assert "lower dense by 0.0080" in text and "makes it 0.0050" in text
    assert text.endswith("deep is worse.")

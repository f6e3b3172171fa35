"""denoise_ae.py: noise in, clean out, each set with a noise of its own."""

import common
from conftest import SEED, record
import denoise_ae
import numpy as np
import pytest


def test_noisy_in_clean_out(trained):
    fit = trained("denoise_ae").fit
    x_val, y_val = fit.options["validation_data"]
    for noisy, clean in (fit.x, fit.y), (x_val, y_val):
        assert noisy.dtype == np.float32
        noise = common.add_noise(clean, denoise_ae.noise_factor, seed=99) - clean
        assert (noisy - clean).std() == pytest.approx(noise.std(), rel=0.02)
        assert (noisy - clean).mean() == pytest.approx(noise.mean(), rel=0.05)
    # the noise of the training images is not that of the test images, as can be seen
    # in the corner, where every image is black
    assert not fit.y[:20, 0, 0].any() and not y_val[:, 0, 0].any()
    assert (fit.x[:20, 0, 0] != x_val[:, 0, 0]).any()


def test_the_claims_know_the_noise_of_the_test_set(trained):
    x_val, y_val = trained("denoise_ae").fit.options["validation_data"]
    expected = common.add_noise(y_val, denoise_ae.noise_factor, seed=SEED + 1)
    np.testing.assert_array_equal(x_val, expected)


def test_noise_factor_is_the_constant(tiny_npz, tmp_path):
    assert denoise_ae.noise_factor == 0.5  # the post's
    flags = ["--data", tiny_npz, "--out", tmp_path]
    fit = record("denoise_ae", *flags, train=False, noise_factor=0.1).fit
    corner = (fit.x - fit.y)[:, :2]  # black: what is left of the noise is above 0
    assert not fit.y[:, :2].any()
    assert corner.mean() == pytest.approx(0.1 / np.sqrt(2 * np.pi), rel=0.1)

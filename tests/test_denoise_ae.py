"""denoise_ae.py: noise in, clean out, each set with a noise of its own."""

import denoise_ae
import numpy as np
import pytest


def test_main_takes_noise_factor_and_two_seeds(tiny_npz, tmp_path, monkeypatch, drawn):
    fed = {}

    def train(autoencoder, x_train_noisy, x_train, x_test_noisy, x_test, *rest):
        fed.update(noisy=x_train_noisy, clean=x_train, noisy_test=x_test_noisy)
        raise InterruptedError

    assert denoise_ae.noise_factor == 0.5  # the post's
    monkeypatch.setattr(denoise_ae, "noise_factor", 0.1)
    monkeypatch.setattr(denoise_ae, "train", train)
    with pytest.raises(InterruptedError):
        denoise_ae.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    # In the corner every image is black: what is left of the noise is above 0.
    assert not fed["clean"][:, :2].any()
    for images in fed["noisy"], fed["noisy_test"]:
        corner = images[:, :2]
        assert corner.mean() == pytest.approx(0.1 / np.sqrt(2 * np.pi), rel=0.1)
    assert (fed["noisy"][:20, 0, 0] != fed["noisy_test"][:, 0, 0]).any()

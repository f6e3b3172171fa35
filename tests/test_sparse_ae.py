"""sparse_ae.py: the two penalties, and the printed line on how sparse the code is."""

from types import SimpleNamespace
import sparse_ae
import keras
from keras import ops
import numpy as np
import pytest


def penalty(autoencoder, x):
    autoencoder(x)
    return float(ops.sum(ops.stack(autoencoder.losses)))


def test_the_penalty_by_hand_for_any_batch_size():
    keras.utils.set_random_seed(0)
    autoencoder, encoder, decoder = sparse_ae.build_autoencoder(l1=1e-3, l2=1e-2)
    x = np.random.default_rng(0).random((4, 784), np.float32)
    codes = encoder.predict(x, verbose=0).astype(np.float64)
    kernel = decoder.get_weights()[0].astype(np.float64)
    assert codes.min() >= 0 and codes.max() > 0
    by_hand = 1e-3 * codes.sum(axis=1).mean() + 1e-2 * (kernel**2).sum()
    assert penalty(autoencoder, x) == pytest.approx(by_hand, rel=1e-5)
    assert penalty(autoencoder, np.tile(x, (32, 1))) == pytest.approx(by_hand, rel=1e-5)


def test_the_printed_line_counts_zeros_active_and_dead_units(
    tiny_npz, tmp_path, monkeypatch, capsys
):
    def fit(model, x, y, validation_data, **options):
        """Set the weights by hand: of 128 units 24 active, 64 dead, 40 in between."""
        kernel, bias = np.zeros((784, 128), np.float32), -np.ones(128, np.float32)
        bias[:24] = 1
        middle = validation_data[0].argmax(axis=1)  # a pixel that is lit in each image
        lit = np.bincount(middle, minlength=784).argmax()
        kernel[lit, 24:64], bias[24:64] = 1, -0.5  # active where this pixel is bright
        model.get_layer("encoder").set_weights([kernel, bias])
        share.append((validation_data[0][:, lit] > 0.5).mean())
        curve = "binary_crossentropy"
        return SimpleNamespace(history={curve: [0.5], f"val_{curve}": [0.5]})

    share = []
    monkeypatch.setattr(keras.Model, "fit", fit)
    sparse_ae.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    assert 0 < share[0] < 1
    active = 24 + 40 * share[0]
    assert capsys.readouterr().out.splitlines()[-2] == (
        f"code: {1 - active / 128:.1%} zeros | an image uses {active:.1f} of 128 units "
        "| 64 units are dead, 0 for every test image"
    )

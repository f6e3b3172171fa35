"""simple_ae.py: the post's model, and that it learns what MNIST looks like."""

from conftest import record
import simple_ae
import numpy as np
import pytest


def test_the_model_is_the_posts():
    _, encoder, decoder = simple_ae.build_autoencoder()
    layers = [half.layers[-1] for half in (encoder, decoder)]
    assert [len(half.layers) for half in (encoder, decoder)] == [2, 2]
    activations = [layer.activation.__name__ for layer in layers]
    assert activations == ["relu", "sigmoid"]
    assert 784 / simple_ae.encoding_dim == 24.5  # as a comment says


def test_an_epoch_of_real_images_beats_the_mean_image(mnist, tmp_path):
    (x_train, _), (x_test, _) = mnist
    parts = {"x_train": x_train[:6000], "x_test": x_test[:500]}
    as_bytes = {name: np.rint(x * 255).astype(np.uint8) for name, x in parts.items()}
    np.savez(tmp_path / "some.npz", **as_bytes)
    flags = ["--data", tmp_path / "some.npz", "--out", tmp_path]
    run = record("simple_ae", *flags, "--epochs", 4, "--batch-size", 64)
    (axis,) = run.figures["simple_ae_loss.png"].axes
    lines = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    (mean_image,) = [lines[name][0] for name in lines if "mean image" in name]
    assert mean_image == pytest.approx(0.26, abs=0.01)
    assert run.history["val_loss"][-1] < 0.16

"""sparse_ae.py: the two penalties, the strokes, and the line on how sparse it is."""

from types import SimpleNamespace

from conftest import read_report
import keras
from keras import ops
import numpy as np
import pytest
import sparse_ae


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


def test_the_decoder_starts_as_the_encoders_transpose():
    _, encoder, decoder = sparse_ae.build_autoencoder()
    kernels = [half.get_weights()[0] for half in (encoder, decoder)]
    np.testing.assert_array_equal(kernels[1], 4 * kernels[0].T)


def test_the_line_and_the_strokes_are_of_the_units_that_are_used(
    tiny_npz, tmp_path, monkeypatch, capsys, drawn
):
    """With a code set by hand: of 128 units 24 are always used, 40 at times."""

    def train(autoencoder, x_train, x_test, *flags):
        encoder, decoder = map(autoencoder.get_layer, ("encoder", "decoder"))
        lit = np.bincount(x_test.argmax(axis=1), minlength=784).argmax()
        kernel = np.zeros((784, 128), np.float32)
        kernel[lit, :40] = 1  # these are used where this pixel is bright
        bias = np.repeat(np.float32([-0.5, 1, -1]), [40, 24, 64])
        encoder.set_weights([kernel, bias])
        strokes = np.tile(np.arange(128, dtype=np.float32)[:, None], 784)
        decoder.set_weights([strokes, np.zeros(784)])
        shares.append((x_test[:, lit] > 0.5).mean())
        history = {"loss": [1.0], "binary_crossentropy": [0.5]}
        return SimpleNamespace(history=history, model=autoencoder, epoch=[0])

    shares = []
    monkeypatch.setattr(sparse_ae, "train", train)
    sparse_ae.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    assert 0 < shares[0] < 1
    used = 24 + 40 * shares[0]
    assert capsys.readouterr().out.splitlines()[-3] == (
        f"code: {1 - used / 128:.1%} zeros | an image uses {used:.1f} of 128 units "
        "| 64 units are dead, 0 for every test image"
    )
    report = read_report(tmp_path, "sparse_ae")
    assert report["used"] == pytest.approx(used) and report["dead"] == 64

    images = [axis.get_images() for axis in drawn["sparse_ae_strokes.png"].axes]
    shown = [image[0] for image in images if image]
    first = [float(image.get_array()[0, 0]) for image in shown]
    assert first == [*range(40, 64), *range(40)]  # the most used are the first
    assert {image.get_clim() for image in shown} == {(-63.5, 63.5)}
    assert shown[0].get_cmap().name == "RdBu"


def test_a_stroke_is_not_turned(drawn):
    decoder = sparse_ae.build_autoencoder()[2]
    picture = np.arange(784, dtype=np.float32)
    decoder.set_weights([np.tile(picture, (128, 1)), np.zeros(784)])
    sparse_ae.plot_strokes(decoder, np.ones((2, 128)), "strokes.png")
    axes = drawn["strokes.png"].axes
    assert len(axes) == 128
    for axis in axes:
        (image,) = axis.get_images()
        np.testing.assert_array_equal(image.get_array(), picture.reshape(28, 28))

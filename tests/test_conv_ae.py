"""conv_ae.py: the shapes that its comments promise, and the figure of the code."""

import common
import keras
import numpy as np

import conv_ae


def test_the_shapes_of_the_comments():
    _, encoder, decoder = conv_ae.build_autoencoder()
    shapes = [layer.output.shape[1:] for layer in encoder.layers + decoder.layers]
    assert shapes == [
        (28, 28, 1), (14, 14, 32), (7, 7, 64), (4, 4, 8),
        (4, 4, 8), (7, 7, 64), (14, 14, 32), (28, 28, 1),
    ]  # fmt: skip


def test_the_figure_shows_the_maps_of_each_digits_code(tiny_npz, tmp_path, drawn_rows):
    conv_ae.main(["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)])
    rows = drawn_rows["conv_ae_codes.png"]
    assert list(rows) == ["original", *(f"map {i}" for i in range(1, 9))]
    maps = np.stack([images for name, images in rows.items() if name != "original"])
    assert maps.shape == (8, 10, 4, 4) and maps.min() == 0 and maps.max() == 1

    _, (x_test, _) = common.load_mnist(tiny_npz)
    model = keras.models.load_model(tmp_path / "conv_ae.keras")
    codes = model.get_layer("encoder").predict(x_test[:10, ..., np.newaxis], verbose=0)
    for i in range(8):  # the same pictures, up to one scale and shift for all
        correlation = np.corrcoef(maps[i].ravel(), codes[..., i].ravel())[0, 1]
        assert correlation > 0.9999

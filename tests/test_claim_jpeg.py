"""claims/jpeg.py: how the bytes of both sides are counted, by hand."""

import io
import math
import zlib

import common
import keras
import numpy as np
from PIL import Image
import pytest

pytest.importorskip("sklearn")
import jpeg as claim
import simple_ae


def test_one_file_has_every_image_as_a_file_of_its_own_would(tiny_arrays):
    images = tiny_arrays["x_test"]  # 20, on a sheet of 5 x 5
    size, mse = claim.measure_jpeg(images, 10)
    files = [claim.jpeg_file(image, 10) for image in images]
    decoded = np.stack([np.asarray(Image.open(io.BytesIO(data))) for data in files])
    assert mse == pytest.approx(np.mean((images / 255 - decoded / 255) ** 2), rel=1e-6)
    assert claim.measure_alone(images, 10) == np.mean([len(data) for data in files])
    assert size < claim.measure_alone(images, 10) / 2  # the header is shared


def test_a_border_that_is_cut_is_black_and_costs_nothing_else(tiny_arrays):
    images = tiny_arrays["x_test"].copy()
    for row in 0, 1, -2, -1:
        images[:, row] = images[:, :, row] = 0
    whole, cut = (claim.measure_jpeg(images, 90, border) for border in (0, 2))
    assert cut[0] < whole[0] and cut[1] < 0.001
    images[:, 0] = 255  # one row of 28 is white, and comes back black
    assert claim.measure_jpeg(images, 90, 2)[1] == pytest.approx(cut[1] + 1 / 28)


def test_between_two_qualities_the_logarithms_are_linear():
    curve = [(10, 0.04), (40, 0.01), (80, 0.001)]  # first bytes * MSE is 0.4
    assert claim.bytes_at(0.02, curve) == pytest.approx(20)
    assert claim.bytes_at(0.01, curve) == pytest.approx(40)
    assert claim.bytes_at(0.05, curve) is claim.bytes_at(0.0005, curve) is None


def test_the_bytes_of_the_code(tiny_npz):
    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    keras.utils.set_random_seed(0)
    models = simple_ae.build_autoencoder()
    found = claim.measure_code(models, x_train, x_test)

    codes = models[1].predict(x_test, verbose=0)
    largest = models[1].predict(x_train, verbose=0).max(axis=0)
    steps = np.where(largest > 0, largest, 1) / 63
    rounded = np.minimum(np.floor(codes / steps + 0.5), 63)
    packed = zlib.compress(rounded.T.astype(np.uint8).tobytes(), 9)
    assert found["code"] == len(packed) / 20
    assert found["decoder"] == 2 * (32 * 784 + 784) + 4 * 32  # float16; the steps
    decoded = models[2].predict((rounded * steps).astype(np.float32), verbose=0)
    assert found["mse"] == pytest.approx(np.mean((x_test - decoded) ** 2), rel=1e-3)


def test_the_decoder_is_paid_for_and_the_verdict_flips():
    curves = {"whole": [(30, 0.02), (60, 0.01)], "cut": [(25, 0.02), (50, 0.01)]}
    code = {"code": 20.0, "decoder": 50000, "mse": 0.01}
    found = claim.beside_jpeg(code, curves)
    assert found["jpeg"] == pytest.approx(50)  # the better of the two
    assert found["images"] == math.ceil(50000 / (found["jpeg"] - 20))
    assert "from 1,667 images on" in claim.verdict({"net": found})

    found = claim.beside_jpeg({**code, "code": 70.0}, curves)
    assert found["images"] is None
    assert "JPEG is smaller (50.0" in claim.verdict({"net": found})
    found = claim.beside_jpeg({**code, "mse": 0.001}, curves)
    assert "no JPEG here" in claim.verdict({"net": found})

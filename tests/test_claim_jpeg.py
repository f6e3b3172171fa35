"""claims/jpeg.py: how the bytes of each side are counted, by hand."""

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


@pytest.mark.parametrize("options", [{"quality": 10}, {"qtables": [[40] * 64]}])
def test_one_file_has_every_image_as_a_file_of_its_own_would(tiny_arrays, options):
    images = tiny_arrays["x_test"]  # 20, on a sheet of 5 x 5
    size, mse = claim.measure_jpeg(images, **options)
    decoded = np.zeros(images.shape)  # the border comes back black
    files = [claim.jpeg_bytes(image[2:26, 2:26], **options) for image in images]
    for image, data in zip(decoded, files):
        image[2:26, 2:26] = np.asarray(Image.open(io.BytesIO(data)))
    assert mse == pytest.approx(np.mean((images / 255 - decoded / 255) ** 2), rel=1e-6)
    assert size < np.mean([len(data) for data in files]) / 2  # the header is shared


def test_the_bytes_and_the_error_of_a_code(tiny_npz):
    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    keras.utils.set_random_seed(0)
    models = simple_ae.build_autoencoder()
    found = claim.measure(claim.code_coder(models, x_train), x_test, [64])

    codes = models[1].predict(x_test, verbose=0)
    largest = models[1].predict(x_train, verbose=0).max(axis=0)
    steps = np.where(largest > 0, largest, 1) / 63
    rounded = np.minimum(np.floor(codes / steps + 0.5), 63)
    packed = zlib.compress(rounded.T.astype(np.uint8).tobytes(), 9)
    decoded = models[2].predict((rounded * steps).astype(np.float32), verbose=0)
    mse = np.mean((x_test - decoded) ** 2)
    assert found[64] == (len(packed) / 20, pytest.approx(mse, rel=1e-3))
    # Its weights went through float16.
    for weights in models[2].get_weights():
        np.testing.assert_array_equal(weights, weights.astype(np.float16))


def test_pca_is_rounded_and_packed_in_the_same_way(mnist):
    x_train = mnist[0][0][:500].reshape(-1, 784)
    x_test = mnist[1][0][:100].reshape(-1, 784)
    found = claim.measure(claim.pca_coder(x_train), x_test, [(24, 0.5), (24, 1e-3)])
    axes = np.linalg.svd(x_train - x_train.mean(axis=0), False)[2]
    numbers = np.rint((x_test - x_train.mean(axis=0)) @ axes[:24].T / 0.5)
    packed = len(zlib.compress(numbers.T.astype(np.int8).tobytes(), 9)) / 100
    assert found[24, 0.5][0] == pytest.approx(packed, rel=0.02)  # signs are free
    decoded = np.clip(numbers * 0.5 @ axes[:24] + x_train.mean(axis=0), 0, 1)
    assert found[24, 0.5][1] == pytest.approx(
        np.mean((x_test - decoded) ** 2), rel=1e-3
    )
    assert found[24, 1e-3][1] < found[24, 0.5][1]


def test_settings_are_those_that_no_other_beats():
    found = {"a": (10, 0.04), "b": (20, 0.05), "c": (20, 0.02), "d": (30, 0.02)}
    assert claim.undominated(found) == ["a", "c"]
    levels = {8: (10, 0.020), 16: (15, 0.0105), 32: (20, 0.0101)}
    assert claim.fewest_levels(levels, 0.01) == 16  # 5 % more at most


def test_between_two_points_the_logarithms_are_linear():
    curve = [(10, 0.04), (40, 0.01), (80, 0.001)]  # first bytes * MSE is 0.4
    assert claim.bytes_at(0.02, curve) == pytest.approx(20)
    assert claim.bytes_at(0.02, curve[::-1]) == pytest.approx(20)
    assert claim.bytes_at(0.05, curve) is claim.bytes_at(0.0005, curve) is None


def test_the_decoder_is_paid_for_by_what_the_better_jpeg_needs_more():
    curves = {
        "PCA": [(15, 0.02), (22, 0.01)],
        "JPEG": [(30, 0.02), (60, 0.01)],
        "JPEG, flat table": [(25, 0.02), (50, 0.01)],
    }
    found = claim.compare((20.0, 0.01), 50000, curves)
    assert found["JPEG, flat table"] == pytest.approx(50)
    assert found["pays from"] == math.ceil(50000 / (found["JPEG, flat table"] - 20))
    assert claim.compare((70.0, 0.01), 50000, curves)["pays from"] is None
    assert claim.compare((20.0, 0.001), 50000, curves)["PCA"] is None

"""claims/jpeg.py: how the bytes of both sides are counted, and the verdict."""

import io
import zlib
import common
import keras
import numpy as np
from PIL import Image
import pytest

pytest.importorskip("sklearn")
import simple_ae
import jpeg as claim


def file_of(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def header_of(data):
    """Walk from segment to segment up to the scan: marker, two bytes of length."""
    position = 2
    while True:
        marker, length = data[position + 1], data[position + 2 : position + 4]
        position += 2 + int.from_bytes(length, "big")
        if marker == 0xDA:
            return position


def test_the_bytes_of_a_file_and_its_header(tiny_arrays):
    for quality in 5, 75:
        data = file_of(tiny_arrays["x_test"][3], quality)
        size, header, decoded = claim.jpeg(tiny_arrays["x_test"][3], quality)
        assert (size, header) == (len(data), header_of(data))
        np.testing.assert_array_equal(decoded, np.asarray(Image.open(io.BytesIO(data))))
    assert abs(decoded.astype(int) - tiny_arrays["x_test"][3]).max() < 40


def test_one_file_for_all_images_and_one_for_each(tiny_arrays, monkeypatch):
    images = tiny_arrays["x_test"]  # 20, on a sheet of 5 x 5
    files = [file_of(image, 10) for image in images]
    decoded = np.stack([np.asarray(Image.open(io.BytesIO(data))) for data in files])
    sheets, measure = [], claim.jpeg

    def spy(image, quality):
        if image.shape != (28, 28):
            sheets.append(file_of(image, quality))
        return measure(image, quality)

    monkeypatch.setattr(claim, "jpeg", spy)
    alone, together, bare, mse = claim.measure_jpeg(images, 10)
    assert alone == np.mean([len(data) for data in files])
    (data,) = sheets
    assert Image.open(io.BytesIO(data)).size == (160, 160)
    assert together == len(data) / 20
    assert bare == pytest.approx((len(data) - header_of(data)) / 20)
    # no image is any worse in the sheet than in a file of its own
    assert mse == pytest.approx(np.mean((images / 255 - decoded / 255) ** 2), rel=1e-6)


def test_the_bytes_of_the_code(tiny_npz):
    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    keras.utils.set_random_seed(0)
    _, encoder, decoder = simple_ae.build_autoencoder()
    alone, together, bare, mse = claim.measure_code(encoder, decoder, x_train, x_test)

    weights = 4 * (32 * 784 + 784) + 4 * 32  # float32: the decoder's, and the steps
    codes = encoder.predict(x_test, verbose=0)
    largest = encoder.predict(x_train, verbose=0).max(axis=0)
    steps = np.where(largest > 0, largest, 1) / 63
    rounded = np.minimum(np.floor(codes / steps + 0.5), 63)
    assert bare == len(zlib.compress(rounded.T.astype(np.uint8).tobytes())) / 20
    assert together == pytest.approx(bare + weights / 20)
    assert alone == pytest.approx(bare + weights)
    decoded = decoder.predict((rounded * steps).astype(np.float32), verbose=0)
    assert mse == pytest.approx(np.mean((x_test - decoded) ** 2), rel=1e-4)


def test_the_verdict_flips():
    jpegs = [(200, 30, 29, 0.02), (210, 40, 39, 0.01), (300, 90, 89, 0.005)]
    text = claim.verdict(jpegs, (104000, 32, 21, 0.01), 500)
    assert "for one of 500 images the code is smaller (code 32, JPEG 40 bytes)" in text
    assert "for one alone JPEG is smaller (code 104,000, JPEG 210 bytes)" in text
    assert "from 40 bytes on JPEG" in text
    text = claim.verdict(jpegs, (250, 92, 21, 0.009), 500)
    assert "for one of 500 images JPEG is smaller (code 92, JPEG 90 bytes)" in text
    assert "for one alone the code is smaller (code 250, JPEG 300 bytes)" in text
    assert "no JPEG" in claim.verdict(jpegs, (250, 92, 21, 0.004), 500)


def test_the_table_and_the_figure(tiny_npz, tmp_path, drawn, capsys):
    autoencoder, encoder, decoder = simple_ae.build_autoencoder()
    autoencoder.save(tmp_path / "simple_ae.keras")
    claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    head, _, *rows, verdict = capsys.readouterr().out.splitlines()
    assert "one of 20" in head and verdict.startswith("verdict: ")
    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    images = np.rint(x_test * 255).astype(np.uint8).reshape(-1, 28, 28)
    jpeg = claim.measure_jpeg(images, 75)
    code = claim.measure_code(encoder, decoder, x_train, x_test)
    for row, name, numbers in (
        (rows[-2], "JPEG, quality 75", jpeg),
        (rows[-1], "code", code),
    ):
        sizes = [f"{number:,.0f}" for number in numbers[:3]]
        psnr = f"{10 * np.log10(1 / numbers[3]):.1f} dB"
        cells = [name, *sizes, f"{numbers[3]:.4f}", psnr]
        assert row == f"| {' | '.join(cells)} |"

    together, alone, line = drawn["jpeg.png"].axes[0].get_lines()
    assert (together.get_xdata()[-1], alone.get_xdata()[-1]) == (jpeg[1], jpeg[0])
    assert together.get_ydata()[-1] == alone.get_ydata()[-1] == jpeg[3]
    assert tuple(line.get_xdata()) == code[:3] and set(line.get_ydata()) == {code[3]}


def test_a_missing_model_is_named(tiny_npz, tmp_path):
    with pytest.raises(common.DataError, match="run python simple_ae.py first"):
        claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])

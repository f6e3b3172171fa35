"""common.py: the data and each way it can be bad, noise, figures, flags, report."""

import io
from pathlib import Path
import sys
from types import SimpleNamespace

import common
from conftest import read_report
import keras
import matplotlib
from matplotlib.image import imread
import numpy as np
import pytest


def test_mnist_has_the_known_errors(mnist):
    (x_train, y_train), (x_test, y_test) = mnist
    assert x_train.shape == (60000, 28, 28) and x_train.dtype == np.float32
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9] and y_test[:3].tolist() == [7, 2, 1]
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    assert f"{common.binary_crossentropy(x_test, x_test):.4f}" == "0.0581"
    assert f"{common.binary_crossentropy(x_test, mean_image):.4f}" == "0.2625"


def test_a_file_may_have_channels_and_no_labels(tmp_path, tiny_arrays):
    images = tiny_arrays["x_test"][..., np.newaxis]
    np.savez(tmp_path / "x.npz", x_train=images, x_test=images[:7])
    for (x, y), n in zip(common.load_mnist(tmp_path / "x.npz"), (20, 7)):
        assert x.shape == (n, 28, 28) and y is None


def test_without_the_file_keras_is_asked(monkeypatch, tmp_path, tiny_arrays):
    x_train, y_train, x_test, y_test = tiny_arrays.values()
    downloaded = (x_train, y_train), (x_test, y_test)
    monkeypatch.setattr(common, "MNIST_FILE", tmp_path / "mnist.npz")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: downloaded)
    for (images, labels), (x, y) in zip(common.load_mnist(), downloaded):
        np.testing.assert_array_equal(np.rint(images * 255), x)
        np.testing.assert_array_equal(labels, y)


def test_noise_has_the_posts_formula_a_seed_and_perhaps_a_level_for_each_image():
    grey = np.full((50, 784), 0.5, np.float32)
    noise = common.add_noise(grey, 0.05, seed=1) - grey  # too weak to be clipped
    assert noise.dtype == np.float32 and (grey == 0.5).all()
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    # Clipped at 0: the mean of max(0, 0.5 N(0, 1)) is 0.5 / sqrt(2 pi).
    black = np.zeros((50, 784), np.float32)
    noisy = common.add_noise(black, seed=1)
    assert noisy.mean() == pytest.approx(0.5 / np.sqrt(2 * np.pi), abs=0.01)
    assert noisy.min() == 0 and noisy.max() == 1
    assert (noisy[0] != noisy[1]).any()  # each image has noise of its own
    assert (noisy != common.add_noise(black, seed=2)).any()
    levels = np.array([[0.0], [0.5]] * 25)
    expected = np.where(levels, noisy, 0)  # the same seed: the same noise
    np.testing.assert_array_equal(common.add_noise(black, levels, 1), expected)


def test_the_figure_shows_rows_of_images_whatever_the_user_has_set(tmp_path):
    """Each image has four quarters of other greys, and no name beside it."""
    quarters = np.kron(np.arange(4).reshape(2, 2) / 4, np.ones((14, 14)))
    rows = {"": [quarters], " ": [quarters.ravel() + 0.25]}
    users = {"image.origin": "lower", "image.cmap": "viridis"}
    users |= {"figure.facecolor": "black", "savefig.transparent": True}
    users |= {"text.usetex": True}  # LaTeX, which may not be there
    pixels = []
    for settings in {}, users:
        with matplotlib.rc_context(settings):
            common.plot_images(rows, tmp_path / "x.png")
        pixels.append(imread(tmp_path / "x.png"))
    np.testing.assert_array_equal(*pixels)
    height, width, _ = pixels[0].shape
    middles = np.ix_([height * n // 8 for n in (1, 3, 5, 7)], [width // 4, -width // 4])
    expected = [[0, 0.25], [0.5, 0.75], [0.25, 0.5], [0.75, 1]]
    np.testing.assert_allclose(pixels[0][..., 0][middles], expected, atol=0.01)


def parse(*flags):
    return common.parse_args("text", list(map(str, flags)), epochs=3, batch_size=64)


def refused(capsys, *flags):
    """Return the sentence with which flags are refused, with status 2."""
    with pytest.raises(SystemExit) as ended:
        parse(*flags)
    assert ended.value.code == 2
    usage, sentence = capsys.readouterr().err.rsplit("error: ", 1)
    assert usage.startswith("usage: ") and sentence.count("\n") == 1
    return sentence


def test_flags_and_their_defaults(tmp_path, monkeypatch, tiny_npz):
    monkeypatch.chdir(tmp_path)
    args = parse()
    assert (args.epochs, args.batch_size, args.seed, args.data) == (3, 64, 0, None)
    assert args.out == Path("outputs") and args.out.is_dir()
    args = parse("--seed", 9, "--out", "a/b", "--data", tiny_npz)
    assert (args.seed, args.data, args.out) == (9, str(tiny_npz), Path("a/b"))
    assert not list(args.out.iterdir())  # the trial file is gone
    monkeypatch.setattr(sys, "argv", ["a_claim.py", "--seed", "8"])
    args = common.parse_args("text", None)
    assert args.seed == 8 and not hasattr(args, "epochs")


def test_bad_flags_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    problems = {
        "--epochs=": "must be a whole number, at least 1, not ''",
        "--batch-size=0": "must be a whole number, at least 1, not '0'",
        "--seed=-1": "must be a whole number, at least 0, not '-1'",
        "--out=": "a folder without a name",
        "--out=file/below": "cannot write to file",
        "--data=": "there is no file ''",
        "--data=.": "there is no file '.'",
    }
    if Path("/proc").is_dir():  # not even root can write to it
        problems["--out=/proc"] = "cannot write to /proc: "
    for flag, problem in problems.items():
        name = flag.partition("=")[0]
        assert refused(capsys, flag).startswith(f"argument {name}: {problem}")


def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path, tiny_npz, tiny_arrays, capsys
):
    x = tiny_arrays["x_test"]
    layout = "x_test must be uint8 of shape (n, 28, 28), not"
    largest = "the largest pixel of x_test is"
    advice = "and 255 is white: multiply its images by"
    bad = {
        f"{layout} float64 of shape (0,)": {},
        f"{layout} float32": {"x_test": np.float32(x)},
        f"{layout} uint8 of shape (20, 28, 28, 3)": {"x_test": np.stack([x] * 3, -1)},
        f"{largest} 1, {advice} 255": {"x_test": x // 128},
        f"{largest} 15, {advice} 17": {"x_test": x // 17},
    }
    path = tmp_path / "bad.npz"
    start = f"argument --data: {path} cannot be used: "
    for problem, arrays in bad.items():
        np.savez(path, x_train=x, **arrays)
        assert refused(capsys, "--data", path).startswith(start + problem)

    whole = tiny_npz.read_bytes()
    middle = len(whole) // 2
    for damaged in whole[:middle], whole[:middle] + bytes(200) + whole[middle + 200 :]:
        path.write_bytes(damaged)
        sentence = refused(capsys, "--data", path)
        assert sentence.startswith(start) and len(sentence) > len(start) + 5


def test_an_old_keras_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(keras, "__version__", "3.100.2")
    parse("--out", tmp_path)
    monkeypatch.setattr(keras, "__version__", "3.9.2")
    sentence = refused(capsys, "--out", tmp_path)
    assert f"Keras 3.9.2 is too old: {sys.executable} -m pip install " in sentence


def test_a_console_without_chinese_letters_gets_their_numbers(monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    with pytest.raises(SystemExit):
        common.parse_args("\u7de8\u78bc", ["--help"])
    console.flush()
    assert b"\\u7de8\\u78bc" in console.buffer.getvalue()


def test_a_report_of_a_students_own_model(tmp_path, capsys, monkeypatch):
    """Of a model without a decoder, and of the epochs that were trained, not asked."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    history = SimpleNamespace(model=model, epoch=[0, 1], history={"loss": [0.5, 0.25]})
    monkeypatch.chdir(tmp_path)
    args = parse("--seed", 4, "--out", "my folder")
    monkeypatch.setattr(common.time, "perf_counter", lambda: args.started + 12.4)
    images = np.float32([[0, 1], [1, 0.5]])
    guesses = np.float32([[0.1, 0.8], [0.5, 0.5]])
    measures = {"own": np.float32(0.5), "list": np.arange(2)}
    common.report("mine", args, history, images, guesses, text="and | ", **measures)

    bce = -(np.log(0.9) + np.log(0.8) + 2 * np.log(0.5)) / 4
    floor = np.log(2) / 4
    mse = (0.01 + 0.04 + 0.25) / 4
    psnr = 10 * np.log10(1 / mse)
    assert capsys.readouterr().out == (
        f"mine: test BCE {bce:.4f} (floor {floor:.4f}) | MSE {mse:.4f} | "
        f"PSNR {psnr:.1f} dB | and | 12 s\n"
    )
    report = read_report(tmp_path / "my folder", "mine")
    exact = {"bce": bce, "floor": floor, "mse": mse, "psnr": psnr, "seconds": 12.4}
    assert {name: report[name] for name in exact} == pytest.approx(exact)
    expected = {"own": 0.5, "list": [0, 1], "epochs": 2, "batch_size": 64, "seed": 4}
    expected |= {"parameters": 6, "history": history.history}
    expected |= {"data": "data/mnist.npz", "keras": keras.__version__}
    expected |= {"command": "python mine.py --seed 4 --out 'my folder'"}
    assert {name: report[name] for name in expected} == expected
    assert report["backend"].startswith(keras.backend.backend())
    assert "device" in report and "code_size" not in report

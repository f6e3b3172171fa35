"""common.py: the data and each way it can be bad, noise, figures, flags, report."""

import io
from pathlib import Path
import sys
from types import SimpleNamespace

import common
from conftest import cells, read_report
import keras
import matplotlib
from matplotlib.image import imread
import numpy as np
import pytest

# ---------------------------------------------------------------------- data and noise


def test_mnist_is_the_original(mnist):
    (x_train, y_train), (x_test, y_test) = mnist
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.dtype == y_test.dtype == np.uint8
    assert x_train.min() == 0 and x_train.max() == 1
    assert x_train.mean(dtype=np.float64) == pytest.approx(0.1306604762738429, abs=1e-8)
    numbers = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(y_test).tolist() == numbers
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_labels_are_as_the_file_has_them_and_images_may_have_a_channel(
    tmp_path, tiny_arrays
):
    with_channel = tiny_arrays["x_train"][..., np.newaxis]
    letters = np.array(list("abcdefghij" * 4))
    parts = {"x_train": with_channel, "y_train": letters}
    np.savez(tmp_path / "x.npz", x_test=tiny_arrays["x_test"], **parts)
    (x_train, y_train), (x_test, y_test) = common.load_mnist(tmp_path / "x.npz")
    assert x_train.shape == (40, 28, 28) and x_test.shape == (20, 28, 28)
    np.testing.assert_array_equal(np.rint(x_train * 255), tiny_arrays["x_train"])
    np.testing.assert_array_equal(np.rint(x_test * 255), tiny_arrays["x_test"])
    np.testing.assert_array_equal(y_train, letters)
    assert y_test is None


def test_without_the_file_keras_is_asked(monkeypatch, tmp_path, tiny_arrays):
    a = tiny_arrays
    downloaded = (a["x_train"], a["y_train"]), (a["x_test"], a["y_test"])
    monkeypatch.setattr(common, "MNIST_FILE", tmp_path / "mnist.npz")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: downloaded)
    (x_train, y_train), (x_test, y_test) = common.load_mnist()
    np.testing.assert_array_equal(np.rint(x_train * 255), a["x_train"])
    np.testing.assert_array_equal(np.rint(x_test * 255), a["x_test"])
    np.testing.assert_array_equal(y_train, a["y_train"])
    np.testing.assert_array_equal(y_test, a["y_test"])


def test_noise_has_the_posts_formula():
    grey = np.full((50, 28, 28), 0.5, np.float32)
    noise = common.add_noise(grey, 0.05, seed=1) - grey  # too weak to be clipped
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    # Clipped at 0: the mean of max(0, 0.5 N(0, 1)) is 0.5 / sqrt(2 pi).
    black = common.add_noise(np.zeros((50, 28, 28), np.float32))
    assert black.mean() == pytest.approx(0.5 / np.sqrt(2 * np.pi), abs=0.01)
    assert (black == 0).mean() == pytest.approx(0.5, abs=0.01)


def test_noise_keeps_range_dtype_and_input():
    images = np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 28, 28, 1)
    before = images.copy()
    noisy = common.add_noise(images, 2.0)
    assert noisy.dtype == np.float32 and noisy.shape == images.shape
    assert noisy.min() == 0 and noisy.max() == 1
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(common.add_noise(images, 0.0), images)


def test_noise_is_seeded_and_may_have_a_level_for_each_image():
    images = np.zeros((2, 784), np.float32)
    noisy = common.add_noise(images, seed=1)
    np.testing.assert_array_equal(noisy, common.add_noise(images, seed=1))
    assert (noisy != common.add_noise(images, seed=2)).any()
    assert (noisy[0] != noisy[1]).any()  # each image has noise of its own
    levels = np.array([[0.0], [0.5]])
    np.testing.assert_array_equal(common.add_noise(images, levels, 1)[0], images[0])
    np.testing.assert_array_equal(common.add_noise(images, levels, 1)[1], noisy[1])


# ------------------------------------------------------------------- figures, measures


def pictures(n=10):
    """Return random images, each with a black frame as MNIST's have."""
    images = np.zeros((n, 28, 28), np.float32)
    images[:, 1:-1, 1:-1] = np.random.default_rng(n).random((n, 26, 26))
    return images


# "dark_background", and what else turns, loses or paints over a picture.
USERS = {
    "image.origin": "lower",
    "text.usetex": True,  # LaTeX, which may not be there
    "figure.facecolor": "black",
    "image.cmap": "viridis",
    "savefig.format": "pdf",
    "savefig.transparent": True,
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_the_figure_shows_images_in_their_rows_whatever_the_user_has_set(
    dtype, tmp_path
):
    shapes = (10, 784), (10, 28, 28), (10, 28, 28, 1)
    dtype = keras.ops.convert_to_numpy(keras.ops.zeros((1,), dtype)).dtype
    expected = [pictures(), pictures()[::-1], pictures() / 2]
    rows = {
        name: images.reshape(shape).astype(dtype)
        for name, images, shape in zip("abc", expected, shapes)
    }
    with matplotlib.rc_context(USERS):
        figure = common.plot_images(rows, tmp_path / "x.png")
    found = cells(tmp_path / "x.png", 3, 10)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert [axis.get_ylabel() for axis in figure.axes[::10]] == ["a", "b", "c"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [1, 2])
def test_nothing_is_cut_however_few_the_images_and_long_the_names(n, tmp_path):
    name = "what the denoising autoencoder makes of it"
    common.plot_images({name: pictures(n), "it": pictures(n)[:1]}, tmp_path / "x.png")
    found = cells(tmp_path / "x.png", 2, n)
    np.testing.assert_allclose(found[0], pictures(n), atol=0.01)
    np.testing.assert_allclose(found[1, 0], pictures(n)[0], atol=0.01)
    pixels = imread(tmp_path / "x.png")
    assert pixels.shape[1] > 500  # a letter is about 15 pixels wide
    edges = pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]
    assert min(edge[..., :3].min() for edge in edges) > 0.98


@pytest.mark.filterwarnings("error")
def test_a_row_may_have_a_chinese_name(tmp_path):
    """A letter that no font has is a warning of matplotlib's, here an error."""
    if len(common.fonts) == 1:
        pytest.skip("no Chinese font is installed")
    name = "\u52a0\u4e86\u96dc\u8a0a\u7684\u5716"
    common.plot_images({name: pictures(2)}, tmp_path / "x.png")


def test_a_loss_stands_between_the_mean_image_and_the_floor():
    x_train = np.tile(np.float32([0.25, 0.75]), (3, 1))
    x_test = np.float32([[0, 1], [0.5, 1]])
    mean = -(3 * np.log(0.75) + 0.5 * (np.log(0.25) + np.log(0.75))) / 4
    floor = np.log(2) / 4
    values = {"loss": [9, 8], "val_loss": [7, 6], "bce": [3, 2], "val_bce": [2, 1]}
    figure = common.plot_loss(
        SimpleNamespace(history=values), x_train, x_test, key="bce"
    )
    (axis,) = figure.axes
    curves = {line.get_label(): line for line in axis.get_lines()}
    labels = ["training images", "test images", f"the mean image: {mean:.3g}"]
    labels += [f"the floor, a perfect copy: {floor:.3g}"]
    assert list(curves) == labels
    assert [text.get_text() for text in axis.get_legend().get_texts()] == labels
    for label, numbers in (labels[0], [3, 2]), (labels[1], [2, 1]):
        assert curves[label].get_xdata().tolist() == [1, 2]
        assert list(curves[label].get_ydata()) == numbers
        assert curves[label].get_marker() != "None"  # one point has no line
    assert curves[labels[2]].get_ydata()[0] == pytest.approx(mean, rel=1e-5)
    assert curves[labels[3]].get_ydata()[0] == pytest.approx(floor, abs=1e-5)


def test_binary_crossentropy_by_hand():
    images = np.array([[0.0, 1.0, 0.25, 0.5]], np.float32)
    guesses = np.array([[0.1, 0.8, 0.5, 0.5]], np.float32)
    by_hand = -(np.log(0.9) + np.log(0.8) + np.log(0.5) + np.log(0.5)) / 4
    assert common.binary_crossentropy(images, guesses) == pytest.approx(by_hand)


def test_the_floor_and_the_mean_image_have_the_known_values(mnist):
    (x_train, _), (x_test, _) = mnist
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    assert f"{common.binary_crossentropy(x_test, x_test):.4f}" == "0.0581"
    assert f"{common.binary_crossentropy(x_test, mean_image):.4f}" == "0.2625"


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_binary_crossentropy_is_kerass_where_a_logarithm_is_infinite(dtype):
    """In float16 1 - 1e-7 is 1, and the logarithm of 0 would follow."""
    images = np.array([[0.0, 1.0, 0.0, 0.5]], np.float32)
    guesses = np.array([[0.0, 1.0, 1.0, 0.5]], np.float32)
    kerass = float(keras.losses.BinaryCrossentropy()(images, guesses))
    narrow = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(guesses, dtype))
    assert common.binary_crossentropy(images, narrow) == pytest.approx(kerass, rel=0.02)


# ------------------------------------------------------------------------------- flags


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
    assert args.out.samefile(tmp_path / "outputs")
    flags = ["--epochs", 7, "--batch-size", 5, "--seed", 9, "--out", "a/b"]
    args = parse(*flags, "--data", tiny_npz)
    assert (args.epochs, args.batch_size, args.seed) == (7, 5, 9)
    assert Path(args.data) == tiny_npz and args.out.samefile(tmp_path / "a" / "b")
    assert not list(args.out.iterdir())  # the trial file is gone
    assert not hasattr(common.parse_args("a claim", []), "epochs")
    monkeypatch.setattr(sys, "argv", ["simple_ae.py", "--seed", "8"])
    assert common.parse_args("text", None).seed == 8


def test_keras_prints_a_bar_on_a_terminal_and_lines_into_a_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse().verbose == 2
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert parse().verbose == 1


EMPTY = {
    **dict.fromkeys(("--epochs", "--batch-size", "--seed"), "must be a whole number"),
    "--data": "there is no file ''",
    "--out": "a folder without a name",
}
UNWRITABLE = Path("/proc")  # even for root, on Linux


@pytest.mark.parametrize(
    ("flags", "problem"),
    {
        **{f"{flag}=": f"argument {flag}: {EMPTY[flag]}" for flag in EMPTY},
        "--epochs 0": "argument --epochs: must be a whole number, at least 1, not '0'",
        "--epochs 1.5": "argument --epochs: must be a whole number",
        "--batch-size -3": "argument --batch-size: must be a whole number, at least 1",
        "--seed -1": "argument --seed: must be a whole number, at least 0",
        "--seed 99999999999": "argument --seed: must be a whole number",
        "--out file": "argument --out: cannot write to file: ",
        "--out file/below": "argument --out: cannot write to file",
        f"--out {UNWRITABLE}": f"argument --out: cannot write to {UNWRITABLE}: ",
        "--data file.npz": "argument --data: there is no file 'file.npz'",
        "--data .": "argument --data: there is no file '.'",
        "--wrong": "unrecognized arguments: --wrong",
    }.items(),
)
def test_bad_flags_are_one_sentence(flags, problem, tmp_path, monkeypatch, capsys):
    if flags.endswith(str(UNWRITABLE)) and not UNWRITABLE.is_dir():
        pytest.skip("this system has no folder that nobody can write to")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    sentence = refused(capsys, *flags.split())
    assert sentence.startswith(problem)


def change(**changes):
    """Return a function that changes arrays; None removes one."""

    def change(arrays):
        for name, function in changes.items():
            images = arrays.pop(name)
            if function:
                arrays[name] = function(images)

    return change


NOT = "must be uint8 of shape (n, 28, 28), not"
BAD_ARRAYS = {
    "x_train must be uint8": change(x_train=None),
    "x_test must be uint8": change(x_test=None),
    f"x_test {NOT} uint8 of shape (20, 14, 56)": (
        change(x_test=lambda x: x.reshape(20, 14, 56))
    ),
    f"x_train {NOT} uint8 of shape (40, 784)": (
        change(x_train=lambda x: x.reshape(40, 784))
    ),
    f"x_train {NOT} uint8 of shape (40, 28, 28, 3)": (
        change(x_train=lambda x: np.stack([x] * 3, axis=-1))
    ),
    f"x_test {NOT} uint8 of shape (0, 28, 28)": change(x_test=lambda x: x[:0]),
    f"x_train {NOT} float32 of shape (40, 28, 28)": (
        change(x_train=lambda x: x.astype(np.float32))
    ),
    "the largest pixel of x_train is 1, and 255 is white: multiply its images by 255": (
        change(x_train=lambda x: x // 128)
    ),
    "the largest pixel of x_test is 15, and 255 is white: multiply its images by 17": (
        change(x_test=lambda x: x // 17)
    ),
}


@pytest.mark.parametrize("problem", BAD_ARRAYS)
def test_bad_arrays_are_named(problem, tmp_path, tiny_arrays, capsys):
    BAD_ARRAYS[problem](tiny_arrays)
    path = tmp_path / "bad.npz"
    np.savez(path, **tiny_arrays)
    sentence = refused(capsys, "--data", path, "--out", tmp_path)
    assert sentence.startswith(f"argument --data: {path} cannot be used: {problem}")


def test_black_images_and_dim_ones_are_images(tmp_path, tiny_arrays):
    dim = {"x_train": tiny_arrays["x_train"] // 15, "x_test": 0 * tiny_arrays["x_test"]}
    np.savez(tmp_path / "dim.npz", **dim)
    (x_train, _), (x_test, _) = common.load_mnist(tmp_path / "dim.npz")
    assert x_train.max() == np.float32(17) / np.float32(255) and x_test.max() == 0


def test_bad_files_are_named(tmp_path, tiny_npz, capsys):
    whole = tiny_npz.read_bytes()
    middle = len(whole) // 2
    files = {
        "truncated": whole[:middle],
        "damaged": whole[:middle] + bytes(200) + whole[middle + 200 :],
        "text": b"not an archive",
        "empty": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "single.npy", np.zeros((3, 28, 28), np.uint8))
    np.savez(tmp_path / "objects.npz", x_train=np.array([None]))
    for name in [*files, "single.npy", "objects.npz"]:
        path = tmp_path / name
        sentence = refused(capsys, "--data", path, "--out", tmp_path)
        start = f"argument --data: {path} cannot be used: "
        assert sentence.startswith(start) and len(sentence) > len(start) + 5


@pytest.mark.parametrize("version", ["3.9.2", "3.14.1", "3.15.0", "3.100.2"])
def test_an_old_keras_is_one_sentence(version, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(keras, "__version__", version)
    if int(version.split(".")[1]) >= 15:
        assert parse("--out", tmp_path).seed == 0
    else:
        sentence = refused(capsys, "--out", tmp_path)
        assert f"Keras {version} is too old: {sys.executable} -m pip" in sentence
        assert 'install --upgrade "keras>=3.15"' in sentence


def test_a_console_without_chinese_letters_gets_their_numbers(tmp_path, monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        common.parse_args("\u7de8\u78bc", ["--help"])
    console.flush()
    assert b"\\u7de8\\u78bc" in console.buffer.getvalue()


# ---------------------------------------------------------------------------- a report


def test_a_report_of_a_students_own_model(tmp_path, capsys, monkeypatch):
    """Of a model without a decoder, and of the epochs that were trained, not asked."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    history = keras.callbacks.History()
    history.set_model(model)
    history.epoch = [0, 1]
    history.history = {"loss": [0.5, 0.25]}
    monkeypatch.chdir(tmp_path)
    args = common.parse_args(
        "", ["--seed", "4", "--out", "my folder"], epochs=9, batch_size=64
    )
    monkeypatch.setattr(common.time, "perf_counter", lambda: args.started + 12.4)
    images = np.float32([[0, 1], [1, 0.5]])
    guesses = np.float32([[0.1, 0.8], [0.5, 0.5]])
    measures = {"own": np.float32(0.5), "list": np.arange(2)}
    common.report("mine", args, history, images, guesses, text="and | ", **measures)

    bce = -(np.log(0.9) + np.log(0.8) + 2 * np.log(0.5)) / 4
    mse = (0.01 + 0.04 + 0.25) / 4
    assert capsys.readouterr().out == (
        f"mine: test BCE {bce:.4f} (floor {np.log(2) / 4:.4f}) | MSE {mse:.4f} | "
        f"PSNR {10 * np.log10(1 / mse):.1f} dB | and | 12 s\n"
    )
    report = read_report(tmp_path / "my folder", "mine")
    assert report["bce"] == pytest.approx(bce) and report["mse"] == pytest.approx(mse)
    expected = {"own": 0.5, "list": [0, 1], "epochs": 2, "batch_size": 64, "seed": 4}
    expected |= {"parameters": 6, "history": history.history, "seconds": 12.4}
    expected |= {"data": "data/mnist.npz", "keras": keras.__version__}
    found = {name: report[name] for name in expected}
    assert found == {**expected, "seconds": pytest.approx(12.4)}
    assert report["command"] == "python mine.py --seed 4 --out 'my folder'"
    assert report["backend"].split()[0] == keras.backend.backend()
    assert report["device"] and report["python"] and report["numpy"]
    assert "code_size" not in report

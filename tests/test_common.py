"""common.py: the data and every way it can be bad, noise, figures, files, flags."""

import builtins
import os
import re
import signal
import sys
from types import SimpleNamespace

import common
from conftest import PROJECT, SCRIPTS, cells, end, start
import keras
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


def test_an_explicit_path_is_read(tiny_npz, tiny_arrays):
    (x_train, y_train), (x_test, y_test) = common.load_mnist(tiny_npz)
    np.testing.assert_array_equal(np.rint(x_train * 255), tiny_arrays["x_train"])
    np.testing.assert_array_equal(np.rint(x_test * 255), tiny_arrays["x_test"])
    np.testing.assert_array_equal(y_train, tiny_arrays["y_train"])
    np.testing.assert_array_equal(y_test, tiny_arrays["y_test"])


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
    np.testing.assert_array_equal(y_train, letters)
    assert y_test is None


def test_without_the_file_keras_is_asked(monkeypatch, tmp_path, tiny_arrays):
    a = tiny_arrays
    downloaded = (a["x_train"], a["y_train"]), (a["x_test"], a["y_test"])
    monkeypatch.setattr(common, "MNIST_FILE", tmp_path / "mnist.npz")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: downloaded)
    (x_train, _), (_, y_test) = common.load_mnist()
    np.testing.assert_array_equal(np.rint(x_train * 255), a["x_train"])
    np.testing.assert_array_equal(y_test, a["y_test"])


def test_a_failed_download_is_one_sentence(monkeypatch, tmp_path):
    def fail():
        raise OSError("URL fetch failure")

    path = tmp_path / "mnist.npz"
    monkeypatch.setattr(common, "MNIST_FILE", path)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(common.DataError) as caught:
        common.load_mnist()
    assert str(caught.value) == f"the data file {path}: URL fetch failure"


BAD_ARRAYS = {
    "has no array named x_train": lambda a: a.pop("x_train"),
    "has no array named x_test": lambda a: a.pop("x_test"),
    "x_test must be uint8 of shape (n, 28, 28), not uint8 of shape (20, 14, 56)": (
        lambda a: a.update(x_test=a["x_test"].reshape(20, 14, 56))
    ),
    "x_train must be uint8 of shape (n, 28, 28), not uint8 of shape (40, 784)": (
        lambda a: a.update(x_train=a["x_train"].reshape(40, 784))
    ),
    "x_train must be uint8 of shape (n, 28, 28), not uint8 of shape (40, 28, 28, 3)": (
        lambda a: a.update(x_train=np.stack([a["x_train"]] * 3, axis=-1))
    ),
    "x_test must be uint8 of shape (n, 28, 28), not uint8 of shape (0, 28, 28)": (
        lambda a: a.update(x_test=a["x_test"][:0])
    ),
    "x_train must be uint8 of shape (n, 28, 28), not float32 of shape (40, 28, 28)": (
        lambda a: a.update(x_train=a["x_train"].astype(np.float32))
    ),
}


@pytest.mark.parametrize("problem", BAD_ARRAYS)
def test_bad_arrays_are_named(problem, tmp_path, tiny_arrays):
    BAD_ARRAYS[problem](tiny_arrays)
    path = tmp_path / "bad.npz"
    np.savez(path, **tiny_arrays)
    with pytest.raises(common.DataError) as caught:
        common.load_mnist(path)
    assert str(caught.value) == f"the data file {path}: {problem}"


def test_bad_files_are_named(tmp_path, tiny_npz):
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

    problems = {
        "missing": "does not exist",
        ".": "is not a file",
        "truncated": "is not an .npz file, or it is truncated",
        "damaged": "",  # whatever zipfile or zlib says
        "text": "is not an .npz file, or it is truncated",
        "empty": "is not an .npz file, or it is truncated",
        "single.npy": "is not an .npz file, or it is truncated",
        "objects.npz": "Object arrays cannot be loaded",
    }
    for name, problem in problems.items():
        with pytest.raises(common.DataError) as caught:
            common.load_mnist(tmp_path / name)
        start_of_it = f"the data file {tmp_path / name}: {problem}"
        assert str(caught.value).startswith(start_of_it)
        assert len(str(caught.value)) > len(f"the data file {tmp_path / name}: ")
        assert "\n" not in str(caught.value)


def test_noise_has_the_posts_formula():
    grey = np.full((50, 28, 28), 0.5, np.float32)
    noise = common.add_noise(grey, 0.05, seed=1) - grey  # too weak to be clipped
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    # Clipped at 0: the mean of max(0, 0.5 N(0, 1)) is 0.5 / sqrt(2 pi).
    black = common.add_noise(np.zeros((50, 28, 28), np.float32), 0.5)
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


def pictures(shape, n=10):
    """Return random images, each with a black frame as MNIST's have."""
    images = np.zeros((n, 28, 28), np.float32)
    images[:, 1:-1, 1:-1] = np.random.default_rng(n).random((n, 26, 26))
    return images.reshape(n, *shape)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((784,), "float32"),
        ((28, 28), "float64"),
        ((28, 28, 1), "float16"),
        ((784,), "bfloat16"),
    ],
)
def test_the_figure_shows_arrays_and_tensors_in_their_rows(shape, dtype, tmp_path):
    rows = {"a": pictures(shape), "b": pictures(shape)[::-1], "c": pictures(shape) / 2}
    given = {name: images.astype(dtype) for name, images in rows.items() if name != "b"}
    given["b"] = keras.ops.convert_to_tensor(rows["b"], dtype)
    common.plot_images({name: given[name] for name in rows}, tmp_path / "x.png")
    expected = np.stack(list(rows.values())).reshape(3, 10, 28, 28)
    np.testing.assert_allclose(cells(tmp_path / "x.png", 3, 10), expected, atol=0.01)


def edges(path):
    """Return how much ink, from 0 to 1, each side of a picture has at its edge."""
    ink = 1 - imread(path)[..., :3].mean(axis=-1)
    return [side.max() for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1])]


@pytest.mark.parametrize("n", [1, 2, 10])
def test_nothing_is_cut_however_few_the_images_and_long_the_names(n, tmp_path):
    name = "what the denoising autoencoder makes of it"
    common.plot_images({name: pictures((784,), n)}, tmp_path / "long.png")
    common.plot_images({"it": pictures((784,), n)}, tmp_path / "short.png")
    found = cells(tmp_path / "long.png", 1, n)[0]
    np.testing.assert_allclose(found, pictures((28, 28), n), atol=0.01)
    for path in tmp_path.iterdir():
        assert max(edges(path)) < 0.02
    widths = [imread(tmp_path / f"{x}.png").shape[1] for x in ("long", "short")]
    assert widths[0] - widths[1] > 350  # a letter is about 15 pixels wide


def test_a_row_may_be_short(tmp_path):
    rows = {"a": pictures((784,), 3), "b": pictures((784,), 2)}
    common.plot_images(rows, str(tmp_path / "x.png"))
    found = cells(tmp_path / "x.png", 2, 3)
    np.testing.assert_allclose(found[0], pictures((28, 28), 3), atol=0.01)
    np.testing.assert_allclose(found[1, :2], pictures((28, 28), 2), atol=0.01)
    assert (found[1, 2] == 1).all()


@pytest.mark.filterwarnings("error")
def test_a_row_may_have_a_chinese_name(tmp_path):
    """A letter that no font has is a warning of Matplotlib's, here an error."""
    if len(common.fonts()) == 1:
        pytest.skip("no Chinese font is installed")
    common.plot_images({"加了雜訊的圖": pictures((784,), 2)}, tmp_path / "x.png")
    assert max(edges(tmp_path / "x.png")) < 0.02


def history_of(loss, curves):
    return SimpleNamespace(history=curves, model=SimpleNamespace(loss=loss))


X_TRAIN = np.tile(np.float32([0.25, 0.75]), (3, 1))
X_TEST = np.float32([[0, 1], [0.5, 1]])
MEAN_BCE = -(3 * np.log(0.75) + 0.5 * (np.log(0.25) + np.log(0.75))) / 4
LINES = {
    "binary_crossentropy": (MEAN_BCE, np.log(2) / 4),
    "mse": (4 * 0.25**2 / 4, 0),
    "mae": (4 * 0.25 / 4, 0),
}


@pytest.mark.parametrize("loss", LINES)
def test_a_loss_stands_between_the_mean_image_and_the_floor(loss, drawn):
    """Both are what that loss makes of them, and so is the unit."""
    values = {"loss": [0.3, 0.2, 0.1], "val_loss": [0.25, 0.15, 0.05]}
    history = history_of(loss, {**values, "other": [3, 2]})
    common.plot_loss(history, X_TRAIN, X_TEST, "x.png")
    (axis,) = drawn["x.png"].axes
    curves = {line.get_label(): line for line in axis.get_lines()}
    mean, floor = LINES[loss]
    labels = ["loss", "val_loss", f"mean image: {mean:.3g}", f"floor: {floor:.3g}"]
    assert list(curves) == labels
    assert [text.get_text() for text in axis.get_legend().get_texts()] == labels
    for name, numbers in values.items():
        assert curves[name].get_xdata().tolist() == [1, 2, 3]
        assert list(curves[name].get_ydata()) == numbers
    assert curves[labels[2]].get_ydata()[0] == pytest.approx(mean, rel=1e-5)
    assert curves[labels[3]].get_ydata()[0] == pytest.approx(floor, abs=1e-5)
    is_bce = loss == "binary_crossentropy"
    assert axis.get_ylabel() == ("loss, nats a pixel" if is_bce else "loss")
    assert axis.get_xlabel() == "epoch"


def test_a_metric_is_drawn_by_its_name_and_an_epoch_is_a_whole_number(drawn):
    curves = {"loss": [9.0], "mse": [0.3]}  # and no validation
    common.plot_loss(history_of("mae", curves), X_TRAIN, X_TEST, "x.png", key="mse")
    (axis,) = drawn["x.png"].axes
    lines = {line.get_label(): line for line in axis.get_lines()}
    assert list(lines) == ["mse", f"mean image: {LINES['mse'][0]:.3g}", "floor: 0"]
    assert list(lines["mse"].get_ydata()) == [0.3]
    assert lines["mse"].get_marker() != "None"  # one point has no line
    assert axis.get_ylabel() == "mse"
    axis.figure.canvas.draw()
    low, high = axis.get_xlim()
    assert all(tick == int(tick) for tick in axis.get_xticks() if low <= tick <= high)


@pytest.mark.parametrize(
    ("loss", "key"),
    [
        ("mse", "mae"),  # not a metric of this training
        (None, "loss"),
        (["mse"], "loss"),
        (keras.losses.BinaryCrossentropy(from_logits=True), "loss"),
        (keras.losses.MeanSquaredError(reduction="sum"), "loss"),
    ],
)
def test_lines_that_would_be_false_are_refused(loss, key):
    with pytest.raises(ValueError, match="choose from loss|can be drawn for the loss"):
        common.plot_loss(history_of(loss, {"loss": [1]}), X_TRAIN, X_TEST, "x.png", key)


def test_binary_crossentropy_by_hand():
    images = np.array([[0.0, 1.0, 0.25, 0.5]], np.float32)
    guesses = np.array([[0.1, 0.8, 0.5, 0.5]], np.float32)
    by_hand = -(np.log(0.9) + np.log(0.8) + np.log(0.5) + np.log(0.5)) / 4
    assert common.binary_crossentropy(images, guesses) == pytest.approx(by_hand)


def test_the_floor_by_hand(mnist):
    black_white = np.array([[0.0, 1.0]], np.float32)
    floor = common.binary_crossentropy(black_white, black_white)
    assert floor == pytest.approx(0, abs=1e-6)
    grey = np.array([[0.0, 0.5, 0.25, 1.0]], np.float32)
    entropy = -(np.log(0.5) + 0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / 4
    assert common.binary_crossentropy(grey, grey) == pytest.approx(entropy, rel=1e-5)

    (x_train, _), (x_test, _) = mnist
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    assert f"{common.binary_crossentropy(x_test, x_test):.4f}" == "0.0581"
    assert f"{common.binary_crossentropy(x_test, mean_image):.4f}" == "0.2625"


def test_binary_crossentropy_is_kerass():
    random = np.random.default_rng(0)
    images = random.random((5, 784), np.float32)
    guesses = np.clip(random.random((5, 784), np.float32) * 2 - 0.5, 0, 1)
    assert (guesses == 0).any() and (guesses == 1).any()  # where log is infinite
    kerass = keras.losses.BinaryCrossentropy()(images, guesses)
    ours = common.binary_crossentropy(images, guesses)
    assert ours == pytest.approx(float(kerass), rel=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_binary_crossentropy_of_other_floats(dtype):
    """In float16 1 - 1e-7 is 1, and the logarithm of 0 would follow."""
    images = np.array([[0.0, 1.0, 0.0, 0.5]], np.float32)
    guesses = np.array([[0.0, 1.0, 1.0, 0.5]], np.float32)
    expected = common.binary_crossentropy(images, guesses)
    tensor = keras.ops.convert_to_tensor(guesses, dtype)
    narrow = keras.ops.convert_to_numpy(tensor)
    assert common.binary_crossentropy(images, narrow) == pytest.approx(expected, 0.02)
    assert expected == pytest.approx((7 * np.log(10) + np.log(2)) / 4, rel=0.02)


# --------------------------------------------------------------------- speed and files


@pytest.mark.parametrize(
    ("steps", "together"),
    [(469, 67), (938, 67), (1875, 75), (8, 8), (101, 1), (1, 1), (150, 75)],
)
def test_a_block_of_steps_divides_an_epoch(steps, together, monkeypatch):
    backends = {
        "tensorflow": {"steps_per_execution": together, "jit_compile": False},
        "jax": {"steps_per_execution": together},
        "torch": {},
    }
    for backend, options in backends.items():
        monkeypatch.setattr(keras.backend, "backend", lambda backend=backend: backend)
        assert common.speed_options(steps) == options


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError, ValueError])
def test_an_interrupted_save_leaves_the_old_file(problem, tmp_path):
    def half(path):
        path.write_text("half of it", encoding="utf-8")
        raise problem("no space left")

    path = tmp_path / "model.keras"
    path.write_text("the old one", encoding="utf-8")
    expected = common.SaveError if issubclass(problem, Exception) else problem
    with pytest.raises(expected) as caught:
        common.save(SimpleNamespace(save=half), path)
    assert path.read_text(encoding="utf-8") == "the old one"
    path.unlink()
    with pytest.raises(expected):
        common.save(SimpleNamespace(save=half), path)
    assert not path.exists()
    if expected is common.SaveError:
        assert str(caught.value) == f"{path} could not be written: no space left"
        assert not list(tmp_path.iterdir())


def test_a_save_replaces_the_old_file_and_leaves_no_other(tmp_path, capsys):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    for thing, name in (common.Figure(), "figure.png"), (model, "model.keras"):
        path = tmp_path / name
        path.write_text("the old one", encoding="utf-8")
        common.save(thing, path)
        assert path.stat().st_size > 100
        assert capsys.readouterr().out == f"saved {path}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"figure.png", "model.keras"}
    keras.models.load_model(tmp_path / "model.keras")


# ------------------------------------------------------------------------------- flags


def test_flags_and_their_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # In a notebook sys.argv is the kernel's: only what main is given counts.
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    for argv in None, []:
        args = common.parse_args("text", argv, epochs=3, batch_size=64)
        assert (args.epochs, args.batch_size, args.seed, args.data) == (3, 64, 0, None)
        assert args.out.samefile(tmp_path / "outputs")
    flags = "--epochs 7 --batch-size 5 --seed 9 --data x.npz --out a/b"
    args = common.parse_args("text", flags.split(), epochs=3, batch_size=64)
    assert (args.epochs, args.batch_size, args.seed, args.data) == (7, 5, 9, "x.npz")
    assert args.out.samefile(tmp_path / "a" / "b")
    assert not list(args.out.iterdir())  # the trial file is gone

    args = common.parse_args("text", ["--seed", "4294967295"])  # as a claim has them
    assert args.seed == 2**32 - 1
    assert not hasattr(args, "epochs") and not hasattr(args, "batch_size")
    args = common.parse_args("text", ["b", "a", "--seed", "1"], names=["a", "b", "c"])
    assert args.names == ["b", "a"]


def test_the_clock_starts_with_each_run(tmp_path, monkeypatch):
    ticks = iter([100.0, 200.0])
    monkeypatch.setattr(common.time, "perf_counter", lambda: next(ticks))
    for started in 100, 200:
        assert common.parse_args("text", ["--out", str(tmp_path)]).started == started


@pytest.mark.parametrize(
    ("flags", "problem"),
    {
        "--epochs 0": "argument --epochs: must be a whole number from 1 to 4294967295",
        "--epochs -3": "argument --epochs: must be a whole number from 1 to ",
        "--epochs abc": "argument --epochs: must be a whole number from 1 to ",
        "--epochs 1.5": "argument --epochs: must be a whole number from 1 to ",
        "--batch-size 0": "argument --batch-size: must be a whole number from 1 to ",
        "--seed -1": "argument --seed: must be a whole number from 0 to 4294967295",
        "--seed 4294967296": "argument --seed: must be a whole number from 0 to ",
        "--out file": "argument --out: cannot write to file: ",
        "--out file/below": "argument --out: cannot write to file",
        "--wrong": "unrecognized arguments: --wrong",
        "--data": "argument --data: expected one argument",
        "pca": "there is no pca: choose from wide, deep",
    }.items(),
)
def test_bad_flags_are_one_sentence(flags, problem, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["simple_ae.py"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        names = ["wide", "deep"]
        common.parse_args("", flags.split(), names, epochs=3, batch_size=64)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"simple_ae.py: {problem}") and error.endswith("\n")
    assert error.count("\n") == 1


# ----------------------------------------------------------------- how a program ends


@pytest.fixture
def handler():
    """The state of SIGINT before the test, given back after it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_run_hands_over_the_flags_and_returns_what_main_returns(handler, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["simple_ae.py", "--epochs", "3"])
    assert common.run(lambda argv: (argv, "models")) == (["--epochs", "3"], "models")
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_run_leaves_ctrl_c_to_a_notebook(handler, monkeypatch):
    monkeypatch.setattr(builtins, "get_ipython", lambda: None, raising=False)
    assert common.run(lambda argv: signal.getsignal(signal.SIGINT)) is handler
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(
    ("error", "status"), [(common.DataError, 2), (common.SaveError, 1)]
)
def test_run_turns_a_bad_file_into_a_line(error, status, handler, capsys, monkeypatch):
    def fail(argv):
        raise error("the file x: it is bad")

    monkeypatch.setattr(sys, "argv", [os.path.join("a", "b", "simple_ae.py")])
    with pytest.raises(SystemExit) as ended:
        common.run(fail)
    assert ended.value.code == status
    assert capsys.readouterr().err == "simple_ae.py: the file x: it is bad\n"


def test_run_hides_no_other_error(handler):
    with pytest.raises(ZeroDivisionError):
        common.run(lambda argv: 1 / 0)


@pytest.fixture
def python(tmp_path):
    """Start Python with a package `keras` in which little more is than a version.

    It is quick, because no TensorFlow is loaded.
    """

    def start_with(version, *arguments, lines="", backend="tensorflow", **environment):
        package = tmp_path / version / "keras"
        package.mkdir(parents=True, exist_ok=True)
        text = f"""
import os
import sys
from types import SimpleNamespace

sys.stderr.write("oneDNN=" + os.environ["TF_ENABLE_ONEDNN_OPTS"] + chr(10))
__version__ = "{version}"
backend = SimpleNamespace(backend=lambda: "{backend}")
data_format = "channels_last"
floatx = "float32"
{lines}
config = SimpleNamespace(image_data_format=lambda: data_format, floatx=lambda: floatx)
"""
        (package / "__init__.py").write_text(text, encoding="utf-8")
        clean = {"KERAS_BACKEND": "", "KERAS_HOME": str(tmp_path)}
        os_path = os.pathsep.join([str(package.parent), str(PROJECT)])
        return start(*arguments, **{**clean, "PYTHONPATH": os_path, **environment})

    return start_with


@pytest.fixture(autouse=True)
def without_onednn(monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)  # common has set it


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_old_keras_is_one_sentence(script, python):
    """For every script; and common is imported before keras, for TensorFlow's sake."""
    ended = end(python("3.10.0", PROJECT / f"{script}.py"))
    assert ended.status == 2 and not ended.stdout
    first, sentence = ended.stderr.splitlines()
    assert first == "oneDNN=1"
    assert sentence.startswith("this needs Keras 3.15 or later, found 3.10.0")
    asked = dict(re.findall(r'"(\w+)>=([\d.]+)"', sentence))
    assert set(asked) == {"tensorflow", "keras"} and "pip install" in sentence
    text = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    for package, version in asked.items():
        assert re.search(rf"^{package}>={re.escape(version)}\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("version", "enough"),
    [("3.9.2", False), ("3.14.1", False), ("3.15.0", True), ("3.100.2", True)],
)
def test_versions_are_compared_as_numbers(version, enough, python):
    ended = end(python(version, "-c", "import common; print('imported')"))
    assert (ended.status, ended.stdout) == ((0, "imported\n") if enough else (2, ""))


MISFITS = {
    "data_format = 'channels_first'": "the file {}keras.json has channels_first as",
    "floatx = 'float16'": "the file {}keras.json has float16 as its floatx",
    "floatx = 'float64'": "the file {}keras.json has float64 as its floatx",
    "raise ValueError('Invalid `floatx`: Expected one of')": (
        "Invalid `floatx`: Expected one of: look at the file {}keras.json: it can be"
    ),
    "raise AttributeError('a list has no get')": (
        "a list has no get: look at the file {}keras.json: it can be deleted"
    ),
    "raise PermissionError('denied')": "denied: look at the file {}keras.json: it can",
    "raise ValueError('Unable to import backend : theano')": (
        "Unable to import backend : theano: look at the file {}keras.json, which"
    ),
    "raise ModuleNotFoundError('No module named \\'torch\\'')": (
        "No module named 'torch': look at the file {}keras.json, which chooses the "
        "backend, or run .*-m pip install -r requirements.txt"
    ),
    "backend.backend = lambda: 'openvino'": (
        "the Keras backend openvino, chosen by the file {}keras.json, cannot train"
    ),
}


@pytest.mark.parametrize("lines", MISFITS)
def test_a_left_over_setting_is_one_sentence(lines, python, tmp_path):
    """It names the file, or else the variable, in which it was found."""
    program = ["-c", "import common"]
    home = re.escape(f"{tmp_path}{os.sep}")
    for environment in {}, {"KERAS_BACKEND": "it"}:
        ended = end(python("3.15.0", *program, lines=lines, **environment))
        _, sentence = ended.stderr.splitlines()
        assert ended.status == 2 and not ended.stdout
        pattern = MISFITS[lines].format(home)
        if environment and "backend" in sentence:
            variable = "the environment variable KERAS_BACKEND"
            pattern = re.sub(r"the file .*json", variable, pattern)
        assert re.match(pattern, sentence)


def test_a_package_that_is_missing_is_one_sentence(python):
    """As in a new environment without requirements.txt: Python and nothing else."""
    ended = end(python("3.15.0", "-S", PROJECT / "simple_ae.py"))
    assert ended.status == 2 and not ended.stdout
    sentence = ended.stderr.splitlines()[-1]
    assert re.match(
        "No module named 'matplotlib': take the Python that has it, or run .* "
        "-m pip install -r requirements.txt",
        sentence,
    )


PRINTS = """
import common

def main(argv):
    for _ in range(3):
        print("printed " * 10_000, flush=True)
    common.write_json(common.Path("numbers.json"), {"a": 1})

common.run(main)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows closes its pipes otherwise")
def test_a_closed_pipe_ends_no_program(python, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = python("3.15.0", "-c", PRINTS)
    process.stdout.close()
    process.stdout = None
    ended = end(process)
    assert ended.status == 0 and ended.stderr == "oneDNN=1\n"
    assert (tmp_path / "numbers.json").read_text(encoding="utf-8") == '{\n "a": 1\n}\n'


def test_a_program_without_a_console_runs_too(python):
    """Keras writes to stdout itself, where print would notice that there is none."""
    program = """
import common

common.sys.stdout = None
common.run(lambda argv: common.sys.stdout.write("a bar"))
"""
    ended = end(python("3.15.0", "-c", program))
    assert ended.status == 0 and ended.stderr == "oneDNN=1\n"


def test_python_i_keeps_the_models_and_ctrl_c(python, tmp_path):
    program = """
import signal
import common

before = signal.getsignal(signal.SIGINT)
if __name__ == "__main__":
    model = common.run(lambda argv: "the model")
"""
    (tmp_path / "x.py").write_text(program, encoding="utf-8")
    process = python("3.15.0", "-i", tmp_path / "x.py")
    lines = "print(model, signal.getsignal(signal.SIGINT) == before)\n"
    assert end(process, lines).stdout == "the model True\n"

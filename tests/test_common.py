"""common.py: the data and every way it can be bad, noise, figures, files, flags."""

import builtins
from concurrent.futures import ThreadPoolExecutor
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace
import common
from conftest import PROJECT, SCRIPTS
import keras
from matplotlib.figure import Figure
from matplotlib.image import imread
import numpy as np
import pytest

# ---------------------------------------------------------------- data and noise


def test_mnist_is_the_original(mnist):
    (x_train, y_train), (x_test, y_test) = mnist
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.dtype == y_test.dtype == np.uint8
    assert x_train.min() == 0 and x_train.max() == 1
    assert x_train.mean(dtype=np.float64) == pytest.approx(0.1306604762738429, abs=1e-8)
    assert np.bincount(y_test).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009
    ]  # fmt: skip
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_an_explicit_path_is_read(tiny_npz, tiny_arrays):
    (x_train, y_train), (x_test, y_test) = common.load_mnist(tiny_npz)
    np.testing.assert_array_equal(np.rint(x_train * 255), tiny_arrays["x_train"])
    np.testing.assert_array_equal(np.rint(x_test * 255), tiny_arrays["x_test"])
    np.testing.assert_array_equal(y_train, tiny_arrays["y_train"])
    np.testing.assert_array_equal(y_test, tiny_arrays["y_test"])


def test_labels_become_uint8(tmp_path, tiny_arrays):
    tiny_arrays["y_test"] = tiny_arrays["y_test"].astype(np.int64)
    np.savez(tmp_path / "int64.npz", **tiny_arrays)
    _, (_, y_test) = common.load_mnist(tmp_path / "int64.npz")
    assert y_test.dtype == np.uint8


def test_labels_may_be_missing_and_images_may_have_a_channel(tmp_path, tiny_arrays):
    with_channel = tiny_arrays["x_train"][..., np.newaxis]
    parts = {"x_train": with_channel, "x_test": tiny_arrays["x_test"]}
    np.savez(tmp_path / "x.npz", **parts, y_train=tiny_arrays["y_train"])
    (x_train, y_train), (x_test, y_test) = common.load_mnist(tmp_path / "x.npz")
    assert x_train.shape == (40, 28, 28) and x_test.shape == (20, 28, 28)
    np.testing.assert_array_equal(np.rint(x_train * 255), tiny_arrays["x_train"])
    np.testing.assert_array_equal(y_train, tiny_arrays["y_train"])
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

    monkeypatch.setattr(common, "MNIST_FILE", tmp_path / "mnist.npz")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(common.DataError) as caught:
        common.load_mnist()
    path = tmp_path / "mnist.npz"
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
        lambda a: a.update(x_test=a["x_test"][:0], y_test=a["y_test"][:0])
    ),
    "x_train must be uint8 of shape (n, 28, 28), not float32 of shape (40, 28, 28)": (
        lambda a: a.update(x_train=a["x_train"].astype(np.float32))
    ),
    "y_train must be 40 integers from 0 to 9": lambda a: a.update(
        y_train=a["y_train"][:-1]
    ),
    "y_test must be 20 integers from 0 to 9": lambda a: a.update(y_test=np.ones(20)),
    "y_test must be 20 integers from 0 to 9 ": lambda a: a.update(
        y_test=a["y_test"] + 1
    ),
    "y_test must be 20 integers from 0 to 9  ": lambda a: a.update(
        y_test=a["y_test"].astype(int) - 1
    ),
}


@pytest.mark.parametrize("problem", BAD_ARRAYS)
def test_bad_arrays_are_named(problem, tmp_path, tiny_arrays):
    BAD_ARRAYS[problem](tiny_arrays)
    path = tmp_path / "bad.npz"
    np.savez(path, **tiny_arrays)
    with pytest.raises(common.DataError) as caught:
        common.load_mnist(path)
    assert str(caught.value) == f"the data file {path}: {problem.strip()}"


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
        start = f"the data file {tmp_path / name}: {problem}"
        assert str(caught.value).startswith(start)
        assert len(str(caught.value)) > len(f"the data file {tmp_path / name}: ")
        assert "\n" not in str(caught.value)


def test_noise_has_the_posts_formula():
    grey = np.full((50, 28, 28), 0.5, np.float32)
    noise = common.add_noise(grey, 0.05, seed=1) - grey  # too weak to be clipped
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    # clipped at 0: the mean of max(0, 0.5 N(0, 1)) is 0.5 / sqrt(2 pi)
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


def test_noise_is_seeded():
    images = np.zeros((2, 784), np.float32)
    same = common.add_noise(images, seed=1), common.add_noise(images, seed=1)
    np.testing.assert_array_equal(*same)
    assert (same[0] != common.add_noise(images, seed=2)).any()
    assert (same[0][0] != same[0][1]).any()  # each image has noise of its own


# ----------------------------------------------------------------- figures, measures


@pytest.fixture
def figures(monkeypatch):
    """The figures that would be saved: {file name: figure}."""
    figures = {}
    monkeypatch.setattr(common, "save", lambda fig, name: figures.update({name: fig}))
    return figures


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1)])
def test_the_figure_shows_the_images_in_their_rows(shape, figures):
    random = np.random.default_rng(0)
    rows = {name: random.random((10, *shape), np.float32) for name in ("a", "b", "c")}
    common.plot_images(rows, "x.png")
    axes = figures["x.png"].axes
    assert len(axes) == 30
    for i, axis in enumerate(axes):
        name, column = "abc"[i // 10], i % 10
        (image,) = axis.get_images()
        expected = rows[name][column].reshape(28, 28)
        np.testing.assert_array_equal(image.get_array(), expected)
        assert image.get_clim() == (0, 1) and image.get_cmap().name == "gray"
        assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0
        assert axis.get_ylabel() == ("" if column else name)


def test_the_figure_of_a_short_row_and_few_images(figures):
    common.plot_images({"a": np.ones((3, 784)), "b": np.zeros((2, 784))}, "x.png")
    shown = [len(axis.get_images()) for axis in figures["x.png"].axes]
    assert shown == [1, 1, 1, 1, 1, 0]


def test_the_file_has_the_figures_pixels(tmp_path):
    half = np.zeros((10, 28, 28), np.float32)
    half[:, :, 14:] = 1
    common.plot_images({"above": half, "below": 1 - half}, str(tmp_path / "x.png"))
    pixels = imread(tmp_path / "x.png")[..., 0]
    height, width = pixels.shape
    assert width > 4 * height and height >= 200
    # from the middle of the last image: black, white; below it white, black
    edges = [
        np.flatnonzero(np.abs(np.diff(row)) > 0.5).tolist()
        for row in (pixels[height // 4], pixels[3 * height // 4])
    ]
    middle, (middle_below, right) = edges[0][-1], edges[1][-2:]
    assert middle == pytest.approx(middle_below, abs=2)
    assert right - middle > 50


def test_the_loss_stands_between_the_mean_image_and_the_floor(figures):
    x_train = np.tile(np.float32([0.25, 0.75]), (3, 1))
    x_test = np.float32([[0, 1], [0.5, 1]])
    mean = -(3 * np.log(0.75) + 0.5 * (np.log(0.25) + np.log(0.75))) / 4
    values = {"loss": [0.3, 0.2, 0.1], "val_loss": [0.25, 0.15, 0.05]}
    others = {"bce": [3, 2], "val_bce": [5, 4]}
    history = SimpleNamespace(history={**values, **others})
    common.plot_loss(history, x_train, x_test, "x.png")
    common.plot_loss(history, x_train, x_test, "y.png", key="bce")

    (axis,) = figures["x.png"].axes
    curves = {line.get_label(): line for line in axis.get_lines()}
    mean_label, floor_label = f"mean image: {mean:.3g}", f"floor: {np.log(2) / 4:.3g}"
    assert list(curves) == ["loss", "val_loss", mean_label, floor_label]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(curves)
    for name, numbers in values.items():
        assert curves[name].get_xdata().tolist() == [1, 2, 3]
        assert list(curves[name].get_ydata()) == numbers
    assert curves[mean_label].get_ydata()[0] == pytest.approx(mean, rel=1e-5)
    assert curves[floor_label].get_ydata()[0] == pytest.approx(np.log(2) / 4, rel=1e-4)
    assert "nats" in axis.get_ylabel() and axis.get_xlabel() == "epoch"

    lines = {line.get_label(): line for line in figures["y.png"].axes[0].get_lines()}
    assert {"bce", "val_bce"} < set(lines) and len(lines) == 4
    assert list(lines["bce"].get_ydata()) == [3, 2]
    assert list(lines["val_bce"].get_ydata()) == [5, 4]


def test_the_loss_of_a_single_epoch_is_a_point_at_a_whole_number(figures):
    history = SimpleNamespace(history={"loss": [0.3], "val_loss": [0.25]})
    x = np.full((2, 4), 0.5, np.float32)
    common.plot_loss(history, x, x, "x.png")
    axis = figures["x.png"].axes[0]
    assert all(line.get_marker() != "None" for line in axis.get_lines()[:2])
    figures["x.png"].canvas.draw()
    low, high = axis.get_xlim()
    assert all(tick == int(tick) for tick in axis.get_xticks() if low <= tick <= high)


def test_binary_crossentropy_by_hand():
    images = np.array([[0.0, 1.0, 0.25, 0.5]], np.float32)
    guesses = np.array([[0.1, 0.8, 0.5, 0.5]], np.float32)
    by_hand = -(np.log(0.9) + np.log(0.8) + np.log(0.5) + np.log(0.5)) / 4
    assert common.binary_crossentropy(images, guesses) == pytest.approx(by_hand)


def test_the_floor_by_hand():
    black_white = np.array([[0.0, 1.0]], np.float32)
    floor = common.binary_crossentropy(black_white, black_white)
    assert floor == pytest.approx(0, abs=1e-6)
    grey = np.array([[0.0, 0.5, 0.25, 1.0]], np.float32)
    entropy = -(np.log(0.5) + 0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / 4
    assert common.binary_crossentropy(grey, grey) == pytest.approx(entropy, rel=1e-5)


def test_mnists_floor_and_mean_image(mnist):
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


# ------------------------------------------------------------------- speed and files


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


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("name", ["model.keras", "figure.png"])
def test_an_interrupted_save_leaves_the_old_file(name, interruption, tmp_path):
    def half(self, path):
        path.write_text("half of it", encoding="utf-8")
        raise interruption

    kinds = {"model.keras": (object,), "figure.png": (Figure,)}
    thing = type("Half", kinds[name], {"save": half, "savefig": half})()
    path = tmp_path / name
    path.write_text("the old one", encoding="utf-8")
    with pytest.raises(interruption):
        common.save(thing, path)
    assert path.read_text(encoding="utf-8") == "the old one"
    path.unlink()
    with pytest.raises(interruption):
        common.save(thing, path)
    assert not path.exists()


def test_a_save_replaces_the_old_file_and_leaves_no_other(tmp_path, capsys):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    for thing, name in (Figure(), "figure.png"), (model, "model.keras"):
        path = tmp_path / name
        path.write_text("the old one", encoding="utf-8")
        common.save(thing, path)
        assert path.stat().st_size > 100
        assert capsys.readouterr().out == f"saved {path}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"figure.png", "model.keras"}
    keras.models.load_model(tmp_path / "model.keras")


# ------------------------------------------------------------------ flags and result


def test_flags_and_their_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # in a notebook sys.argv is the kernel's: only what main is given counts
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


def test_the_clock_starts_with_each_run(tmp_path, monkeypatch):
    ticks = iter([100.0, 200.0])
    monkeypatch.setattr(common.time, "perf_counter", lambda: next(ticks))
    for started in 100, 200:
        assert common.parse_args("text", ["--out", str(tmp_path)]).started == started


def test_help_names_every_flag_with_its_default(capsys):
    with pytest.raises(SystemExit) as ended:
        common.parse_args("What\n  it does.", ["--help"], epochs=3, batch_size=64)
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "\n\nWhat\n  it does.\n\n" in text  # the docstring's lines are kept
    for flag, default in {
        "--epochs": "3",
        "--batch-size": "64",
        "--seed": "0",
        "--data": "data/mnist.npz",
        "--out": "outputs",
    }.items():
        assert re.search(rf"{flag} [^-]*default: {default}\b", text)


@pytest.mark.parametrize(
    ("flags", "problem"),
    {
        "--epochs 0": "argument --epochs: must be 1 to 4294967295, not 0",
        "--epochs -3": "argument --epochs: must be 1 to 4294967295, not -3",
        "--epochs abc": "argument --epochs: invalid int value: 'abc'",
        "--epochs 1.5": "argument --epochs: invalid int value: '1.5'",
        "--batch-size 0": "argument --batch-size: must be 1 to 4294967295, not 0",
        "--seed -1": "argument --seed: must be 0 to 4294967295, not -1",
        "--seed 4294967296": "argument --seed: must be 0 to 4294967295, not 4294967296",
        "--out file": "argument --out: cannot write to file: ",
        "--out file/below": "argument --out: cannot write to file",
        "--wrong 3": "unrecognized arguments: --wrong 3",
        "--data": "argument --data: expected one argument",
    }.items(),
)
def test_bad_flags_are_one_sentence(flags, problem, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["simple_ae.py"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        common.parse_args("text", flags.split(), epochs=3, batch_size=64)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"simple_ae.py: {problem}") and error.endswith("\n")
    assert error.count("\n") == 1


def test_the_result_line(capsys, monkeypatch):
    monkeypatch.setattr(common.time, "perf_counter", lambda: 112.4)
    images = np.array([[0.0, 0.5]], np.float32)
    guesses = np.array([[0.1, 0.5]], np.float32)
    common.print_result("vae", images, guesses, 100.0, "ELBO -137.9 nats | ")
    common.print_result("simple_ae", images, guesses, 112.0)
    # BCE: (-log(0.9) + log(2)) / 2; MSE: 0.1 ** 2 / 2; PSNR: 10 log10(1 / MSE)
    line = "test BCE 0.3993 (floor 0.3466) | MSE 0.0050 | PSNR 23.0 dB"
    assert capsys.readouterr().out == (
        f"vae: {line} | ELBO -137.9 nats | 12 s\nsimple_ae: {line} | 0 s\n"
    )


# ------------------------------------------------------------- how a program ends


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


@pytest.mark.parametrize("session", ["notebook", "python -i"])
def test_run_leaves_ctrl_c_to_an_interactive_session(session, handler, monkeypatch):
    if session == "notebook":
        monkeypatch.setattr(builtins, "get_ipython", lambda: None, raising=False)
    else:
        flags = SimpleNamespace(interactive=1)
        monkeypatch.setattr(common, "sys", SimpleNamespace(flags=flags, argv=["x.py"]))
    assert common.run(lambda argv: signal.getsignal(signal.SIGINT)) is handler
    assert signal.getsignal(signal.SIGINT) is handler


def test_run_turns_a_bad_file_into_a_line_and_status_2(handler, capsys, monkeypatch):
    def bad_data(argv):
        raise common.DataError("the data file x: does not exist")

    monkeypatch.setattr(sys, "argv", [os.path.join("a", "b", "simple_ae.py")])
    with pytest.raises(SystemExit) as ended:
        common.run(bad_data)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error == "simple_ae.py: the data file x: does not exist\n"


def test_run_hides_no_other_error(handler):
    with pytest.raises(ZeroDivisionError):
        common.run(lambda argv: 1 / 0)


@pytest.fixture
def python(tmp_path):
    """Start Python with a package `keras` that is only a version: {} is TensorFlow's.

    It is quick, because no TensorFlow is loaded.
    """

    def start(version, *arguments, **options):
        package = tmp_path / version / "keras"
        package.mkdir(parents=True, exist_ok=True)
        text = f"""
import os, sys
sys.stderr.write("oneDNN=" + os.environ["TF_ENABLE_ONEDNN_OPTS"] + chr(10))
__version__ = "{version}"
"""
        (package / "__init__.py").write_text(text, encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if "ONEDNN" not in k}
        environment["PYTHONPATH"] = os.pathsep.join([str(package.parent), str(PROJECT)])
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
            cwd=tmp_path,
            **options,
        )

    return start


def test_an_old_keras_is_one_sentence(python):
    """For every script; and common is imported before keras, for TensorFlow's sake."""

    def end(script):
        process = python("3.10.0", PROJECT / f"{script}.py")
        return process.communicate(timeout=100), process.returncode

    with ThreadPoolExecutor(2) as pool:
        for (stdout, stderr), status in pool.map(end, SCRIPTS):
            assert status == 2 and not stdout
            first, sentence = stderr.splitlines()
            assert first == "oneDNN=1"
            assert sentence.startswith("this needs Keras 3.14 or later, found 3.10.0")
            assert "pip install" in sentence and '"keras>=3.14"' in sentence


@pytest.mark.parametrize(
    ("version", "enough"),
    [("3.9.2", False), ("3.14.0", True), ("3.100.2", True), ("4.0.0rc0", True)],
)
def test_versions_are_compared_as_numbers(version, enough, python):
    process = python(version, "-c", "import common; print('imported')")
    stdout, _ = process.communicate(timeout=100)
    assert (process.returncode, stdout) == ((0, "imported\n") if enough else (2, ""))


def test_requirements_ask_for_the_same_versions(python):
    _, stderr = python("3.10.0", "-c", "import common").communicate(timeout=100)
    text = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    asked = dict(re.findall(r'"(\w+)>=([\d.]+)"', stderr))
    assert set(asked) == {"tensorflow", "keras"}
    for package, version in asked.items():
        assert re.search(rf"^{package}>={re.escape(version)}\b", text, re.MULTILINE)


HALF_SAVED = """
import signal
import common

class Model:
    def save(self, path):
        path.write_text("half of it", encoding="utf-8")
        signal.raise_signal(signal.SIGINT)

def main(argv):
    common.save(Model(), common.Path("model.keras"))

common.run(main)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to die of")
def test_ctrl_c_while_saving_leaves_no_file_under_the_final_name(python, tmp_path):
    process = python("3.15.0", "-c", HALF_SAVED)
    stdout, stderr = process.communicate(timeout=100)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in stderr and "saved" not in stdout
    assert not (tmp_path / "model.keras").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such shell")
def test_a_shell_sees_status_130_after_ctrl_c_in_a_terminal(python, tmp_path):
    """A real terminal: what it is sent as Ctrl-C becomes a signal to the program."""
    program = "import common; common.run(lambda argv: (print('busy'), input()))"
    (tmp_path / "busy.py").write_text(program, encoding="utf-8")
    terminal = "import pty, sys; pty.spawn(sys.argv[1:])"
    process = python("3.15.0", "-c", terminal, "bash", "--norc", "-i")
    seen = ""

    def write(text, until):
        nonlocal seen
        process.stdin.write(text)
        process.stdin.flush()
        seen = ""
        while not re.search(until, seen):
            character = process.stdout.read(1)
            assert character, f"the shell has ended: {seen}"
            seen += character

    write("PS1=ready''; bind 'set enable-bracketed-paste off'\n", "\nready")
    write(f"{sys.executable} busy.py\n", "\nbusy\r?\n")
    write("\x03", "ready")
    assert "Traceback" not in seen
    write("echo status $?.\n", r"status \d+\.")
    assert "status 130." in seen
    write("exit\n", "exit")
    process.communicate(timeout=100)


def test_python_i_keeps_the_models_and_ctrl_c(python, tmp_path):
    program = """
import signal
import common

before = signal.getsignal(signal.SIGINT)
if __name__ == "__main__":
    model = common.run(lambda argv: "the model")
"""
    (tmp_path / "x.py").write_text(program, encoding="utf-8")
    process = python("3.15.0", "-i", "x.py")
    lines = "print(model, signal.getsignal(signal.SIGINT) == before)\n"
    stdout, _ = process.communicate(lines, timeout=100)
    assert stdout == "the model True\n"

"""common.py: the data and every way it can be bad, noise, measures, figures, flags."""

import itertools
import os
import signal
from statistics import NormalDist
import subprocess
import sys
from types import SimpleNamespace

import common
from conftest import PROJECT
import keras
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
    with pytest.raises(common.DataError, match="cannot be downloaded: URL fetch"):
        common.load_mnist()


BAD_ARRAYS = {
    "no array named y_test": lambda a: a.pop("y_test"),
    "no array named x_train": lambda a: a.pop("x_train"),
    r"x_test .* not uint8 of shape \(20, 14, 56\)": lambda a: a.update(
        x_test=a["x_test"].reshape(20, 14, 56)
    ),
    r"x_train .* not uint8 of shape \(40, 784\)": lambda a: a.update(
        x_train=a["x_train"].reshape(40, 784)
    ),
    r"x_test .* not uint8 of shape \(0, 28, 28\)": lambda a: a.update(
        x_test=a["x_test"][:0], y_test=a["y_test"][:0]
    ),
    "x_train .* not float32": lambda a: a.update(
        x_train=a["x_train"].astype(np.float32)
    ),
    r"y_train .* must be 40 integers.*shape \(39,\)": lambda a: a.update(
        y_train=a["y_train"][:-1]
    ),
    "y_test .* must be 20 integers.*float64": lambda a: a.update(y_test=np.ones(20)),
    "y_test .* labels from 0 to 9": lambda a: a.update(y_test=a["y_test"] + 1),
}


@pytest.mark.parametrize("problem", BAD_ARRAYS)
def test_bad_arrays_are_named(problem, tmp_path, tiny_arrays):
    BAD_ARRAYS[problem](tiny_arrays)
    np.savez(tmp_path / "bad.npz", **tiny_arrays)
    with pytest.raises(common.DataError, match=problem):
        common.load_mnist(tmp_path / "bad.npz")


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
        "damaged": "cannot be read",
        "text": "is not an .npz file",
        "empty": "is not an .npz file",
        "single.npy": "is not an .npz file",
        "objects.npz": "cannot be read",
    }
    for name, problem in problems.items():
        with pytest.raises(common.DataError, match=problem) as caught:
            common.load_mnist(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert str(tmp_path) in str(caught.value)


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


def test_the_face_is_an_image():
    face = common.load_face()
    assert face.shape == (28, 28) and face.dtype == np.float32
    assert 0 <= face.min() < 0.2 and 0.8 < face.max() <= 1


# ---------------------------------------------------------------------- measures


def test_binary_crossentropy_by_hand():
    images = np.array([[0.0, 1.0, 0.25, 0.5]], np.float32)
    guesses = np.array([[0.1, 0.8, 0.5, 0.5]], np.float32)
    by_hand = -(np.log(0.9) + np.log(0.8) + np.log(0.5) + np.log(0.5)) / 4
    assert common.binary_crossentropy(images, guesses) == pytest.approx(by_hand)


def test_the_floor_by_hand():
    black_white = np.array([[0.0, 1.0]], np.float32)
    assert common.binary_crossentropy(black_white, black_white) == pytest.approx(
        0, abs=1e-6
    )
    grey = np.array([[0.0, 0.5, 0.25, 1.0]], np.float32)
    entropy = -(np.log(0.5) + 0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / 4
    assert common.binary_crossentropy(grey, grey) == pytest.approx(entropy, rel=1e-5)


def test_binary_crossentropy_is_kerass():
    random = np.random.default_rng(0)
    images = random.random((5, 28, 28, 1), np.float32)
    guesses = np.clip(random.random((5, 784), np.float32) * 2 - 0.5, 0, 1)
    kerass = keras.losses.BinaryCrossentropy()(images.reshape(5, 784), guesses)
    ours = common.binary_crossentropy(images, guesses)
    assert ours == pytest.approx(float(kerass), rel=1e-5)


def test_mse_and_psnr_by_hand():
    images = np.zeros((2, 28, 28), np.float32)
    guesses = np.zeros((2, 784), np.float32)
    guesses[0, :392] = 0.2  # a quarter of all pixels off by 0.2
    assert common.mean_squared_error(images, guesses) == pytest.approx(0.01)
    assert common.psnr(0.01) == pytest.approx(20)
    assert common.psnr(0.0) == float("inf")


def test_pca_is_numpys_svd():
    random = np.random.default_rng(0)
    x_train = random.random((300, 28, 28), np.float32) ** 3
    x_test = random.random((20, 28, 28, 1), np.float32)
    pca = common.PCA(x_train, 5)

    rows = x_train.reshape(300, 784).astype(np.float64)
    _, _, directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    codes = (x_test.reshape(20, 784) - rows.mean(axis=0)) @ directions[:5].T
    # a direction's sign is free
    np.testing.assert_allclose(np.abs(pca.encode(x_test)), np.abs(codes), atol=1e-3)
    decoded = np.clip(codes @ directions[:5] + rows.mean(axis=0), 0, 1)
    np.testing.assert_allclose(pca.decode(pca.encode(x_test)), decoded, atol=1e-3)


def test_the_ruler_has_the_known_values(mnist):
    (x_train, _), (x_test, _) = mnist
    lines = common.ruler(x_train, x_test, common.PCA(x_train, 2))
    assert list(lines) == ["mean image", "PCA, 2 numbers", "floor"]
    assert lines["mean image"] == pytest.approx(0.2625, abs=1e-4)
    assert lines["PCA, 2 numbers"] == pytest.approx(0.229, abs=2e-3)
    assert lines["floor"] == pytest.approx(0.0581, abs=1e-4)
    assert list(common.ruler(x_train, x_test)) == ["mean image", "floor"]


def test_nearest_neighbours_by_hand():
    codes = np.array([[0, 0], [3, 0], [0, 1], [9, 9]], np.float32)
    queries = np.array([[0, 0.1], [8, 8]], np.float32)
    nearest = common.nearest_neighbours(codes, queries, 3)
    assert nearest.tolist() == [[0, 2, 1], [3, 1, 2]]
    assert common.nearest_neighbours(codes, queries, 9).shape == (2, 4)


def test_knn_accuracy_is_the_brute_force_vote():
    random = np.random.default_rng(0)
    train, test = (
        random.random((200, 3), np.float32),
        random.random((700, 3), np.float32),
    )
    y_train = random.integers(0, 10, 200).astype(np.uint8)
    y_test = random.integers(0, 10, 700).astype(np.uint8)
    right = 0
    for query, label in zip(test, y_test, strict=True):
        nearest = np.argsort(((train - query) ** 2).sum(axis=1))[:5]
        right += np.bincount(y_train[nearest], minlength=10).argmax() == label
    assert common.knn_accuracy(train, y_train, test, y_test) == right / 700


def test_gaussian_blur_by_hand():
    dot = np.zeros((1, 28, 28, 1), np.float32)
    dot[0, 14, 14, 0] = 1
    blurred = common.gaussian_blur(dot, 1.0)[0, :, :, 0]
    assert blurred.dtype == np.float32
    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    assert blurred[14, 15] / blurred[14, 14] == pytest.approx(np.exp(-0.5), abs=1e-4)
    assert blurred[13, 16] / blurred[14, 14] == pytest.approx(np.exp(-2.5), abs=1e-4)
    white = np.ones((2, 28, 28, 1), np.float32)
    np.testing.assert_allclose(common.gaussian_blur(white, 2.0), white, rtol=1e-5)


def test_stronger_noise_wants_a_wider_blur(mnist):
    images = mnist[0][0][:200, :, :, np.newaxis]
    weak, strong = common.best_sigma(images, 0.1), common.best_sigma(images, 1.0)
    assert 0.3 <= weak < strong < 2.0
    errors = {
        sigma: common.mean_squared_error(
            images, common.gaussian_blur(common.add_noise(images, 1.0), sigma)
        )
        for sigma in (strong - 0.1, strong, strong + 0.1)
    }
    assert min(errors, key=errors.get) == strong


# ----------------------------------------------------------------------- figures


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would be saved, as a list."""
    figures = []
    monkeypatch.setattr(common, "save_figure", lambda fig, path: figures.append(fig))
    return figures


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1)])
def test_the_figure_shows_images_0_to_9_in_two_rows(shape, drawn):
    random = np.random.default_rng(0)
    originals = random.random((12, *shape), np.float32)
    decoded = random.random((12, *shape), np.float32)
    common.plot_reconstructions(originals, decoded, "x.png", ("above", "below"))
    (fig,) = drawn
    assert fig.get_size_inches().tolist() == [20, 4]
    axes = fig.axes
    assert len(axes) == 20
    for i, images in itertools.product(range(10), (originals, decoded)):
        axis = axes[i] if images is originals else axes[i + 10]
        (image,) = axis.get_images()
        np.testing.assert_array_equal(image.get_array(), images[i].reshape(28, 28))
        assert image.get_clim() == (0, 1) and image.get_cmap().name == "gray"
        assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0
    assert [axes[0].get_ylabel(), axes[10].get_ylabel()] == ["above", "below"]


def test_the_figure_of_a_short_row_and_few_images(drawn):
    common.plot_images({"a": np.ones((3, 4, 4)), "b": np.zeros((2, 784))}, "x.png")
    shown = [len(axis.get_images()) for axis in drawn[0].axes]
    assert shown == [1, 1, 1, 1, 1, 0]


def test_the_file_has_the_figures_pixels(tmp_path):
    half = np.zeros((10, 28, 28), np.float32)
    half[:, :, 14:] = 1
    common.plot_reconstructions(half, 1 - half, tmp_path / "x.png")
    pixels = imread(tmp_path / "x.png")
    assert pixels.shape[:2] == (400, 2000)
    # the last column: black then white above, white then black below
    assert pixels[100, 1850, 0] == 0 and pixels[100, 1950, 0] == 1
    assert pixels[300, 1850, 0] == 1 and pixels[300, 1950, 0] == 0


def test_the_history_stands_on_the_ruler(drawn):
    history = SimpleNamespace(history={"loss": [0.3, 0.2], "val_loss": [0.25, 0.15]})
    common.plot_history(history, {"mean image": 0.2625, "floor": 0.0581}, "x.png")
    curves = {line.get_label(): line for line in drawn[0].axes[0].get_lines()}
    assert curves["loss"].get_xdata().tolist() == [1, 2]
    assert list(curves["loss"].get_ydata()) == [0.3, 0.2]
    assert list(curves["val_loss"].get_ydata()) == [0.25, 0.15]
    assert list(curves["mean image: 0.263"].get_ydata()) == [0.2625, 0.2625]
    assert list(curves["floor: 0.0581"].get_ydata()) == [0.0581, 0.0581]


def test_maps_colour_the_digits(drawn):
    codes = np.arange(40, dtype=np.float32).reshape(20, 2)
    labels = np.arange(20, dtype=np.uint8) % 10
    common.plot_maps({"one": codes, "other": -codes}, labels, "x.png")
    one, other = drawn[0].axes
    assert [one.get_title(), other.get_title()] == ["one", "other"]
    points = other.collections[0]
    np.testing.assert_array_equal(points.get_offsets(), -codes)
    (legend,) = drawn[0].legends
    legend_colors = [tuple(*handle.get_facecolor()) for handle in legend.legend_handles]
    assert len(set(legend_colors)) == 10
    for point_color, digit in zip(points.get_facecolors(), labels, strict=True):
        assert tuple(point_color) == legend_colors[digit]
    assert [text.get_text() for text in legend.get_texts()] == [*"0123456789"]


def test_the_manifold_is_laid_out_like_its_axes(drawn):
    values = [NormalDist().inv_cdf(share) for share in (0.25, 0.5, 0.75)]
    images = np.arange(9, dtype=np.float32)[:, np.newaxis] / 9 + np.zeros((9, 784))
    common.plot_manifold(images, values, "x.png")
    axis = drawn[0].axes[0]
    mosaic = axis.get_images()[0].get_array()
    assert mosaic.shape == (84, 84)
    for row, column in itertools.product(range(3), range(3)):
        tile = mosaic[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        assert (tile == images[3 * row + column, 0]).all()
    assert axis.get_yticklabels()[0].get_text() == "0.67"  # the highest on top
    assert axis.get_xticklabels()[0].get_text() == "-0.67"


# ------------------------------------------------------------------ files, flags


def test_an_interrupted_save_leaves_the_old_file(tmp_path):
    class Model:
        def save(self, path):
            path.write_text("half of it")
            raise KeyboardInterrupt

    path = tmp_path / "model.keras"
    path.write_text("the old one")
    with pytest.raises(KeyboardInterrupt):
        common.save_model(Model(), path)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_flags_and_their_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = common.parse_args("text", epochs=3, batch_size=64, argv=[])
    assert (args.epochs, args.batch_size, args.seed, args.data) == (3, 64, 0, None)
    assert args.out.samefile(tmp_path / "outputs")
    flags = [
        "--epochs",
        "7",
        "--batch-size",
        "5",
        "--seed",
        "9",
        "--data",
        "x.npz",
        "--out",
        "a/b",
    ]
    args = common.parse_args("text", epochs=3, batch_size=64, argv=flags)
    assert (args.epochs, args.batch_size, args.seed, args.data) == (7, 5, 9, "x.npz")
    assert args.out.samefile(tmp_path / "a" / "b")
    assert not list(args.out.iterdir())  # the trial file is gone


def test_help_names_every_flag_with_its_default(capsys):
    with pytest.raises(SystemExit) as ended:
        common.parse_args("What it does.", epochs=3, batch_size=64, argv=["--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "What it does." in text
    for flag, default in {
        "--epochs": "3",
        "--batch-size": "64",
        "--seed": "0",
        "--data": "data/mnist.npz",
        "--out": "outputs",
    }.items():
        assert f"(default: {default})" in text.split(f"{flag} ")[-1]


@pytest.mark.parametrize(
    ("flags", "problem"),
    {
        "--epochs 0": "--epochs: must be at least 1, not 0",
        "--epochs -3": "--epochs: must be at least 1, not -3",
        "--epochs abc": "--epochs: 'abc' is not a whole number",
        "--epochs 1.5": "--epochs: '1.5' is not a whole number",
        "--batch-size 0": "--batch-size: must be at least 1, not 0",
        "--seed -1": "--seed: must be 0 to 4294967295, not -1",
        "--seed 4294967296": "--seed: must be 0 to 4294967295",
        "--out file": "--out: cannot write to file",
        "--out file/below": "--out: cannot write to file/below",
        "--out /proc": "--out: cannot write to /proc",
        "--epoch-s 3": "unrecognized arguments",
    }.items(),
)
def test_bad_flags_are_one_sentence(flags, problem, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        common.parse_args("text", epochs=3, batch_size=64, argv=flags.split())
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert problem in error and error.count("\n") == 1


def test_run_turns_a_bad_file_into_a_line_and_status_2(capsys):
    def bad_data():
        raise common.DataError("the data file x does not exist")

    with pytest.raises(SystemExit) as ended:
        common.run(bad_data)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest's own again
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.endswith(": the data file x does not exist\n")
    assert error.count("\n") == 1


def test_ctrl_c_while_saving_ends_with_a_line_and_no_half_file(tmp_path):
    program = """
import signal
import common

class Model:
    def save(self, path):
        path.write_text("half of it")
        signal.raise_signal(signal.SIGINT)

common.run(lambda: common.save_model(Model(), "model.keras"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 130
    assert done.stderr == "\n-c: stopped by Ctrl-C\n"
    assert not list(tmp_path.iterdir())


def test_the_result_line(capsys, monkeypatch):
    monkeypatch.setattr(common, "STARTED", 100.0)
    monkeypatch.setattr(common.time, "perf_counter", lambda: 112.4)
    images = np.array([[0.0, 0.5]], np.float32)
    guesses = np.array([[0.1, 0.5]], np.float32)
    common.print_result("simple_ae", images, guesses, "ELBO -137.9 nats")
    assert capsys.readouterr().out == (
        "simple_ae: test BCE 0.3993 (floor 0.3466) | MSE 0.0050 | PSNR 23.0 dB | "
        "ELBO -137.9 nats | 12 s\n"
    )

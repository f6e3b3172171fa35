"""What holds for every script that is found: built, trained, run as a command.

A new script is tested by this file as it is. The facts come from the module: the
arguments of `build_autoencoder` and `train`, the diagram in its docstring, its report.
"""

import importlib
import inspect
import math
import os
import re
import signal
import sys

import common
from conftest import (
    BATCH_SIZE,
    EPOCHS,
    PROJECT,
    SCRIPTS,
    SEED,
    bce,
    cells,
    end,
    read_report,
    reconstruct,
    start,
    takes_noise,
)
import keras
from matplotlib.image import imread
import numpy as np
import pytest


@pytest.fixture(params=SCRIPTS)
def script(request):
    return request.param


@pytest.fixture
def module(script):
    return importlib.import_module(script)


@pytest.fixture
def run(script, trained):
    """A short training by the script's own functions: see conftest.trained."""
    return trained(script)


def ids(weights):
    return {id(weight) for weight in weights}


def code_argument(module):
    """Return the argument of build_autoencoder that is the size of the code, if any."""
    names = list(inspect.signature(module.build_autoencoder).parameters)
    return names[0] if names else None


# ------------------------------------------------------------------- build_autoencoder


def test_the_three_models_share_their_weights(run):
    autoencoder, encoder, decoder = run.models
    assert ids(encoder.weights + decoder.weights) == ids(autoencoder.weights)
    assert encoder.weights and decoder.weights
    assert not ids(encoder.weights) & ids(decoder.weights)
    assert (encoder.name, decoder.name) == ("encoder", "decoder")
    assert all(
        output.shape[1:] == decoder.input_shape[1:] for output in encoder.outputs
    )


def test_what_comes_back_has_the_shape_of_an_image_and_is_in_0_to_1(run):
    decoded = reconstruct(run.models, run.x)
    assert decoded.shape == run.arrays["x_test"].shape and decoded[0].size == 784
    assert 0 <= decoded.min() <= decoded.max() <= 1


def test_the_size_of_the_code_is_an_argument(module, tmp_path):
    name = code_argument(module)
    if name is None:
        return
    autoencoder, _, decoder = module.build_autoencoder(**{name: 3})
    assert decoder.input_shape[-1] == 3
    assert module.build_autoencoder()[2].input_shape[-1] == getattr(module, name) != 3
    autoencoder.save(tmp_path / "small.keras")
    loaded = keras.models.load_model(tmp_path / "small.keras")
    assert loaded.get_layer("decoder").input_shape == decoder.input_shape


@pytest.mark.parametrize("ending", ["keras", "h5", "weights.h5"])
def test_a_model_and_its_halves_survive_every_format(run, ending, tmp_path):
    path = tmp_path / f"{run.script}.{ending}"
    if ending == "weights.h5":
        run.models[0].save_weights(path)
        keras.utils.set_random_seed(SEED + 1)
        loaded = run.module.build_autoencoder()[0]
        loaded.load_weights(path)
    else:
        run.models[0].save(path)
        loaded = keras.models.load_model(path)
    halves = [loaded.get_layer(name) for name in ("encoder", "decoder")]
    assert ids(halves[0].weights + halves[1].weights) == ids(loaded.weights)
    again = reconstruct([loaded, *halves], run.x)
    np.testing.assert_allclose(again, reconstruct(run.models, run.x), atol=1e-6)
    if len(run.models[1].outputs) == 1:  # or the whole model draws its codes
        np.testing.assert_allclose(loaded.predict(run.x, verbose=0), again, atol=1e-5)


def shapes_of_layers(models):
    """The output shapes of encoder and decoder, without None and input layers."""
    shapes = []
    for layer in models[1].layers + models[2].layers:
        if not isinstance(layer, keras.layers.InputLayer):
            shapes.append([n for n in layer.output.shape if n is not None])
    return shapes


def test_the_docstrings_diagram_has_the_layers_shapes(run):
    (diagram,) = re.findall(r"^    (.+ -> .+)$", run.module.__doc__, re.MULTILINE)
    image = list(run.arrays["x_test"].shape[1:])
    shapes = iter([image, *shapes_of_layers(run.models)])
    parts = [re.split(r"[(,]", part)[0].strip() for part in diagram.split("->")]
    assert parts[-1] != "..."
    for part in parts:
        if part != "...":  # in this order, perhaps with others between
            wanted = [int(n) for n in re.findall(r"\d+", part)]
            assert wanted in shapes, f"{part} is not there, or not in this place"
    assert next(shapes, None) is None


def test_the_layers_of_a_model_of_pictures_have_their_shapes_in_comments(run):
    """Of a convolutional or recurrent model, on a line above each layer."""
    if len(run.models[0].output_shape) == 2:
        return
    source = inspect.getsource(run.module.build_autoencoder)
    shapes = re.findall(r"^ +# (\d+(?: x \d+)*)(?=$|[:;])", source, re.MULTILINE)
    promised = [[int(n) for n in shape.split(" x ")] for shape in shapes]
    assert promised == shapes_of_layers(run.models)


# ------------------------------------------------------------------------------- train


class Recorder:
    """In place of a model in `train`: keeps what compile and fit are given."""

    def compile(self, optimizer, loss, **options):
        self.optimizer = optimizer
        self.loss = loss
        self.compile_options = options

    def fit(self, x, y, **options):
        self.x = x
        self.y = y
        self.options = options
        return "history"


def test_train_feeds_the_arrays_and_returns_the_history(run):
    recorder = Recorder()
    arrays = run.arrays
    optimizer = keras.optimizers.SGD()
    options = {"epochs": 7, "batch_size": 10, "optimizer": optimizer, "verbose": 2}
    assert run.module.train(recorder, **arrays, **options) == "history"
    assert recorder.x is arrays.get("x_train_noisy", arrays["x_train"])
    assert recorder.y is arrays["x_train"]
    x_val, y_val = recorder.options.pop("validation_data")
    assert x_val is arrays.get("x_test_noisy", arrays["x_test"])
    assert y_val is arrays["x_test"]
    assert recorder.options == {"epochs": 7, "batch_size": 10, "verbose": 2}
    assert recorder.optimizer is optimizer and recorder.loss == "binary_crossentropy"
    together = recorder.compile_options.get("steps_per_execution", 1)
    assert 4 % together == 0  # 40 images in batches of 10


@pytest.mark.parametrize("epochs", [1, 7, None])
@pytest.mark.parametrize("batch_size", [3, 40, 100_000])
def test_the_rate_starts_and_ends_at_0(run, epochs, batch_size):
    recorder = Recorder()
    options = {"epochs": epochs} if epochs else {}
    run.module.train(recorder, **run.arrays, batch_size=batch_size, **options)
    epochs = epochs or run.module.epochs
    assert recorder.options["epochs"] == epochs
    assert recorder.options["batch_size"] == batch_size
    steps = epochs * math.ceil(40 / batch_size)
    rates = []
    for step in range(steps + 1):
        recorder.optimizer.iterations.assign(step)
        rates.append(float(recorder.optimizer.learning_rate))
    assert np.isfinite(rates).all()
    if steps >= 20:  # in a shorter training there is no time to rise
        top = int(np.argmax(rates))
        assert rates[0] == 0 and 1e-4 < rates[top] <= 1
        assert rates[-1] == pytest.approx(0, abs=1e-3 * rates[top])
        assert rates[9 * steps // 10] > 0.01 * rates[top]  # it does not end earlier
        assert 0.05 <= top / steps <= 0.5


def test_training_changes_every_weight_and_helps(run):
    autoencoder = run.models[0]
    for weight, before in zip(autoencoder.trainable_weights, run.before):
        assert (weight.numpy() != before).any(), weight.path
    history = run.history.history
    assert history["val_loss"][-1] < history["val_loss"][0]
    assert all(np.isfinite(values).all() for values in history.values())
    assert len(history["loss"]) == len(history["val_loss"]) == EPOCHS
    steps = EPOCHS * math.ceil(40 / BATCH_SIZE)
    assert int(autoencoder.optimizer.iterations) == steps


def test_another_seed_draws_other_weights(run):
    keras.utils.set_random_seed(SEED + 1)
    others = run.module.build_autoencoder()[0].trainable_weights
    for weight, before in zip(others, run.before):
        # A bias starts as a constant.
        assert weight.ndim == 1 or (weight.numpy() != before).any()


# -------------------------------------------------------------------------- as commands


@pytest.fixture
def ended(script, commands):
    """A run of the script as a command: see conftest.commands."""
    ended = commands(script)
    assert ended.status == 0, ended.stderr
    assert "Traceback" not in ended.stderr and "Warning:" not in ended.stderr
    return ended


@pytest.fixture
def saved(script, ended):
    """The models that a command has saved."""
    autoencoder = keras.models.load_model(ended.out / f"{script}.keras")
    return (autoencoder, *map(autoencoder.get_layer, ("encoder", "decoder")))


def test_a_command_trains_as_its_functions_do(script, run, ended, saved):
    """On the file's images and by the flags, in another process: the seed decides."""
    report = read_report(ended.out, script)
    assert report["history"].keys() == run.history.history.keys()
    for name, values in run.history.history.items():
        assert report["history"][name] == pytest.approx(values, rel=1e-3), name
    for weight, own in zip(saved[0].trainable_weights, run.models[0].trainable_weights):
        np.testing.assert_allclose(weight.numpy(), own.numpy(), atol=2e-3)


def test_the_report_is_of_the_test_set(script, run, ended, saved):
    report = read_report(ended.out, script)
    x_test = run.arrays["x_test"]
    decoded = reconstruct(saved, run.x)
    mse = np.mean((x_test.astype(np.float64) - decoded) ** 2)
    assert report["bce"] == pytest.approx(bce(x_test, decoded), rel=1e-5)
    assert report["floor"] == pytest.approx(bce(x_test, x_test), rel=1e-5)
    assert report["mse"] == pytest.approx(mse, rel=1e-5)
    assert report["psnr"] == pytest.approx(10 * np.log10(1 / mse), rel=1e-5)
    if len(saved[1].outputs) == 1:  # the rate ends at 0: it is the last epoch's BCE
        history = report["history"]
        last = history.get("val_binary_crossentropy", history["val_loss"])[-1]
        assert report["bce"] == pytest.approx(last, abs=1e-3)

    assert report["name"] == script and 0 < report["seconds"] < 600
    given = [report[name] for name in ("epochs", "batch_size", "seed")]
    assert given == [EPOCHS, BATCH_SIZE, SEED]
    assert report["parameters"] == sum(w.size for w in saved[0].get_weights())
    assert tuple(report["code"]) == saved[2].input_shape[1:]
    assert report["backend"] == keras.backend.backend() and report["device"]
    assert report["versions"]["keras"] == keras.__version__
    assert {"python", "numpy", report["backend"]} < set(report["versions"])


def test_the_last_line_is_the_report_rounded(script, ended):
    report = read_report(ended.out, script)
    elbo = f"ELBO {report['elbo']:.1f} nats | " if "elbo" in report else ""
    assert ended.stdout.splitlines()[-1] == (
        f"{script}: test BCE {report['bce']:.4f} (floor {report['floor']:.4f}) | "
        f"MSE {report['mse']:.4f} | PSNR {report['psnr']:.1f} dB | {elbo}"
        f"{report['seconds']:.0f} s"
    )


def test_the_docstring_shows_a_last_line_like_it(module, ended):
    """The words are today's; tests of the records compare the numbers."""
    promised = re.search(
        r"^    \w+: test BCE .+(\n    \|.+)?", module.__doc__, re.MULTILINE
    )
    words = re.sub(r"\s+", " ", promised[0]).strip()
    without = [
        re.sub(r"\d+", "#", line) for line in (words, ended.stdout.split("\n")[-2])
    ]
    assert without[0] == without[1]


def test_the_figure_shows_test_images_0_to_9_above_what_comes_back(
    script, module, run, ended, saved, tmp_path
):
    decoded = reconstruct(saved, run.x)[:10]
    above, below = cells(ended.out / f"{script}.png", 2, 10)
    np.testing.assert_allclose(above, run.x[:10].reshape(10, 28, 28), atol=0.01)
    np.testing.assert_allclose(below, decoded.reshape(10, 28, 28), atol=0.01)

    # With the right names at its rows it is the same picture.
    names = ["original", "reconstruction"]
    if takes_noise(module):
        names = ["noisy", "denoised"]
    common.plot_images(dict(zip(names, (run.x[:10], decoded))), tmp_path / "x.png")
    pixels = [
        imread(path) for path in (ended.out / f"{script}.png", tmp_path / "x.png")
    ]
    assert pixels[0].shape == pixels[1].shape
    np.testing.assert_allclose(*pixels, atol=0.01)


def test_the_loss_curve_is_that_of_the_training(script, run, ended, tmp_path):
    """Of the whole loss, or of the BCE in it; test_common.py looks at the lines."""
    pixels = imread(ended.out / f"{script}_loss.png")
    run.history.history = read_report(ended.out, script)["history"]
    same = []
    for key in {"loss", "binary_crossentropy"} & run.history.history.keys():
        x_train, x_test = run.arrays["x_train"], run.arrays["x_test"]
        common.plot_loss(run.history, x_train, x_test, tmp_path / "x.png", key=key)
        drawn = imread(tmp_path / "x.png")
        same.append(
            drawn.shape == pixels.shape and np.allclose(drawn, pixels, atol=0.1)
        )
    assert any(same)


def test_the_files_are_said_and_the_model_is_the_first(script, ended):
    said = re.findall(r"^saved (.+)$", ended.stdout, re.MULTILINE)
    names = [re.split(r"[\\/]", path)[-1] for path in said]
    assert names[0] == f"{script}.keras" and names[-1] == f"{script}.json"
    assert {f"{script}.png", f"{script}_loss.png"} < set(names)
    assert sorted(names) == sorted(path.name for path in ended.out.iterdir())
    assert "\\u8f38\\u51fa" in said[0]  # cp1252 has no letters for the folder
    total = f"{read_report(ended.out, script)['parameters']:,}"
    assert f"params: {total}" in ended.stdout  # in the summary


def test_help_shows_the_docstring_and_the_flags(script, module, capsys):
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert module.__doc__.strip() in text and f"python {script}.py" in text
    defaults = {"seed": 0, "data": "data/mnist.npz", "out": "outputs"}
    defaults |= {"epochs": module.epochs, "batch-size": module.batch_size}
    for flag, default in defaults.items():
        assert re.search(rf"--{flag} [^-]*default: {default}\b", text)


def test_a_bad_file_ends_before_the_training(module, tmp_path):
    """In one sentence; test_common.py has the other ways in which a file is bad."""
    flags = ["--data", str(tmp_path / "none.npz"), "--out", str(tmp_path)]
    with pytest.raises(common.DataError, match=r"^the data file .*none.npz: [^\n]*$"):
        module.main(flags)
    assert not list(tmp_path.iterdir())


def test_without_flags_it_takes_mnist_and_outputs(module, tmp_path, monkeypatch):
    """And nothing from sys.argv: in Jupyter that holds the kernel's own file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    monkeypatch.setattr(common, "MNIST_FILE", tmp_path / "text.npz")
    (tmp_path / "text.npz").write_text("no images", encoding="utf-8")
    with pytest.raises(common.DataError, match="text.npz: is not an .npz file"):
        module.main()
    assert (tmp_path / "outputs").is_dir()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(module, policy, tiny_arrays, tmp_path, capsys):
    """And two test images, which is fewer than the pictures have places."""
    tiny_arrays["x_test"] = tiny_arrays["x_test"][:2]
    np.savez(tmp_path / "few.npz", **tiny_arrays)
    flags = ["--epochs", "2", "--data", tmp_path / "few.npz", "--out", tmp_path]
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        models = module.main(list(map(str, flags)))
    finally:
        keras.config.set_dtype_policy(before)
    assert models[0].layers[-1].compute_dtype == policy.removeprefix("mixed_")
    report = read_report(tmp_path, module.__name__)
    numbers = [report["bce"], report["floor"], *report["history"]["val_loss"]]
    assert np.isfinite(numbers).all() and report["bce"] < 0.75
    assert report["floor"] == pytest.approx(0.05, abs=0.03)

    # main returns the three models, and saves the first.
    saved = keras.models.load_model(tmp_path / f"{module.__name__}.keras")
    assert [model.name for model in models[1:]] == ["encoder", "decoder"]
    assert ids(models[1].weights + models[2].weights) == ids(models[0].weights)
    for weight, own in zip(saved.trainable_weights, models[0].trainable_weights):
        np.testing.assert_array_equal(weight.numpy(), own.numpy())


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to die of")
def test_ctrl_c_ends_the_training_at_once(tiny_npz, tmp_path):
    flags = ["--epochs", 1000, "--data", tiny_npz, "--out", tmp_path]
    process = start(PROJECT / f"{SCRIPTS[-1]}.py", *flags)
    for line in process.stdout:
        if line.startswith("Epoch 1/1000"):
            process.send_signal(signal.SIGINT)
            break
    ended = end(process)
    assert ended.status == -signal.SIGINT  # a shell says 130
    assert "Traceback" not in ended.stderr and "KeyboardInterrupt" not in ended.stderr
    assert "Epoch 1000" not in ended.stdout
    assert not list(tmp_path.iterdir())


def test_a_picture_that_fails_does_not_lose_the_model(tiny_npz, tmp_path):
    """It is written before anything is drawn; what failed is a sentence, status 1."""
    script = SCRIPTS[-1]
    (tmp_path / f"{script}.png").mkdir()
    flags = ["--epochs", 1, "--data", tiny_npz, "--out", tmp_path]
    ended = end(start(PROJECT / f"{script}.py", *flags))
    assert ended.status == 1 and "Traceback" not in ended.stderr
    *_, sentence = ended.stderr.splitlines()
    assert re.match(rf"{script}\.py: .*{script}\.png could not be written: ", sentence)
    keras.models.load_model(tmp_path / f"{script}.keras")

"""What holds for every script that is found: built, trained, run.

A new script is tested by this file as it is. The facts come from the module: the
arguments of `build_autoencoder`, the diagram in its docstring, its report.
"""

import ast
import importlib
import inspect
import math
import re
from types import SimpleNamespace

import common
from conftest import (
    BATCH_SIZE,
    EPOCHS,
    PROJECT,
    SCRIPTS,
    SEED,
    bce,
    decode_codes,
    python,
    read_report,
)
import keras
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
    """A short run of the script's `main`: see conftest.trained."""
    return trained(script)


@pytest.fixture
def loaded(run):
    """The models that the run has saved."""
    autoencoder = keras.models.load_model(run.out / f"{run.script}.keras")
    return (autoencoder, *map(autoencoder.get_layer, ("encoder", "decoder")))


def ids(weights):
    return {id(weight) for weight in weights}


def draws(models):
    """Return if the code is a distribution, of which the whole model draws."""
    return len(models[1].outputs) > 1


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


def test_the_size_of_the_code_is_an_argument(module, tmp_path):
    names = list(inspect.signature(module.build_autoencoder).parameters)
    if not names:
        return
    autoencoder, _, decoder = module.build_autoencoder(**{names[0]: 3})
    assert decoder.input_shape[-1] == 3
    default = module.build_autoencoder()[2].input_shape[-1]
    assert default == getattr(module, names[0]) != 3
    autoencoder.save(tmp_path / "small.keras")
    small = keras.models.load_model(tmp_path / "small.keras")
    assert small.get_layer("decoder").input_shape == decoder.input_shape


def test_the_saved_model_and_its_weights_are_those_that_were_trained(
    run, loaded, tmp_path
):
    decoded = decode_codes(run.models, run.x)
    assert decoded.shape == run.x_test.shape and decoded[0].size == 784
    assert 0 <= decoded.min() <= decoded.max() <= 1

    path = tmp_path / "trained.weights.h5"
    run.models[0].save_weights(path)
    rebuilt = run.module.build_autoencoder()
    rebuilt[0].load_weights(path)
    for models in loaded, rebuilt:
        assert ids(models[1].weights + models[2].weights) == ids(models[0].weights)
        again = decode_codes(models, run.x)
        np.testing.assert_allclose(again, decoded, atol=1e-6)
        if not draws(models):
            whole = models[0].predict(run.x, verbose=0)
            np.testing.assert_allclose(whole, again, atol=1e-5)


def test_saved_models_have_names_of_their_own_and_join_in_one(script, loaded, trained):
    assert loaded[0].name == script
    for name in SCRIPTS[:2]:
        if name != script:
            other = keras.models.load_model(trained(name).out / f"{name}.keras")
            flat = keras.Input((784,))
            parts = []
            for model in loaded[0], other:
                shape = [28 if n is None else n for n in model.input_shape[1:]]
                answer = model(keras.layers.Reshape(shape)(flat))
                parts.append(keras.layers.Reshape((784,))(answer))
            joined = keras.Model(flat, keras.layers.Average()(parts))
            assert joined.output_shape == (None, 784)


def shapes_of_layers(models):
    """The output shapes of encoder and decoder, without None and input layers."""
    shapes = []
    for layer in models[1].layers + models[2].layers:
        if not isinstance(layer, keras.layers.InputLayer):
            shapes.append([n for n in layer.output.shape if n is not None])
    return shapes


def test_the_docstrings_diagram_has_the_layers_shapes(run):
    (diagram,) = re.findall(r"^    (.+ -> .+)$", run.module.__doc__, re.MULTILINE)
    image = list(run.x_test.shape[1:])
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


# -------------------------------------------------------------------------- optimizers


@pytest.mark.parametrize("total_steps", [1, 3, 15, 40, 4690])
def test_the_rate_starts_and_ends_at_0(module, total_steps):
    optimizer = module.make_optimizer(total_steps)
    rates = []
    for step in np.linspace(0, total_steps, min(total_steps, 200) + 1):
        optimizer.iterations.assign(int(step))
        rates.append(float(optimizer.learning_rate))
    assert np.isfinite(rates).all()
    if total_steps >= 20:  # in a shorter training there is no time to rise
        top = int(np.argmax(rates))
        assert rates[0] == 0 and 1e-4 < rates[top] <= 1
        assert rates[-1] == pytest.approx(0, abs=1e-3 * rates[top])
        assert rates[9 * len(rates) // 10] > 0.01 * rates[top]  # it does not end early
        assert 0.05 <= top / len(rates) <= 0.5


def test_the_network_is_trained_by_the_scripts_optimizer(run):
    steps = EPOCHS * math.ceil(len(run.x_train) / BATCH_SIZE)
    used = run.models[0].optimizer
    expected = run.module.make_optimizer(steps)
    assert type(used) is type(expected)
    assert used.get_config() == {**expected.get_config(), "name": used.name}
    assert int(used.iterations) == steps
    assert run.models[0].loss == "binary_crossentropy"


# -------------------------------------------------------------------------------- main


def test_fit_is_given_the_files_images_and_the_flags(run):
    """An image is its own target; a denoiser's input has noise, drawn for each set."""
    fit = run.fit
    assert fit.model is run.models[0]
    x_val, y_val = fit.options.pop("validation_data")
    np.testing.assert_array_equal(fit.y, run.x_train)
    np.testing.assert_array_equal(y_val, run.x_test)
    inputs = [run.x_train, run.x_test]
    if hasattr(run.module, "noise_factor"):
        factor = run.module.noise_factor
        inputs = [common.add_noise(x, factor, SEED + i) for i, x in enumerate(inputs)]
    np.testing.assert_array_equal(fit.x, inputs[0])
    np.testing.assert_array_equal(x_val, inputs[1])
    assert fit.options == {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "verbose": 2}


def test_the_seed_decides_how_it_starts(run):
    for seed in SEED, SEED + 1:
        keras.utils.set_random_seed(seed)
        weights = run.module.build_autoencoder()[0].trainable_weights
        for weight, before in zip(weights, run.fit.before, strict=True):
            if seed == SEED:
                np.testing.assert_array_equal(weight.numpy(), before)
            else:  # a bias starts as a constant
                assert weight.ndim == 1 or (weight.numpy() != before).any()


def test_training_changes_every_weight_and_helps(run):
    weights = run.models[0].trainable_weights
    for weight, before in zip(weights, run.fit.before, strict=True):
        assert (weight.numpy() != before).any(), weight.path
    history = run.fit.history.history
    assert history["val_loss"][-1] < history["val_loss"][0]
    assert all(np.isfinite(values).all() for values in history.values())


def test_the_model_is_saved_before_anything_is_drawn_or_reported(run):
    assert run.found == []
    names = {f"{run.script}.keras", f"{run.script}.json", *run.figures}
    assert {f"{run.script}.png", f"{run.script}_loss.png"} < names
    assert {path.name for path in run.out.iterdir()} == names


def test_the_report_is_of_the_test_set(script, run, loaded):
    report = run.report
    decoded = decode_codes(loaded, run.x)
    mse = np.mean((run.x_test.astype(np.float64) - decoded) ** 2)
    assert report["bce"] == pytest.approx(bce(run.x_test, decoded), rel=1e-5)
    assert report["floor"] == pytest.approx(bce(run.x_test, run.x_test), rel=1e-5)
    assert report["mse"] == pytest.approx(mse, rel=1e-5)
    assert report["psnr"] == pytest.approx(10 * np.log10(1 / mse), rel=1e-5)
    assert report["history"] == run.fit.history.history
    assert len(report["history"]["val_loss"]) == report["epochs"] == EPOCHS
    assert (report["batch_size"], report["seed"]) == (BATCH_SIZE, SEED)
    assert report["parameters"] == sum(w.size for w in loaded[0].get_weights())
    assert report["code_size"] == math.prod(loaded[2].input_shape[1:])


def test_the_last_line_is_the_report_rounded_and_the_docstring_shows_one(script, run):
    report = run.report
    elbo = f"ELBO {report['elbo']:.1f} nats | " if "elbo" in report else ""
    line = (
        f"{script}: test BCE {report['bce']:.4f} (floor {report['floor']:.4f}) | "
        f"MSE {report['mse']:.4f} | PSNR {report['psnr']:.1f} dB | {elbo}"
    )
    last = run.printed.splitlines()[-1]
    assert re.fullmatch(re.escape(line) + r"\d+ s", last)

    command, promised = re.search(
        r"^    (python .+)\n    (.+)$", run.module.__doc__, re.MULTILINE
    ).groups()
    assert command == f"python {script}.py"
    words = [re.sub(r"\d+", "#", text) for text in (promised, last)]
    assert words[0] == words[1].removesuffix(" | # s")


def test_the_docstring_shows_the_line_on_record(script, module):
    path = PROJECT / "record" / f"{script}-0.txt"
    if not path.is_file():
        pytest.skip(f"{script} is not on record: python tools/record.py")
    line = path.read_text(encoding="utf-8").splitlines()[-1]
    without_seconds = line[: line.rindex(" | ")]
    assert f"    {without_seconds}\n" in module.__doc__


def test_the_log_has_a_line_an_epoch_and_no_control_characters(run):
    assert len(re.findall(r"^\d+/\d+ - .*loss", run.printed, re.MULTILINE)) == EPOCHS
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", run.printed)
    assert f"params: {run.report['parameters']:,}" in run.printed  # in the summary


def test_the_figure_shows_test_images_0_to_9_above_what_comes_back(run, loaded):
    axes = run.figures[f"{run.script}.png"].axes
    rows = run.x[:10], decode_codes(loaded, run.x)[:10]
    shown = [axis.get_images()[0].get_array() for axis in axes]
    expected = np.reshape(rows, (20, 28, 28))
    np.testing.assert_allclose(shown, expected, atol=1e-5)
    names = ["original", "reconstruction"]
    if hasattr(run.module, "noise_factor"):
        names = ["noisy", "denoised"]
    assert [axis.get_ylabel() for axis in axes[::10]] == names


def test_the_loss_curve_is_the_bce_between_the_mean_image_and_the_floor(run):
    """Without a penalty: a network that has one needs a metric that has none."""
    history = run.fit.history.history
    run.models[0](run.x[:1])
    key = "binary_crossentropy" if run.models[0].losses else "loss"
    (axis,) = run.figures[f"{run.script}_loss.png"].axes
    curves = [list(line.get_ydata()) for line in axis.get_lines()]
    mean_image = np.broadcast_to(run.x_train.mean(axis=0), run.x_test.shape)
    assert curves[:2] == [history[key], history[f"val_{key}"]]
    assert curves[2][0] == pytest.approx(bce(run.x_test, mean_image), rel=1e-5)
    assert curves[3][0] == pytest.approx(bce(run.x_test, run.x_test), rel=1e-5)
    assert key in axis.get_ylabel()


def test_pictures_are_not_those_of_the_users_matplotlib(run):
    """Which draws upside down, on black: see conftest.trained."""
    for figure in run.figures.values():
        assert figure.get_facecolor() == (1, 1, 1, 1)
        images = [image for axis in figure.axes for image in axis.get_images()]
        assert all(image.origin == "upper" for image in images)


def test_help_shows_the_docstring_and_the_flags(module, capsys):
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert module.__doc__.strip() in text
    assert all(f"--{flag}" in text for flag in ("epochs", "batch-size", "seed", "data"))


def test_a_bad_flag_ends_it_before_the_training(module, tmp_path, monkeypatch, capsys):
    """test_common.py has the ways in which a flag is bad."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        module.main(["--data", "none.npz"])
    assert ended.value.code == 2
    assert "there is no file 'none.npz'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_flags_it_takes_its_own_settings(module, tiny_npz, tmp_path, capsys):
    class Given(Exception):
        pass

    def fit(model, *arrays, **options):
        raise Given(options["epochs"], options["batch_size"], len(arrays[0]))

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Given) as given:
        patch.chdir(tmp_path)
        patch.setattr(common, "MNIST_FILE", tiny_npz)
        patch.setattr(keras.Model, "fit", fit)
        module.main([])
    assert given.value.args == (module.epochs, module.batch_size, 40)
    assert (tmp_path / "outputs").is_dir()


def test_mixed_precision_and_one_test_image(module, tiny_arrays, tmp_path, capsys):
    """And images with a channel, and labels that are no digits."""
    data = tmp_path / "odd.npz"
    arrays = {"x_train": tiny_arrays["x_train"], "x_test": tiny_arrays["x_test"][:1]}
    parts = {name: images[..., np.newaxis] for name, images in arrays.items()}
    np.savez(data, **parts, y_train=np.full(40, "q"))
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        flags = ["--epochs", "2", "--data", str(data), "--out", str(tmp_path)]
        models = module.main(flags)
    finally:
        keras.config.set_dtype_policy(before)
    assert models[0].layers[-1].compute_dtype == "bfloat16"
    report = read_report(tmp_path, module.__name__)
    assert np.isfinite([report["bce"], *report["history"]["val_loss"]]).all()
    assert report["bce"] < 0.75 and report["floor"] == pytest.approx(0.05, abs=0.03)


# ------------------------------------------------------------------------- as programs


@pytest.fixture(scope="module")
def log(tmp_path_factory, tiny_npz):
    """What `nohup python simple_ae.py` writes, with all that is odd together.

    A notebook's MPLBACKEND, matplotlib's settings, a Chinese folder; warnings of our
    own are errors.
    """
    folder = tmp_path_factory.mktemp("command")
    settings = "text.usetex: True\nimage.origin: lower\nfigure.autolayout: True\n"
    (folder / "matplotlibrc").write_text(settings, encoding="utf-8")
    out = folder / "\u8f38\u51fa"
    ended = python(
        *("-W", "error:::__main__", "-W", "error:::common", PROJECT / "simple_ae.py"),
        *("--data", tiny_npz, "--out", out),
        MATPLOTLIBRC=str(folder / "matplotlibrc"),
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        PYTHONUTF8="1",
    )
    assert ended.returncode == 0, ended.stderr
    names = "simple_ae.json", "simple_ae.keras", "simple_ae.png", "simple_ae_loss.png"
    assert tuple(sorted(path.name for path in out.iterdir())) == names
    return SimpleNamespace(text=ended.stdout + ended.stderr, stdout=ended.stdout)


def test_a_log_of_ten_epochs_is_short(log):
    assert log.stdout.count("Epoch ") == 10
    assert len(log.stdout.encode()) < 4500  # TensorFlow's own lines differ by machine
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", log.text)
    assert log.stdout.splitlines()[-1].startswith("simple_ae: test BCE 0.")
    assert "Traceback" not in log.text and "Warning" not in log.text


def test_onednn_is_asked_for_before_keras_is_imported(script, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)  # common has set it
    program = 'import os, sys\nsys.exit(os.environ.get("TF_ENABLE_ONEDNN_OPTS"))\n'
    (tmp_path / "keras.py").write_text(program, encoding="utf-8")
    ended = python(PROJECT / f"{script}.py", PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (1, "1\n")


FOLDERS = PROJECT, PROJECT / "claims", PROJECT / "tools", PROJECT / "page"
PROGRAMS = [path for folder in FOLDERS for path in sorted(folder.glob("*.py"))]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_whoever_makes_a_figure_draws_by_matplotlibs_own_settings(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            if any(ast.unparse(call.func).endswith("Figure") for call in calls):
                styles = [ast.unparse(each) for each in function.decorator_list]
                assert {"default_style", "common.default_style"} & {*styles}, (
                    f"{function.name} draws by the user's settings"
                )
    assert "pyplot" not in path.read_text(encoding="utf-8")

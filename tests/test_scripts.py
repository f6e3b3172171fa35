"""What holds for every script that is found: built, trained, run.

A new script is tested by this file as it is. The facts come from the module: the
arguments of `build_autoencoder`, the diagram in its docstring, its report.
"""

import importlib
import inspect
import math
import os
import re
import subprocess
import sys

import common
from conftest import FLAGS, PROJECT, SCRIPTS, decode_codes, read_report
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


def test_the_three_models_share_their_weights(run):
    for autoencoder, encoder, decoder in run.models, run.saved:
        parts = {id(weight) for weight in encoder.weights + decoder.weights}
        assert parts == {id(weight) for weight in autoencoder.weights}
        assert encoder.weights and decoder.weights
        assert len(parts) == len(encoder.weights) + len(decoder.weights)
        assert autoencoder.name == run.script  # so that two can be joined in one
        assert (encoder.name, decoder.name) == ("encoder", "decoder")
        for output in encoder.outputs:
            assert output.shape[1:] == decoder.input_shape[1:]


def test_the_saved_model_is_the_one_that_was_trained(run):
    decoded = decode_codes(run.models, run.x)
    assert decoded.shape == run.x_test.shape and decoded[0].size == 784
    assert 0 <= decoded.min() <= decoded.max() <= 1
    np.testing.assert_allclose(decode_codes(run.saved, run.x), decoded, atol=1e-5)
    if len(run.saved[1].outputs) == 1:  # else it draws from a distribution
        np.testing.assert_allclose(run.saved[0](run.x), decoded, atol=1e-5)


def shapes_of_layers(models):
    """The output shapes of encoder and decoder, without None and input layers."""
    shapes = []
    for layer in models[1].layers + models[2].layers:
        if not isinstance(layer, keras.layers.InputLayer):
            shapes.append([n for n in layer.output.shape if n is not None])
    return shapes


def test_the_docstrings_diagram_has_the_layers_shapes(run):
    (diagram,) = re.findall(r"^    (.+ -> .+)$", run.module.__doc__, re.MULTILINE)
    shapes = iter([list(run.x_test.shape[1:]), *shapes_of_layers(run.models)])
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


@pytest.mark.parametrize("total_steps", [1, 15, 4690])
def test_the_rate_starts_and_ends_at_0(module, total_steps):
    optimizer = module.make_optimizer(total_steps)
    rates = []
    for tenth in range(11):
        optimizer.iterations.assign(total_steps * tenth // 10)
        rates.append(float(optimizer.learning_rate))
    assert np.isfinite(rates).all()
    if total_steps > 20:  # in a shorter training there is no time to rise
        assert rates[0] == 0 and 1e-4 < max(rates) <= 1
        assert rates[10] == pytest.approx(0, abs=1e-3 * max(rates))
        assert rates[9] > 0.01 * max(rates)  # it does not end early
        assert 1 <= rates.index(max(rates)) <= 5


def test_the_network_is_trained_by_the_scripts_optimizer(run):
    steps = FLAGS["epochs"] * len(run.x_train) // FLAGS["batch_size"]
    used = run.models[0].optimizer
    expected = run.module.make_optimizer(steps)
    assert type(used) is type(expected)
    assert used.get_config() == {**expected.get_config(), "name": used.name}
    assert int(used.iterations) == steps
    assert run.models[0].loss == "binary_crossentropy"


def test_fit_is_given_the_files_images_and_the_flags(run):
    """An image is its own target; a denoiser's input has noise, drawn for each set."""
    model, x, y, options = run.fit.model, run.fit.x, run.fit.y, run.fit.options
    assert model is run.models[0]
    flags = {"epochs": options["epochs"], "batch_size": options["batch_size"]}
    assert {**flags, "seed": FLAGS["seed"]} == FLAGS
    targets = [y, options["validation_data"][1]]
    for found, expected in zip(targets, (run.x_train, run.x_test)):
        np.testing.assert_array_equal(found, expected)
    if hasattr(run.module, "noise_factor"):
        for i in 0, 1:
            factor, seed = run.module.noise_factor, FLAGS["seed"] + i
            targets[i] = common.add_noise(targets[i], factor, seed)
    np.testing.assert_array_equal(x, targets[0])
    np.testing.assert_array_equal(run.x, targets[1])


def test_the_seed_decides_how_it_starts(run):
    for more in 0, 1:
        keras.utils.set_random_seed(FLAGS["seed"] + more)
        weights = run.module.build_autoencoder()[0].trainable_weights
        for weight, before in zip(weights, run.fit.before, strict=True):
            if weight.ndim > 1:  # a bias starts as a constant
                assert (weight.numpy() != before).any() == more


def test_training_changes_every_weight_and_helps(run):
    weights = run.models[0].trainable_weights
    for weight, before in zip(weights, run.fit.before, strict=True):
        assert (weight.numpy() != before).any(), weight.path
    losses = run.history.history["val_loss"]
    assert losses[-1] < losses[0]


def test_the_model_is_saved_before_anything_is_drawn_or_reported(run):
    written = sorted(run.out.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert written[0].name == f"{run.script}.keras"
    names = {f"{run.script}.keras", f"{run.script}.json", *run.figures}
    assert {f"{run.script}.png", f"{run.script}_loss.png"} < names
    assert {path.name for path in written} == names


def test_the_report_is_of_the_test_set(run):
    """test_common.py has its formulas."""
    report = run.report
    decoded = decode_codes(run.saved, run.x)
    bce = common.binary_crossentropy(run.x_test, decoded)
    assert report["bce"] == pytest.approx(bce, rel=1e-5)
    assert report["mse"] == pytest.approx(np.mean((run.x_test - decoded) ** 2))
    assert report["history"] == run.history.history
    assert {name: report[name] for name in FLAGS} == FLAGS
    assert report["parameters"] == sum(w.size for w in run.models[0].get_weights())
    assert report["code_size"] == math.prod(run.models[2].input_shape[1:])


def test_the_docstring_shows_the_line_on_record_and_it_is_as_today(script, run):
    path = PROJECT / "record" / f"{script}-0.txt"
    if not path.is_file():
        pytest.skip(f"{script} is not on record: python tools/record.py")
    line = path.read_text(encoding="utf-8").splitlines()[-1]
    promised = f"    python {script}.py\n    {line[: line.rindex(' | ')]}\n"
    assert promised in run.module.__doc__
    bce = read_report(path.parent, f"{script}-0")["data"]["bce"]
    assert line.startswith(f"{script}: test BCE {bce:.4f}")
    printed = run.printed.splitlines()[-1]
    assert re.sub(r"\d+", "#", printed) == re.sub(r"\d+", "#", line)


def test_the_figure_shows_test_images_0_to_9_above_what_comes_back(run):
    axes = run.figures[f"{run.script}.png"].axes
    shown = [axis.get_images()[0].get_array() for axis in axes]
    rows = run.x[:10], decode_codes(run.saved, run.x[:10])
    np.testing.assert_allclose(shown, np.reshape(rows, (20, 28, 28)), atol=1e-5)
    names = ["original", "reconstruction"]
    if hasattr(run.module, "noise_factor"):
        names = ["noisy", "denoised"]
    assert [axis.get_ylabel() for axis in axes[::10]] == names
    for figure in run.figures.values():
        images = [image for axis in figure.axes for image in axis.get_images()]
        assert all(image.origin == "upper" for image in images)


def test_the_loss_curve_is_the_bce_of_training_and_test_images(run):
    """Without a penalty: a network that has one needs a metric that has none."""
    history = run.history.history
    run.models[0](run.x[:1])
    key = "binary_crossentropy" if run.models[0].losses else "loss"
    (axis,) = run.figures[f"{run.script}_loss.png"].axes
    curves = [list(line.get_ydata()) for line in axis.get_lines()]
    assert curves[:2] == [history[key], history[f"val_{key}"]]
    mean_image = np.broadcast_to(run.x_train.mean(axis=0), run.x_test.shape)
    assert curves[2][0] == common.binary_crossentropy(run.x_test, mean_image)


def test_its_flags_are_its_own_settings(module, monkeypatch):
    """What they do is test_common.py's."""
    given = []
    monkeypatch.setattr(common, "parse_args", lambda *a: given.append(a) or sys.exit())
    with pytest.raises(SystemExit):
        module.main([])
    assert given == [(module.__doc__, [], module.epochs, module.batch_size)]


# Those that have a line of their own for it, in their network or their pictures.
@pytest.mark.parametrize("name", ["conv_ae", "sparse_ae", "vae"])
def test_mixed_precision_and_one_test_image(name, tiny_arrays, tmp_path, capsys):
    data = tmp_path / "one.npz"
    tiny_arrays["x_test"] = tiny_arrays["x_test"][:1]
    np.savez(data, **tiny_arrays)
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        flags = ["--epochs", "1", "--data", str(data), "--out", str(tmp_path)]
        models = importlib.import_module(name).main(flags)
    finally:
        keras.config.set_dtype_policy("float32")
    assert models[0].layers[-1].compute_dtype == "bfloat16"
    report = read_report(tmp_path, name)
    assert np.isfinite([report["bce"], *report["history"]["val_loss"]]).all()
    assert report["bce"] < 0.75


def python(path, *arguments, **environment):
    """Run a program: its `returncode`, `stdout` and `stderr`."""
    command = [sys.executable, str(path), *map(str, arguments)]
    environment = {**os.environ, "PYTHONUTF8": "1", **environment}
    return subprocess.run(
        command, check=False, capture_output=True, encoding="utf-8", env=environment
    )


def test_a_log_is_short_whatever_is_set(tmp_path, tiny_npz):
    """A backend that this Python has not, matplotlib's settings, a Chinese folder."""
    settings = "text.usetex: True\nimage.origin: lower\nfigure.autolayout: True\n"
    (tmp_path / "matplotlibrc").write_text(settings, encoding="utf-8")
    out = tmp_path / "\u8f38\u51fa"
    ended = python(
        *(PROJECT / "simple_ae.py", "--data", tiny_npz, "--out", out),
        MATPLOTLIBRC=str(tmp_path / "matplotlibrc"),
        MPLBACKEND="of_a_notebook",
    )
    assert ended.returncode == 0, ended.stderr
    assert len(list(out.iterdir())) == 4
    assert ended.stdout.count("Epoch ") == 10 and len(ended.stdout.encode()) < 4500
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ended.stdout)  # of a bar
    assert ended.stdout.splitlines()[-1].startswith("simple_ae: test BCE 0.")
    assert "Warning" not in ended.stdout + ended.stderr


def test_onednn_is_asked_for_before_keras_is_imported(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)  # common has set it
    program = 'import os, sys\nsys.exit(os.environ.get("TF_ENABLE_ONEDNN_OPTS"))\n'
    (tmp_path / "keras.py").write_text(program, encoding="utf-8")
    ended = python(PROJECT / "simple_ae.py", PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (1, "1\n")


def test_whoever_makes_a_figure_draws_by_matplotlibs_own_settings():
    for folder in PROJECT, PROJECT / "claims", PROJECT / "tools", PROJECT / "page":
        for path in folder.glob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert "pyplot" not in source, path
            for part in source.split("\n\n\n"):  # functions, by the formatter
                assert "Figure(" not in part or "default_style\ndef " in part, part

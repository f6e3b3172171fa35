"""What holds for every script that is found, also a new one: built, trained, run."""

import importlib
import inspect
import math
import re
import subprocess
import sys

import common
from conftest import FLAGS, ON_RECORD, PROJECT, SCRIPTS, read_report
import keras
from matplotlib.image import AxesImage
import numpy as np
import pytest


@pytest.fixture(params=SCRIPTS)
def run(request, trained):
    """A short run of each script's `main`: see conftest.trained."""
    return trained(request.param)


def test_the_three_models_share_their_weights_and_are_saved_as_trained(run):
    names = run.script, "encoder", "decoder"  # so that models can be joined in one
    saved = run.saved, *map(run.saved.get_layer, names[1:])
    for autoencoder, encoder, decoder in run.models, saved:
        assert (autoencoder.name, encoder.name, decoder.name) == names
        weights = [id(weight) for weight in encoder.weights + decoder.weights]
        assert weights == [id(weight) for weight in autoencoder.weights]
        assert encoder.weights and decoder.weights
        if len(encoder.outputs) == 1:  # else it draws from a distribution
            np.testing.assert_allclose(autoencoder(run.x), run.decoded, atol=1e-5)
    np.testing.assert_equal(run.saved.get_weights(), run.models[0].get_weights())
    assert run.decoded.shape == run.x_test.shape and run.decoded[0].size == 784
    assert 0 <= run.decoded.min() <= run.decoded.max() <= 1


def test_the_diagram_and_the_comments_have_the_layers_shapes(run):
    """Comments above each layer: only of models whose images are not flat."""

    def numbers(text):
        return [int(number) for number in re.findall(r"\d+", text)]

    layers = run.models[1].layers + run.models[2].layers
    layers = [n for n in layers if not isinstance(n, keras.layers.InputLayer)]
    shapes = [[n for n in layer.output.shape if n is not None] for layer in layers]
    if len(run.x_test.shape) > 2:
        source = inspect.getsource(run.module.build_autoencoder)
        comments = re.findall(r"^ +# (\d+(?: x \d+)*)(?=$|[:;])", source, re.MULTILINE)
        assert list(map(numbers, comments)) == shapes

    (diagram,) = re.findall(r"^    (.+ -> .+)$", run.module.__doc__, re.MULTILINE)
    left = iter([list(run.x_test.shape[1:]), *shapes])
    for part in diagram.split(" -> "):
        if part != "...":  # in this order, perhaps with others between
            assert numbers(re.split(r"[(,]", part)[0]) in left, part
    assert part != "..." and not list(left)


def test_the_rate_starts_and_ends_at_0(run):
    for total_steps in 1, 15, 4690:
        optimizer = run.module.make_optimizer(total_steps)
        rates = []
        for tenth in range(11):
            optimizer.iterations.assign(total_steps * tenth // 10)
            rates.append(float(optimizer.learning_rate))
        assert np.isfinite(rates).all()
    # The last of the trainings has time to rise.
    assert rates[0] == 0 and 1e-4 < max(rates) <= 1
    assert rates[10] == pytest.approx(0, abs=1e-3 * max(rates))
    assert rates[9] > 0.01 * max(rates)  # it does not end early
    assert 1 <= rates.index(max(rates)) <= 5


def test_it_is_trained_by_its_own_optimizer_as_long_as_the_flags_say(run):
    steps = FLAGS["epochs"] * len(run.x_train) // FLAGS["batch_size"]
    used = run.models[0].optimizer
    expected = run.module.make_optimizer(steps)
    assert type(used) is type(expected)
    assert used.get_config() == {**expected.get_config(), "name": used.name}
    assert int(used.iterations) == steps
    assert len(run.models[0].history.epoch) == FLAGS["epochs"]
    assert run.models[0].loss == "binary_crossentropy"
    source = inspect.getsource(run.module.main)
    assert "parse_args(__doc__, argv, epochs, batch_size)" in source  # the defaults


def test_fit_is_given_the_files_images(run):
    """An image is its own target; a denoiser's input has noise, drawn for each set."""
    inputs = [run.x_train, run.x_test]
    if hasattr(run.module, "noise_factor"):
        for i, images in enumerate(inputs):
            factor = run.module.noise_factor
            inputs[i] = common.add_noise(images, factor, FLAGS["seed"] + i)
    np.testing.assert_array_equal(run.fit.x, inputs[0])
    np.testing.assert_array_equal(run.fit.y, run.x_train)
    np.testing.assert_array_equal(run.fit.validation_data, [inputs[1], run.x_test])


def test_the_seed_decides_the_start_and_training_changes_every_weight(run):
    starts = []
    for seed in FLAGS["seed"], FLAGS["seed"] + 1:
        keras.utils.set_random_seed(seed)
        starts.append(run.module.build_autoencoder()[0].trainable_weights)
    ends = run.models[0].trainable_weights
    for before, same, other, end in zip(run.before, *starts, ends, strict=True):
        np.testing.assert_array_equal(same.numpy(), before)
        if before.ndim > 1:  # a bias starts as a constant
            assert (other.numpy() != before).any()
        assert (end.numpy() != before).any(), end.path
    losses = run.report["history"]["val_loss"]
    assert losses[-1] < losses[0]


def test_the_model_is_saved_before_anything_is_drawn_or_reported(run):
    written = sorted(run.out.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert written[0].name == f"{run.script}.keras"
    names = {f"{run.script}.keras", f"{run.script}.json", *run.figures}
    assert {f"{run.script}.png", f"{run.script}_loss.png"} < names
    assert {path.name for path in written} == names


def test_the_docstring_shows_the_line_on_record_and_it_is_as_today(run):
    script = run.script
    if script not in ON_RECORD:
        pytest.skip(f"{script} is not on record: python tools/record.py")
    text = (PROJECT / "record" / f"{script}-0.txt").read_text(encoding="utf-8")
    line = text.splitlines()[-1]
    promised = f"    python {script}.py\n    {line[: line.rindex(' | ')]}\n"
    assert promised in run.module.__doc__
    data = read_report(PROJECT / "record", f"{script}-0")["data"]
    assert line.startswith(f"{script}: test BCE {data['bce']:.4f}")
    settings = run.module.epochs, run.module.batch_size
    assert settings == (data["epochs"], data["batch_size"])  # those without flags
    printed = run.printed.splitlines()[-1]
    assert re.sub(r"\d+", "#", printed) == re.sub(r"\d+", "#", line)


def test_the_report_and_the_figure_are_of_what_comes_back_of_test_images(run):
    """test_common.py has the report's other numbers."""
    bce = common.binary_crossentropy(run.x_test, run.decoded)
    assert run.report["bce"] == pytest.approx(bce, rel=1e-5)
    assert run.report["code_size"] == math.prod(run.models[2].input_shape[1:])

    axes = run.figures[f"{run.script}.png"].axes
    shown = [axis.get_images()[0].get_array() for axis in axes]
    rows = np.reshape([run.x[:10], run.decoded[:10]], (20, 28, 28))
    np.testing.assert_allclose(shown, rows, atol=1e-5)
    is_denoiser = hasattr(run.module, "noise_factor")
    names = ["noisy", "denoised"] if is_denoiser else ["original", "reconstruction"]
    assert [axis.get_ylabel() for axis in axes[::10]] == names
    for figure in run.figures.values():
        assert all(image.origin == "upper" for image in figure.findobj(AxesImage))


def test_the_loss_curve_is_the_bce_of_training_and_test_images(run):
    """Without a penalty: a network that has one needs a metric that has none."""
    run.models[0](run.x[:1])
    key = "binary_crossentropy" if run.models[0].losses else "loss"
    mean_image = np.broadcast_to(run.x_train.mean(axis=0), run.x_test.shape)
    mean = common.binary_crossentropy(run.x_test, mean_image)
    floor = common.binary_crossentropy(run.x_test, run.x_test)
    (axis,) = run.figures[f"{run.script}_loss.png"].axes
    lines = axis.get_lines()
    assert {line.get_label(): list(line.get_ydata()) for line in lines} == {
        "training images": run.report["history"][key],
        "test images": run.report["history"][f"val_{key}"],
        f"the mean image: {mean:.3g}": [mean, mean],
        f"the floor, a perfect copy: {floor:.3g}": [floor, floor],
    }
    assert list(lines[0].get_xdata()) == [1, 2, 3]  # epochs


# Those that have a line of their own for it, in their network or their pictures.
@pytest.mark.parametrize("name", ["conv_ae", "sparse_ae", "vae"])
def test_mixed_precision_and_one_test_image(name, tiny_arrays, tmp_path):
    data = tmp_path / "one.npz"
    np.savez(data, **{**tiny_arrays, "x_test": tiny_arrays["x_test"][:1]})
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


def test_a_log_is_short_whatever_is_set(tmp_path, tiny_npz, monkeypatch):
    """A backend that this Python has not, matplotlib's settings, a Chinese folder."""
    settings = "text.usetex: True\nimage.origin: lower\nfigure.autolayout: True\n"
    (tmp_path / "matplotlibrc").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "of_a_notebook")
    monkeypatch.setenv("PYTHONUTF8", "1")
    out = tmp_path / "\u8f38\u51fa"
    command = [sys.executable, "simple_ae.py", "--data", tiny_npz, "--out", out]
    ended = subprocess.run(
        command, check=False, cwd=PROJECT, capture_output=True, encoding="utf-8"
    )
    assert ended.returncode == 0, ended.stderr
    assert len(list(out.iterdir())) == 4
    assert ended.stdout.count("Epoch ") == 10 and len(ended.stdout.encode()) < 4500
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ended.stdout)  # of a bar
    assert ended.stdout.splitlines()[-1].startswith("simple_ae: test BCE 0.")
    assert "Warning" not in ended.stdout + ended.stderr


def test_onednn_is_asked_for_before_keras_is_imported(tmp_path, monkeypatch):
    program = 'import os\nprint(os.environ["TF_ENABLE_ONEDNN_OPTS"])\nexit()\n'
    (tmp_path / "keras.py").write_text(program, encoding="utf-8")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")  # common has set it
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, PROJECT / "simple_ae.py"]
    assert subprocess.check_output(command, text=True) == "1\n"


def test_whoever_makes_a_figure_draws_by_matplotlibs_own_settings():
    for folder in PROJECT, PROJECT / "claims", PROJECT / "tools", PROJECT / "page":
        for path in folder.glob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert "pyplot" not in source, path
            for part in source.split("\n\n\n"):  # functions, by the formatter
                assert "Figure(" not in part or "default_style\ndef " in part, part

"""What holds for all seven scripts: flags, training, figures, files, last line."""

import ast
from concurrent.futures import ThreadPoolExecutor
import inspect
import io
import math
import os
import re
import signal
import subprocess
import sys
import tokenize
from conftest import BATCH_SIZE, EPOCHS, FLAGS, PROJECT, SCRIPTS, record
import keras
from matplotlib.image import imread
import numpy as np
import pytest

# the parameters of the post's models, and of ours where the post has none
PARAMETERS = {
    "simple_ae": 50_992,
    "sparse_ae": 784 * 128 + 128 + 128 * 784 + 784,
    "deep_ae": 222_384,
    "conv_ae": 46_857,
    "denoise_ae": 28_353,
    "seq2seq_ae": (28 + 128 + 1) * 512 + (128 + 128 + 1) * 512 + 129 * 28,
    "vae": 493_716,
}
CODE = {
    "simple_ae": (32,),
    "sparse_ae": (128,),
    "deep_ae": (32,),
    "conv_ae": (4, 4, 8),
    "denoise_ae": (7, 7, 32),
    "seq2seq_ae": (128,),
    "vae": (2,),
}

# beside NAME.png, NAME_loss.png and NAME.keras
OWN_FIGURES = {"conv_ae": {"conv_ae_codes.png"}, "vae": {"vae_manifold.png"}}

# what is drawn as the loss, where it is not the whole loss
CURVES = {"sparse_ae": "binary_crossentropy"}

RESULT = re.compile(
    r"(?P<name>\w+): test BCE (?P<bce>0\.\d{4}) \(floor (?P<floor>0\.\d{4})\) \| "
    r"MSE (?P<mse>0\.\d{4}) \| PSNR (?P<psnr>\d+\.\d) dB \| "
    r"(ELBO (?P<elbo>-\d+\.\d) nats \| )?(?P<seconds>\d+) s"
)


@pytest.fixture(params=SCRIPTS)
def script(request):
    return request.param


@pytest.fixture
def run(script, trained):
    """One short training of each script: see conftest.record."""
    return trained(script)


def images(npz, part, like):
    """The images of a file in [0, 1], in the shape that a model takes."""
    with np.load(npz) as arrays:
        return (arrays[f"x_{part}"] / np.float32(255)).reshape(-1, *like.shape[1:])


def reconstruct(models, x):
    """What encoder and decoder make of x; of a VAE's code, the mean counts."""
    _, encoder, decoder = models
    code = encoder.predict(x, verbose=0)
    return decoder.predict(code[0] if isinstance(code, list) else code, verbose=0)


def bce(x, y):
    x, y = x.astype(np.float64), np.clip(y.astype(np.float64), 1e-7, 1 - 1e-7)
    return -np.mean(x * np.log(y) + (1 - x) * np.log(1 - y))


def ids(weights):
    return {id(weight) for weight in weights}


# --------------------------------------------------------------------- the training


def test_epochs_and_batch_size_are_those_of_the_flags(run):
    curve = CURVES.get(run.script, "loss")
    assert len(run.history[curve]) == len(run.history[f"val_{curve}"]) == EPOCHS
    steps = EPOCHS * math.ceil(len(run.fit.x) / BATCH_SIZE)
    assert int(run.fit.model.optimizer.iterations) == steps


def test_the_seed_decides_the_weights_and_the_noise(run, tiny_npz, tmp_path):
    files = ["--data", tiny_npz, "--out", tmp_path]
    same = record(run.script, *FLAGS, *files, train=False)
    other = record(run.script, *FLAGS, "--seed", 6, *files, train=False)
    for weight, again in zip(run.fit.before, same.fit.before, strict=True):
        np.testing.assert_array_equal(weight, again)
    for weight, another in zip(run.fit.before, other.fit.before, strict=True):
        assert weight.ndim == 1 or (weight != another).any()  # a bias starts at 0
    np.testing.assert_array_equal(run.fit.x, same.fit.x)
    assert (run.fit.x != other.fit.x).any() == (run.script == "denoise_ae")


def test_it_is_trained_on_the_files_images(run, tiny_npz):
    fit, (x_val, y_val) = run.fit, run.fit.options["validation_data"]
    np.testing.assert_array_equal(fit.y, images(tiny_npz, "train", fit.y))
    np.testing.assert_array_equal(y_val, images(tiny_npz, "test", y_val))
    if run.script != "denoise_ae":  # test_denoise_ae.py looks at the noise
        np.testing.assert_array_equal(fit.x, fit.y)
        np.testing.assert_array_equal(x_val, y_val)
    assert fit.x.dtype == fit.y.dtype == x_val.dtype == y_val.dtype == np.float32


def test_it_learns(run):
    curve = run.history[f"val_{CURVES.get(run.script, 'loss')}"]
    assert curve[-1] < curve[0]
    assert all(np.isfinite(values).all() for values in run.history.values())


def test_the_rate_starts_and_ends_at_0(script, tiny_npz, tmp_path):
    """Whatever the flags are; the share of the steps in which it rises is the same."""
    shares = []
    for flags in "", "--epochs 7 --batch-size 3", "--epochs 1":
        flags = f"--batch-size 4 {flags}".split()  # 10 steps an epoch; the last wins
        files = ["--data", tiny_npz, "--out", tmp_path]
        fit = record(script, *flags, *files, train=False).fit
        optimizer = fit.model.optimizer
        steps = fit.options["epochs"] * math.ceil(40 / fit.options["batch_size"])
        rates = []
        for step in range(steps + 1):
            optimizer.iterations.assign(step)
            rates.append(float(optimizer.learning_rate))
        top = int(np.argmax(rates))
        assert rates[0] == 0 and 1e-4 < rates[top] <= 1
        assert rates[-1] == pytest.approx(0, abs=1e-3 * rates[top])
        assert rates[9 * steps // 10] > 0.01 * rates[top]  # it does not end earlier
        shares.append(top / steps)
    assert 0 < min(shares) and max(shares) <= 0.5
    assert max(shares) - min(shares) < 0.01


@pytest.mark.parametrize("flags", ["--epochs 1 --batch-size 100000", "--epochs 2"])
def test_one_step_an_epoch_is_enough(script, flags, tiny_npz, tmp_path):
    flags = f"--batch-size 40 {flags}".split()
    run = record(script, *flags, "--data", tiny_npz, "--out", tmp_path, train=False)
    run.fit.model.optimizer.iterations.assign(0)
    assert np.isfinite(float(run.fit.model.optimizer.learning_rate))


def test_without_flags_it_takes_mnist_and_outputs(script, tmp_path, monkeypatch):
    """And nothing from sys.argv: in Jupyter that holds the kernel's own file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    monkeypatch.setattr("common.load_mnist", lambda path=None: 1 / (path is not None))
    with pytest.raises(ZeroDivisionError):
        record(script)
    assert (tmp_path / "outputs").is_dir()


def test_help_shows_the_docstring_and_the_flags(script, capsys):
    module = __import__(script)
    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert module.__doc__.strip() in text and f"python {script}.py" in text
    for flag in "--epochs", "--batch-size", "--seed", "--data", "--out":
        assert f"  {flag} " in text


# --------------------------------------------------------------- figures and files


def test_the_figure_shows_test_images_0_to_9_above_what_comes_back(run, tiny_npz):
    (above, below), file = run.rows[f"{run.script}.png"].values(), f"{run.script}.png"
    noisy = run.script == "denoise_ae"
    assert list(run.rows[file]) == (
        ["noisy", "denoised"] if noisy else ["original", "reconstruction"]
    )
    fed = run.fit.options["validation_data"][0] if noisy else above
    originals = fed if noisy else images(tiny_npz, "test", above)
    np.testing.assert_array_equal(above, originals[:10])
    np.testing.assert_allclose(below, reconstruct(run.models, above), atol=1e-5)

    pixels = imread(run.out / file)  # wider than high, and not empty
    assert pixels.shape[1] > 4 * pixels.shape[0] and pixels.shape[1] > 1000
    assert np.ptp(pixels[..., 0]) == 1


def test_the_loss_curve_stands_between_the_mean_image_and_the_floor(run, tiny_npz):
    (axis,) = run.figures[f"{run.script}_loss.png"].axes
    lines = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    curve = CURVES.get(run.script, "loss")
    assert list(lines[curve]) == run.history[curve]
    assert list(lines[f"val_{curve}"]) == run.history[f"val_{curve}"]

    x_test = images(tiny_npz, "test", run.fit.y)
    mean_image = images(tiny_npz, "train", run.fit.y).mean(axis=0, dtype=np.float64)
    mean, floor = bce(x_test, x_test * 0 + mean_image), bce(x_test, x_test)
    assert lines[f"mean image: {mean:.3g}"][0] == pytest.approx(mean, rel=1e-4)
    assert lines[f"floor: {floor:.3g}"][0] == pytest.approx(floor, rel=1e-4)
    assert len(lines) == 4


def test_the_models_share_their_weights(run):
    autoencoder, encoder, decoder = run.models
    assert ids(encoder.weights + decoder.weights) == ids(autoencoder.weights)
    assert encoder.weights and decoder.weights
    assert not ids(encoder.weights) & ids(decoder.weights)
    assert autoencoder is run.fit.model  # the one that was trained
    for weight, before in zip(
        autoencoder.trainable_weights, run.fit.before, strict=True
    ):
        assert (weight.numpy() != before).any()


def test_the_saved_model_is_the_trained_one(run):
    loaded = keras.models.load_model(run.out / f"{run.script}.keras")
    halves = [loaded.get_layer(name) for name in ("encoder", "decoder")]
    assert ids(halves[0].weights + halves[1].weights) == ids(loaded.weights)
    for saved, weight in zip(loaded.weights, run.models[0].weights, strict=True):
        if "seed_generator" not in weight.path:  # each prediction moves a generator on
            np.testing.assert_array_equal(saved.numpy(), weight.numpy())

    x = run.fit.options["validation_data"][0]
    trained = reconstruct(run.models, x)
    np.testing.assert_allclose(reconstruct([loaded, *halves], x), trained, atol=1e-6)
    if run.script != "vae":  # whose whole model draws its codes
        np.testing.assert_allclose(loaded.predict(x, verbose=0), trained, atol=1e-5)


def test_the_files_are_those_and_no_others(run):
    names = {f"{run.script}{end}" for end in (".png", "_loss.png", ".keras")}
    names |= OWN_FIGURES.get(run.script, set())
    assert {path.name for path in run.out.iterdir()} == names
    assert {line for line in run.lines if line.startswith("saved ")} == {
        f"saved {run.out / name}" for name in names
    }


def test_the_last_line_is_the_result_on_the_test_set(run, tiny_npz):
    result = RESULT.fullmatch(run.lines[-1])
    assert result and result["name"] == run.script
    x, target = run.fit.options["validation_data"][0], run.fit.y
    x_test, decoded = images(tiny_npz, "test", target), reconstruct(run.models, x)
    mse = np.mean((x_test.astype(np.float64) - decoded) ** 2)
    expected = {
        "bce": bce(x_test, decoded),
        "floor": bce(x_test, x_test),
        "mse": mse,
        "psnr": 10 * np.log10(1 / mse),
    }
    for name, value in expected.items():
        digits = 1 if name == "psnr" else 4
        assert float(result[name]) == pytest.approx(value, abs=0.51 * 10**-digits)
    assert 0 <= int(result["seconds"]) < 120
    assert (result["elbo"] is not None) == (run.script == "vae")
    if run.script != "vae":  # the rate has ended at 0: it is the last epoch's val_loss
        curve = run.history[f"val_{CURVES.get(run.script, 'loss')}"]
        assert curve[-1] == pytest.approx(expected["bce"], abs=1e-3)


# ------------------------------------------------------------------ the architecture


def test_the_number_of_parameters_and_the_codes_shape(run):
    autoencoder, encoder, decoder = run.models
    sizes = [np.prod(w.shape, dtype=int) for w in autoencoder.trainable_weights]
    assert sum(sizes) == PARAMETERS[run.script]
    total = "222,384" if run.script == "deep_ae" else f"{sum(sizes):,}"
    assert any(f"params: {total}" in line for line in run.lines)  # in the summary
    assert decoder.input_shape[1:] == CODE[run.script]
    outputs = encoder.outputs
    assert {output.shape[1:] for output in outputs} == {CODE[run.script]}
    assert len(outputs) == (3 if run.script == "vae" else 1)
    decoded = reconstruct(run.models, run.fit.x)
    assert decoded.shape == run.fit.y.shape
    assert 0 <= decoded.min() <= decoded.max() <= 1


def shapes_of_layers(run):
    """The output shapes of encoder and decoder, without None and input layers."""
    _, encoder, decoder = run.models
    outputs = [
        layer.output
        for layer in encoder.layers + decoder.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    return [[n for n in output.shape if n is not None] for output in outputs]


@pytest.mark.parametrize("script", ["conv_ae", "denoise_ae", "seq2seq_ae"])
def test_the_comments_have_the_layers_shapes(script, trained):
    """Behind the line that makes a layer, or on a line of its own above it."""
    run = trained(script)
    source = inspect.getsource(run.module.build_autoencoder)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    comments = {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}
    promised = []
    for statement in ast.parse(source).body[0].body:
        if "= layers." not in ast.unparse(statement):
            continue
        first = statement.lineno
        if statement.end_lineno not in comments:
            while first - 1 in comments and source.splitlines()[
                first - 2
            ].strip().startswith("#"):
                first -= 1  # a comment of several lines begins with the shape
        comment = comments.get(statement.end_lineno) or comments.get(first, "")
        shape = re.match(r"# (\d+(?: x \d+)*)(?=$|[:;])", comment)
        assert shape, f"no shape beside {ast.unparse(statement)}"
        promised.append([int(n) for n in shape[1].split(" x ")])
    assert promised == shapes_of_layers(run)


def test_the_docstrings_diagram_has_the_layers_shapes(run):
    (diagram,) = re.findall(r"^    (.+ -> .+)$", run.module.__doc__, re.MULTILINE)
    shapes = iter([list(run.fit.x.shape[1:]), *shapes_of_layers(run)])
    parts = [re.split(r"[(,]", part)[0].strip() for part in diagram.split("->")]
    assert parts[-1] != "..."
    for part in parts:
        if part != "...":  # in this order, perhaps with others between
            wanted = [int(n) for n in re.findall(r"\d+", part)]
            assert wanted in shapes, f"{part} is not there, or not in this place"
    assert next(shapes, None) is None


@pytest.mark.parametrize(
    ("script", "constant", "value"),
    [
        ("simple_ae", "encoding_dim", 8),
        ("sparse_ae", "encoding_dim", 8),
        ("deep_ae", "encoding_dim", 8),
        ("denoise_ae", "noise_factor", 0.3),
        ("seq2seq_ae", "latent_dim", 64),
        ("vae", "latent_dim", 3),
    ],
)
def test_a_constant_can_be_changed(script, constant, value, tiny_npz, tmp_path):
    files = ["--data", tiny_npz, "--out", tmp_path]
    run = record(script, "--epochs", 1, *files, "--batch-size", 20, **{constant: value})
    assert RESULT.fullmatch(run.lines[-1])
    if constant != "noise_factor":
        assert run.models[2].input_shape == (None, value)
        loaded = keras.models.load_model(tmp_path / f"{script}.keras")
        assert loaded.get_layer("decoder").input_shape == (None, value)
    if script == "vae":  # a grid needs two numbers
        assert not (tmp_path / "vae_manifold.png").exists()
        assert "no picture of new digits: latent_dim is 3, not 2" in run.lines


# ------------------------------------------------------------------ the command line


def command(script, *flags):
    """Start a script as on a machine without a screen; its own warnings are errors."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "MPLBACKEND": "qtagg"}
    for screen in "DISPLAY", "WAYLAND_DISPLAY":
        environment.pop(screen, None)
    return subprocess.Popen(
        [
            *(sys.executable, "-W", "error:::__main__", "-W", "error:::common"),
            *map(str, [PROJECT / f"{script}.py", *flags]),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    )


@pytest.fixture(scope="module")
def unlabelled_npz(tiny_npz, tmp_path_factory):
    """The tiny images again, of shape (n, 28, 28, 1) and without labels."""
    with np.load(tiny_npz) as arrays:
        parts = {x: arrays[x][..., np.newaxis] for x in ("x_train", "x_test")}
    path = tmp_path_factory.mktemp("unlabelled") / "unlabelled.npz"
    np.savez_compressed(path, **parts)
    return path


@pytest.fixture(scope="module")
def commands(unlabelled_npz, tmp_path_factory):
    """Run each script once, two at a time: {script: (status, stdout, stderr, out)}."""
    folder = tmp_path_factory.mktemp("commands")

    def run(script):
        out = folder / script
        process = command(script, *FLAGS, "--data", unlabelled_npz, "--out", out)
        stdout, stderr = process.communicate(timeout=600)
        return process.returncode, stdout, stderr, out

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SCRIPTS, pool.map(run, SCRIPTS), strict=True))


def test_a_command_repeats_the_numbers(script, commands, run):
    """In another process, from images without labels: the seed alone decides."""
    status, stdout, stderr, out = commands[script]
    assert status == 0, stderr
    assert "Traceback" not in stderr and "Warning:" not in stderr
    ours, theirs = (
        RESULT.fullmatch(text[-1]) for text in (run.lines, stdout.splitlines())
    )
    for name, digits in {"bce": 4, "floor": 4, "mse": 4, "psnr": 1, "elbo": 1}.items():
        if ours[name]:  # up to the last digit, which rounding can change
            assert float(theirs[name]) == pytest.approx(
                float(ours[name]), abs=1.1 * 10**-digits
            )
    assert {path.name for path in out.iterdir()} == {
        path.name for path in run.out.iterdir()
    }
    for path in out.glob("*.png"):
        np.testing.assert_allclose(
            imread(path), imread(run.out / path.name), atol=0.1, err_msg=path.name
        )


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to die of")
def test_ctrl_c_ends_the_training_at_once(tiny_npz, tmp_path):
    flags = ["--epochs", 1000, "--data", tiny_npz, "--out", tmp_path]
    process = command("simple_ae", *flags)
    for line in process.stdout:
        if line.startswith("Epoch 1/1000"):
            process.send_signal(signal.SIGINT)
            break
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGINT  # a shell says 130
    assert "Traceback" not in stderr and "KeyboardInterrupt" not in stderr
    assert "Epoch 1000" not in stdout
    assert not list(tmp_path.iterdir())


def test_a_bad_file_ends_before_the_training(script, tmp_path):
    """In one sentence; test_common.py has the other ways in which a file is bad."""
    import common

    with pytest.raises(common.DataError, match=r"^the data file .*none.npz: [^\n]*$"):
        flags = ["--data", tmp_path / "none.npz", "--out", tmp_path]
        record(script, *flags, train=False)
    assert not list(tmp_path.iterdir())

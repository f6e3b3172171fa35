"""What holds for all seven scripts alike."""

from concurrent.futures import ThreadPoolExecutor
import importlib
import os
import re
import signal
import subprocess
import sys

from check_readme import PROJECT, SCRIPTS
import keras
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
    "vae": 485_396,
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

# beside NAME.png, the reconstructions, and NAME_loss.png
EXTRA_FIGURES = {
    "simple_ae": ["baselines"],
    "sparse_ae": ["units"],
    "deep_ae": ["neighbours"],
    "conv_ae": ["codes"],
    "denoise_ae": ["levels"],
    "seq2seq_ae": ["rows"],
    "vae": ["manifold", "latent"],
}


def build(script):
    keras.utils.set_random_seed(0)
    return importlib.import_module(script).build_autoencoder()


def images_for(model, n):
    shape = [28 if size is None else size for size in model.input_shape[1:]]
    return np.random.default_rng(0).random((n, *shape), np.float32)


@pytest.mark.parametrize("script", SCRIPTS)
def test_three_models_share_their_weights(script):
    autoencoder, encoder, decoder = build(script)
    x = images_for(autoencoder, 6)

    def halves():
        encoded = encoder.predict(x, verbose=0)
        if script == "vae":
            encoded = encoded[0]  # the mean; test_vae.py looks at the sampled code
        assert encoded.shape == (6, *CODE[script])
        return decoder.predict(encoded, verbose=0)

    before = halves()
    assert before.shape == x.shape and 0 <= before.min() <= before.max() <= 1
    if script != "vae":
        decoded = autoencoder.predict(x, verbose=0)
        np.testing.assert_allclose(before, decoded, atol=1e-6)

    autoencoder.compile("adam", "binary_crossentropy")
    autoencoder.fit(x, x, epochs=1, verbose=0)
    assert (
        np.abs(halves() - before).max() > 1e-5
    )  # training the whole trained the halves
    halves_weights = encoder.trainable_weights + decoder.trainable_weights
    assert {id(w) for w in halves_weights} == {
        id(w) for w in autoencoder.trainable_weights
    }


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_number_of_parameters(script):
    autoencoder, _, _ = build(script)
    sizes = [np.prod(w.shape, dtype=int) for w in autoencoder.trainable_weights]
    assert sum(sizes) == PARAMETERS[script]


@pytest.mark.parametrize("script", SCRIPTS)
def test_common_comes_before_keras(script):
    """Else TensorFlow is loaded without oneDNN, and the seconds lack its import."""
    source = (PROJECT / f"{script}.py").read_text()
    assert source.index("\nimport common") < source.index("\nimport keras")


def command(script, *flags):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "MPLBACKEND": "qtagg"}
    environment.pop("DISPLAY", None)  # a machine without a screen
    return subprocess.Popen(
        [sys.executable, PROJECT / f"{script}.py", *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture(scope="module")
def runs(tiny_npz, tmp_path_factory):
    """Run each script once, two at a time: {script: (status, stdout, stderr, out)}."""
    folder = tmp_path_factory.mktemp("runs")

    def run(script):
        out = folder / script
        flags = ["--epochs", 2, "--batch-size", 16, "--data", tiny_npz, "--out", out]
        process = command(script, *flags)
        stdout, stderr = process.communicate(timeout=200)
        return process.returncode, stdout, stderr, out

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SCRIPTS, pool.map(run, SCRIPTS), strict=True))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_run_from_the_command_line(script, runs):
    """The smoke run: it trains, saves what the README shows, and prints its place."""
    status, stdout, stderr, out = runs[script]
    assert status == 0, stderr
    extra = r"ELBO -\d+\.\d nats \| " if script == "vae" else ""
    line = (
        rf"{script}: test BCE 0\.\d{{4}} \(floor 0\.\d{{4}}\) \| MSE 0\.\d{{4}} \| "
        rf"PSNR \d+\.\d dB \| {extra}\d+ s"
    )
    assert re.fullmatch(line, stdout.splitlines()[-1])
    assert "x_train.shape=" in stdout
    figures = EXTRA_FIGURES[script]
    assert {path.name for path in out.iterdir()} == {
        f"{script}.png",
        f"{script}_loss.png",
        f"{script}.keras",
        *(f"{script}_{name}.png" for name in figures),
    }

    model = keras.models.load_model(out / f"{script}.keras")
    assert {"encoder", "decoder"} <= {layer.name for layer in model.layers}


def test_ctrl_c_ends_the_training_with_a_line(tmp_path):
    process = command("simple_ae", "--epochs", 1000, "--out", tmp_path)
    for line in process.stdout:
        if line.startswith("Epoch 1/1000"):
            process.send_signal(signal.SIGINT)
            break
    _, stderr = process.communicate(timeout=100)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "simple_ae.py: stopped by Ctrl-C"
    assert "Traceback" not in stderr
    assert not list(tmp_path.iterdir())


def test_a_bad_file_ends_before_the_training(tmp_path):
    process = command("simple_ae", "--data", tmp_path / "none.npz", "--out", tmp_path)
    stdout, stderr = process.communicate(timeout=100)
    assert process.returncode == 2
    assert stderr.splitlines()[-1] == (
        f"simple_ae.py: the data file {tmp_path / 'none.npz'} does not exist"
    )
    assert "Traceback" not in stderr and "Epoch" not in stdout

"""What the tests share: the scripts that are found, a tiny MNIST, a short training."""

from concurrent.futures import ThreadPoolExecutor
import functools
import importlib
import inspect
import json
import os
from pathlib import Path
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
for folder in PROJECT, PROJECT / "claims", PROJECT / "tools":
    sys.path.insert(0, str(folder))
import record

SCRIPTS = [name for name, path in record.programs().items() if record.is_script(path)]
EPOCHS = 3
BATCH_SIZE = 8
SEED = 5


@pytest.fixture(scope="session")
def mnist():
    """The real data set, loaded once."""
    import common

    return common.load_mnist()


def tiny(mnist):
    """40 training and 20 test images in MNIST's layout, every digit equally often."""
    arrays = {}
    for (images, labels), part, n in zip(mnist, ("train", "test"), (4, 2)):
        chosen = np.stack([np.flatnonzero(labels == digit)[:n] for digit in range(10)])
        chosen = chosen.T.ravel()
        arrays[f"x_{part}"] = np.rint(images[chosen] * 255).astype(np.uint8)
        arrays[f"y_{part}"] = labels[chosen]
    return arrays


@pytest.fixture
def tiny_arrays(mnist):
    """Arrays like MNIST's, but few, for a test to change as it likes."""
    return tiny(mnist)


@pytest.fixture(scope="session")
def tiny_npz(tmp_path_factory, mnist):
    """The path of an .npz file with the tiny arrays, to be read only."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.npz"
    np.savez_compressed(path, **tiny(mnist))
    return path


def takes_noise(module):
    """Tell from the signature of `train` whether a script denoises."""
    return "x_train_noisy" in inspect.signature(module.train).parameters


def arrays_of(module, autoencoder, npz, seed=SEED):
    """Return what a script's `train` takes, by name, as its `main` makes it."""
    import common

    arrays = {}
    with np.load(npz) as file:
        for name in "x_train", "x_test":
            images = file[name] / np.float32(255)
            arrays[name] = images.reshape(-1, *autoencoder.output_shape[1:])
    if takes_noise(module):
        for name, own_seed in ("x_train", seed), ("x_test", seed + 1):
            noisy = common.add_noise(arrays[name], module.noise_factor, own_seed)
            arrays[f"{name}_noisy"] = noisy
    return arrays


def reconstruct(models, x):
    """Return what encoder and decoder make of x; of a list of codes the first counts.

    That is the mean, where the encoder has a distribution.
    """
    _, encoder, decoder = models
    code = encoder.predict(x, verbose=0)
    return decoder.predict(code[0] if isinstance(code, list) else code, verbose=0)


def bce(x, y):
    """The binary cross-entropy in float64, by its formula."""
    x = x.astype(np.float64)
    y = np.clip(y.astype(np.float64), 1e-7, 1 - 1e-7)
    return -np.mean(x * np.log(y) + (1 - x) * np.log(1 - y))


@pytest.fixture(scope="session")
def trained(tiny_npz):
    """Return `trained(script)`, a short training by its build_autoencoder and train.

    It has `module`, `models`, the weights `before`, `arrays` (what `train` took), `x`
    (the test images that the network is fed) and `history`, what `fit` returned.
    """
    import keras

    @functools.cache
    def trained(script):
        module = importlib.import_module(script)
        keras.utils.set_random_seed(SEED)
        models = module.build_autoencoder()
        before = [weight.numpy() for weight in models[0].trainable_weights]
        arrays = arrays_of(module, models[0], tiny_npz)
        history = module.train(
            models[0], **arrays, epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=0
        )
        return SimpleNamespace(
            script=script,
            module=module,
            models=models,
            before=before,
            arrays=arrays,
            x=arrays.get("x_test_noisy", arrays["x_test"]),
            history=history,
        )

    return trained


def start(*arguments, **environment):
    """Start Python with arguments, as on a machine that has no screen."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    inherited = {k: v for k, v in os.environ.items() if k not in screens}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env={
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "MPLBACKEND": "qtagg",
            **environment,
        },
    )


def end(process, text=None):
    """Wait for the end of a program: its `status`, `stdout`, `stderr`."""
    stdout, stderr = process.communicate(text, timeout=600)
    return SimpleNamespace(status=process.returncode, stdout=stdout, stderr=stderr)


def read_report(out, script):
    """Return the numbers that a script has written."""
    return json.loads((out / f"{script}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def commands(tiny_npz, tmp_path_factory):
    """Return `commands(script)`: how the script, run as a command, has ended.

    The next script starts beside it. They get all that can be odd together: images with
    a channel and labels that are no digits, a console without letters for the folder's
    name, no screen. Warnings of our own are errors.
    """
    folder = tmp_path_factory.mktemp("commands")
    with np.load(tiny_npz) as arrays:
        parts = {x: arrays[x][..., np.newaxis] for x in ("x_train", "x_test")}
    np.savez(folder / "odd.npz", **parts, y_train=np.full(40, "q"), y_test=np.ones(3))

    def run(script):
        out = folder / f"輸出 {script}"
        warnings = ["-W", "error:::__main__", "-W", "error:::common"]
        flags = ["--epochs", EPOCHS, "--batch-size", BATCH_SIZE, "--seed", SEED]
        files = ["--data", folder / "odd.npz", "--out", out]
        program = [*warnings, PROJECT / f"{script}.py", *flags, *files]
        ended = end(start(*program, PYTHONIOENCODING="cp1252"))
        ended.out = out
        return ended

    with ThreadPoolExecutor(2) as pool:
        submit = functools.cache(lambda script: pool.submit(run, script))

        def commands(script):
            place = SCRIPTS.index(script)
            asked, *_ = [submit(name) for name in SCRIPTS[place : place + 2]]
            return asked.result()

        yield commands
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def drawn(monkeypatch):
    """Draw and save no figure, but collect: {file name: rows of plot_images or figure}.

    Models are saved as ever.
    """
    import common
    from matplotlib.figure import Figure

    figures = {}
    save = common.save

    def collect(thing, path):
        if isinstance(thing, Figure):
            figures[Path(path).name] = thing
        else:
            save(thing, path)

    def collect_rows(rows, path):
        figures[Path(path).name] = rows

    monkeypatch.setattr(common, "save", collect)
    monkeypatch.setattr(common, "plot_images", collect_rows)
    return figures


def cells(path, rows, columns):
    """Return the images in a file of `plot_images`, (rows, columns, 28, 28) in [0, 1].

    They are found as what is not white, right of the names of the rows.
    """
    from matplotlib.image import imread

    pixels = imread(path)[..., 0]

    def stretches(is_white, n):
        """The n last stretches that are not white, as their first and last index."""
        edges = np.flatnonzero(np.diff(np.r_[True, is_white, True]))
        return edges.reshape(-1, 2)[-n:]

    across = stretches((pixels > 0.99).all(axis=0), columns)
    down = stretches((pixels[:, across[0][0] :] > 0.99).all(axis=1), rows)
    middles = (np.arange(28) + 0.5) / 28
    found = np.zeros((rows, columns, 28, 28))
    for i, (top, bottom) in enumerate(down):
        for j, (left, right) in enumerate(across):
            y = (top + middles * (bottom - top)).astype(int)
            x = (left + middles * (right - left)).astype(int)
            found[i, j] = pixels[np.ix_(y, x)]
    return found

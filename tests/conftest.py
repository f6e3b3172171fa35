"""What the tests share: the scripts that are found, a tiny MNIST, a run of a script."""

import contextlib
import functools
import importlib
import io
import json
import os
from pathlib import Path
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
for folder in PROJECT / "tools", PROJECT / "claims", PROJECT:
    sys.path.insert(0, str(folder))

SCRIPTS = [
    path.stem
    for path in sorted(PROJECT.glob("*.py"))
    if "\ndef build_autoencoder(" in path.read_text(encoding="utf-8")
]
EPOCHS = 3
BATCH_SIZE = 8
SEED = 5


@pytest.fixture(scope="session")
def mnist():
    """The real data set, loaded once."""
    import common

    return common.load_mnist()


def tiny(mnist, of_each=(4, 2)):
    """Return arrays in MNIST's layout: so many training and test images of each digit.

    The digits are in turn: 0, 1, ... 9, 0, 1, ...
    """
    arrays = {}
    for (images, labels), part, n in zip(mnist, ("train", "test"), of_each):
        chosen = np.stack([np.flatnonzero(labels == digit)[:n] for digit in range(10)])
        chosen = chosen.T.ravel()
        arrays[f"x_{part}"] = np.rint(images[chosen] * 255).astype(np.uint8)
        arrays[f"y_{part}"] = labels[chosen]
    return arrays


@pytest.fixture
def tiny_arrays(mnist):
    """Arrays like MNIST's, 40 + 20 images, for a test to change as it likes."""
    return tiny(mnist)


@pytest.fixture(scope="session")
def tiny_npz(tmp_path_factory, mnist):
    """The path of an .npz file with the tiny arrays, to be read only."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.npz"
    np.savez_compressed(path, **tiny(mnist))
    return path


def bce(x, y):
    """The binary cross-entropy in float64, by its formula."""
    x = x.astype(np.float64)
    y = np.clip(y.astype(np.float64), 1e-7, 1 - 1e-7)
    return -np.mean(x * np.log(y) + (1 - x) * np.log(1 - y))


def decode_codes(models, x):
    """Return what encoder and decoder make of x; of a list of codes the first counts.

    That is the mean, where the encoder has a distribution.
    """
    _, encoder, decoder = models
    code = encoder.predict(x, verbose=0)
    return decoder.predict(code[0] if isinstance(code, list) else code, verbose=0)


def read_report(out, script):
    """Return the numbers that a script has written."""
    return json.loads((out / f"{script}.json").read_text(encoding="utf-8"))


@contextlib.contextmanager
def watched(out):
    """Watch what is trained, saved and drawn: Keras and matplotlib do it as ever.

    Yields:
        an object with `fits`, what each `fit` was given, and the weights `before` it;
        `figures`, {file name: figure}; `found`, what the folder `out` had in it when
        the first model was saved.
    """
    import keras
    from matplotlib.figure import Figure

    seen = SimpleNamespace(fits=[], figures={}, found=None)
    fit, save, savefig = keras.Model.fit, keras.Model.save, Figure.savefig

    def watch_fit(model, x, y, **options):
        before = [weight.numpy() for weight in model.trainable_weights]
        history = fit(model, x, y, **options)
        fitted = SimpleNamespace(model=model, x=x, y=y, options=options, before=before)
        fitted.history = history
        seen.fits.append(fitted)
        return history

    def watch_save(model, path, **options):
        if seen.found is None:
            seen.found = list(out.iterdir())
        return save(model, path, **options)

    def watch_savefig(figure, path, **options):
        seen.figures[Path(path).name] = figure
        return savefig(figure, path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", watch_fit)
        patch.setattr(keras.Model, "save", watch_save)
        patch.setattr(Figure, "savefig", watch_savefig)
        yield seen


@pytest.fixture(scope="session")
def trained(tiny_npz, tmp_path_factory):
    """Return `trained(script)`: a short run of a script's `main`, made once.

    It has the `module`, the `models` that main returned, the file's images `x_train`
    and `x_test` in the network's shape, `x` (the test images that the network is fed),
    the text `printed`, the `report` and the folder `out`; and `fit`, `figures` and
    `found` of `watched`. The user's matplotlib draws upside down, on black.
    """
    import common
    import matplotlib

    @functools.cache
    def trained(script):
        module = importlib.import_module(script)
        out = tmp_path_factory.mktemp(script)
        flags = ["--epochs", EPOCHS, "--batch-size", BATCH_SIZE, "--seed", SEED]
        argv = [str(flag) for flag in [*flags, "--data", tiny_npz, "--out", out]]
        users = {"image.origin": "lower", "figure.facecolor": "black"}
        printed = io.StringIO()
        silent = contextlib.redirect_stdout(printed)
        with watched(out) as seen, matplotlib.rc_context(users), silent:
            models = module.main(argv)
        (fit,) = seen.fits
        (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
        shape = fit.y.shape[1:]
        return SimpleNamespace(
            script=script,
            module=module,
            argv=argv,
            models=models,
            fit=fit,
            x_train=x_train.reshape(-1, *shape),
            x_test=x_test.reshape(-1, *shape),
            x=fit.options["validation_data"][0],
            figures=seen.figures,
            found=seen.found,
            printed=printed.getvalue(),
            report=read_report(out, script),
            out=out,
        )

    return trained


def python(*arguments, **environment):
    """Run Python with arguments: its `returncode`, `stdout` and `stderr`."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        env={**os.environ, **environment},
    )


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

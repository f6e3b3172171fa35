"""What the tests share: the project's folder on the path, a tiny MNIST, and a run."""

from contextlib import redirect_stdout
import functools
import importlib
import io
from pathlib import Path
import sys
from types import SimpleNamespace
import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parent.parent
for folder in PROJECT, PROJECT / "claims", PROJECT / "tools":
    sys.path.insert(0, str(folder))

SCRIPTS = [
    *("simple_ae", "sparse_ae", "deep_ae", "conv_ae", "denoise_ae", "seq2seq_ae"),
    "vae",
]
EPOCHS, BATCH_SIZE, SEED = 3, 8, 5  # of the run that most tests look at
FLAGS = ["--epochs", EPOCHS, "--batch-size", BATCH_SIZE, "--seed", SEED]


@pytest.fixture(scope="session")
def mnist():
    """The real data set, loaded once."""
    import common

    return common.load_mnist()


def tiny(mnist):
    """40 training and 20 test images in MNIST's layout, every digit equally often."""
    arrays = {}
    for (images, labels), part, n in zip(mnist, ("train", "test"), (4, 2), strict=True):
        chosen = np.stack([np.flatnonzero(labels == digit)[:n] for digit in range(10)])
        chosen = chosen.T.ravel()
        arrays[f"x_{part}"] = np.rint(images[chosen] * 255).astype(np.uint8)
        arrays[f"y_{part}"] = labels[chosen]
    return arrays


@pytest.fixture
def drawn(monkeypatch):
    """Draw and save no figure, but collect: {file name: rows of plot_images or figure}.

    Models are saved as ever.
    """
    import common
    from matplotlib.figure import Figure

    figures, save = {}, common.save

    def collect(thing, path):
        if isinstance(thing, Figure):
            figures[path.name] = thing
        else:
            save(thing, path)

    monkeypatch.setattr(common, "save", collect)
    monkeypatch.setattr(
        common, "plot_images", lambda rows, path: figures.update({path.name: rows})
    )
    return figures


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


class Untrained(Exception):
    """Ends a script where its training would begin."""


def record(script, *flags, train=True, **constants):
    """Run `main(flags)` of a script and keep what it does.

    Args:
        script: its name, without `.py`.
        flags: of the command line; none at all is `main()`.
        train: False ends the run where `fit` is called.
        constants: names of the script's module, set to these values for this run.

    Returns:
        an object with `models`, what main returned (None if it was ended); `fit`, an
        object with `model`, the arguments `x`, `y`, `options` and the weights `before`;
        `history`, a dict; `rows` and `figures`, dicts from the name of a file to what
        plot_images and save were given; `lines`, what was printed; and `module`.
    """
    import common
    import keras
    from matplotlib.figure import Figure

    module = importlib.import_module(script)
    run = SimpleNamespace(script=script, module=module, models=None, history=None)
    run.rows, run.figures = {}, {}
    fit, plot_images, save = keras.Model.fit, common.plot_images, common.save

    def spy_fit(model, x, y, **options):
        before = [w.numpy() for w in model.trainable_weights]
        run.fit = SimpleNamespace(model=model, x=x, y=y, options=options, before=before)
        if not train:
            raise Untrained
        history = fit(model, x, y, **options)
        run.history = history.history
        return history

    def spy_images(rows, path):
        run.rows[path.name] = rows
        plot_images(rows, path)

    def spy_save(thing, path):
        if isinstance(thing, Figure):
            run.figures[path.name] = thing
        save(thing, path)

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as text:
        patch.setattr(keras.Model, "fit", spy_fit)
        patch.setattr(common, "plot_images", spy_images)
        patch.setattr(common, "save", spy_save)
        for name, value in constants.items():
            patch.setattr(module, name, value)
        try:
            run.models = module.main([*map(str, flags)] if flags else None)
        except Untrained:
            pass
    run.lines = text.getvalue().splitlines()
    return run


@pytest.fixture(scope="session")
def trained(tiny_npz, tmp_path_factory):
    """Return `trained(script)`: the record of one short training, done once a session.

    Its FLAGS are the ones above; `out` is the folder with its files.
    """

    @functools.cache
    def trained(script):
        out = tmp_path_factory.mktemp(script)
        run = record(script, *FLAGS, "--data", tiny_npz, "--out", out)
        run.out = out
        return run

    return trained

"""What the tests share: the scripts that are found, a tiny MNIST, a run of a script."""

import contextlib
import functools
import importlib
import io
import json
from pathlib import Path
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
ON_RECORD = [n for n in SCRIPTS if (PROJECT / f"record/{n}-0.json").is_file()]
FLAGS = {"epochs": 3, "batch_size": 8, "seed": 5}  # of a short run


@pytest.fixture(scope="session")
def mnist():
    """The real data set, loaded once."""
    import common

    return common.load_mnist()


def tiny(mnist, of_each=(4, 2)):
    """Return arrays in MNIST's layout: so many images of 0, 1, ... 9, 0, 1, ... ."""
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


def read_report(out, script):
    """Return the numbers that a script has written."""
    return json.loads((out / f"{script}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def trained(tiny_npz, tmp_path_factory):
    """Return `trained(script)`: a short run of a script's `main`, made once.

    `models` are what main returned, `saved` what it has saved, `before` the weights
    before the training, `fit` what that was given, `x_train` and `x_test` images in the
    network's shape, `x` what it is fed of these, and `decoded` what comes back.
    """
    import common
    import keras
    from matplotlib.figure import Figure

    fit, savefig = keras.Model.fit, Figure.savefig

    @functools.cache
    def trained(script):
        run = SimpleNamespace(script=script, figures={})
        run.module = importlib.import_module(script)
        run.out = tmp_path_factory.mktemp(script)

        def watch_fit(model, x, y, **options):
            run.before = [weight.numpy() for weight in model.trainable_weights]
            run.fit = SimpleNamespace(x=x, y=y, **options)
            return fit(model, x, y, **options)

        def watch_savefig(figure, path, **options):
            run.figures[path.name] = figure
            savefig(figure, path, **options)

        argv = [f"--data={tiny_npz}", f"--out={run.out}"]
        argv += [f"--{n.replace('_', '-')}={value}" for n, value in FLAGS.items()]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.Model, "fit", watch_fit)
            patch.setattr(Figure, "savefig", watch_savefig)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                run.models = run.module.main(argv)
        run.printed = printed.getvalue()
        run.report = read_report(run.out, script)
        run.saved = keras.models.load_model(run.out / f"{script}.keras")
        (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
        run.x_train = x_train.reshape(run.fit.y.shape)
        run.x_test = x_test.reshape(-1, *run.fit.y.shape[1:])
        run.x, _ = run.fit.validation_data
        _, encoder, decoder = run.models
        run.decoded = np.asarray(decoder(keras.tree.flatten(encoder(run.x))[0]))
        return run

    return trained

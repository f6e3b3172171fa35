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


def decode_codes(models, x):
    """Return what encoder and decoder make of x; of a list of codes the first counts.

    That is the mean, where the encoder has a distribution.
    """
    _, encoder, decoder = models
    code = encoder(x)
    return np.asarray(decoder(code[0] if isinstance(code, list) else code))


def read_report(out, script):
    """Return the numbers that a script has written."""
    return json.loads((out / f"{script}.json").read_text(encoding="utf-8"))


def watch(patch, run):
    """Note in `run` its `fit`, with the weights `before` it, and its `figures`."""
    import keras
    from matplotlib.figure import Figure

    fit, savefig = keras.Model.fit, Figure.savefig
    run.figures = {}

    def watch_fit(model, x, y, **options):
        before = [weight.numpy() for weight in model.trainable_weights]
        run.fit = SimpleNamespace(model=model, x=x, y=y, options=options, before=before)
        run.history = fit(model, x, y, **options)
        return run.history

    def watch_savefig(figure, path, **options):
        run.figures[Path(path).name] = figure
        return savefig(figure, path, **options)

    patch.setattr(keras.Model, "fit", watch_fit)
    patch.setattr(Figure, "savefig", watch_savefig)


@pytest.fixture(scope="session")
def trained(tiny_npz, tmp_path_factory):
    """Return `trained(script)`: a short run of a script's `main`, made once.

    It has the `module`, the `models` that main returned and those that it has `saved`,
    the images `x_train` and `x_test` in the network's shape, `x` (the test images that
    it is fed), the text `printed`, the `report`, the folder `out`; see also `watch`.
    """
    import common
    import keras

    @functools.cache
    def trained(script):
        module = importlib.import_module(script)
        run = SimpleNamespace(script=script, module=module)
        run.out = tmp_path_factory.mktemp(script)
        argv = [f"--data={tiny_npz}", f"--out={run.out}"]
        argv += [f"--{n.replace('_', '-')}={value}" for n, value in FLAGS.items()]
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            watch(patch, run)
            with contextlib.redirect_stdout(printed):
                run.models = module.main(argv)
        saved = keras.models.load_model(run.out / f"{script}.keras")
        run.saved = saved, *map(saved.get_layer, ("encoder", "decoder"))
        run.printed = printed.getvalue()
        run.report = read_report(run.out, script)
        (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
        shape = run.fit.y.shape[1:]
        run.x_train = x_train.reshape(-1, *shape)
        run.x_test = x_test.reshape(-1, *shape)
        run.x, _ = run.fit.options["validation_data"]
        return run

    return trained

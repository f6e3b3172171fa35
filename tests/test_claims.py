"""What every claim owes its readers, on tiny data and with tiny models.

The claims are found. Each test fails for the claim that its name tells.
"""

from contextlib import redirect_stdout
import functools
import importlib
import io
import json
import math
from pathlib import Path
import shutil
from types import SimpleNamespace

from matplotlib.image import imread
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="claims/requirements.txt is not installed")
pytest.importorskip("skimage", reason="claims/requirements.txt is not installed")

PROJECT = Path(__file__).resolve().parent.parent
CLAIMS = [
    path.stem
    for path in sorted(PROJECT.glob("claims/*.py"))
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
]
SCRIPTS = [
    path.stem
    for path in sorted(PROJECT.glob("*.py"))
    if "\ndef build_autoencoder(" in path.read_text(encoding="utf-8")
]

# All of its parts would take minutes; what they change is tested by its own test.
PARTS = {"one_change": ["accuracy", "pixels_255", "linear_code"]}


@pytest.fixture(scope="session")
def data(tmp_path_factory, mnist):
    """Return the paths of .npz files with 200 + 50 images, every digit equally often.

    Their labels are `digits`, `none`, or those of `letters`, 1 to 26.
    """
    folder = tmp_path_factory.mktemp("data")
    arrays = {}
    letters = {}
    for part, (images, labels), count in zip(("train", "test"), mnist, (20, 5)):
        chosen = [np.flatnonzero(labels == digit)[:count] for digit in range(10)]
        chosen = np.stack(chosen, axis=1).ravel()
        arrays[f"x_{part}"] = np.rint(255 * images[chosen]).astype(np.uint8)
        arrays[f"y_{part}"] = labels[chosen]
        letters[f"y_{part}"] = (np.arange(len(chosen)) % 26 + 1).astype(np.uint8)

    images = {name: array for name, array in arrays.items() if name[0] == "x"}
    np.savez_compressed(folder / "digits.npz", **arrays)
    np.savez_compressed(folder / "none.npz", **images)
    np.savez_compressed(folder / "letters.npz", **images, **letters)
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def models(tmp_path_factory, data):
    """Return a folder with a model of every script, trained for two epochs."""
    import base

    folder = tmp_path_factory.mktemp("models")
    args = SimpleNamespace(data=data["digits"])
    (x_train, _), (x_test, _) = base.load_images(args)
    for name in SCRIPTS:
        script = importlib.import_module(name)
        trained, _ = base.train_again(script, x_train, x_test, seed=0, epochs=2)
        trained[0].save(folder / f"{name}.keras")
    return folder


def call(claim, data, out):
    """Run a claim's main as the records do, but with one epoch or seed if it has them.

    Returns:
        an object with `lines`, those printed; `loaded`, the models that it asked for;
        `fits`, how many trainings it began; `error`, a DataError's text or None.
    """
    import base
    import common
    import keras

    module = importlib.import_module(claim)
    with redirect_stdout(io.StringIO()) as manual, pytest.raises(SystemExit):
        module.main(["--help"])
    flags = [flag for flag in ("--epochs", "--seeds") if flag in manual.getvalue()]
    words = [word for flag in flags for word in (flag, "1")]
    words += PARTS.get(claim, [])

    done = SimpleNamespace(loaded=[], fits=0, error=None)
    load_model = base.load_model
    fit = keras.Model.fit

    def spy_load_model(name, folder):
        done.loaded.append(name)
        return load_model(name, folder)

    def spy_fit(*args, **options):
        done.fits += 1
        return fit(*args, **options)

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as text:
        patch.setattr(base, "load_model", spy_load_model)
        patch.setattr(keras.Model, "fit", spy_fit)
        try:
            module.main([*words, "--data", str(data), "--out", str(out)])
        except common.DataError as error:
            done.error = str(error)
    done.lines = text.getvalue().splitlines()
    return done


@pytest.fixture(scope="session")
def ended(data, models, tmp_path_factory):
    """Return `ended(claim)`: its run on digits, made once, with its folder as `out`.

    It is tried without labels first, in `unlabelled`: if that ends well, it is the run.
    """

    @functools.cache
    def ended(claim):
        out = tmp_path_factory.mktemp(claim)
        shutil.copytree(models, out, dirs_exist_ok=True)
        unlabelled = done = call(claim, data["none"], out)
        if unlabelled.error:
            done = call(claim, data["digits"], out)
        done.out = out
        done.unlabelled = unlabelled
        return done

    return ended


def numbers_in(value):
    """Return all numbers in dicts and lists within each other, a list."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for part in value for number in numbers_in(part)]
    return [value] if isinstance(value, int | float) else []


@pytest.mark.parametrize("claim", CLAIMS)
def test_it_gives_finite_numbers_a_verdict_and_a_picture(claim, ended):
    done = ended(claim)
    assert done.error is None

    text = (done.out / f"{claim}.json").read_text(encoding="utf-8")
    report = json.loads(text)
    assert report["name"] == claim
    own = {key: report[key] for key in report if key not in ("seed", "seconds")}
    numbers = numbers_in(own)
    assert len(numbers) >= 2 and all(math.isfinite(number) for number in numbers)

    assert report["verdict"].strip() and "nan" not in report["verdict"]
    assert done.lines[-1] == f"verdict: {report['verdict']}"

    colours = imread(done.out / f"{claim}.png")[..., :3].reshape(-1, 3)
    assert len(np.unique(colours, axis=0)) > 2


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_missing_or_damaged_model_is_named_before_a_training(
    claim, ended, data, tmp_path
):
    names = sorted(set(ended(claim).loaded))
    if not names:
        pytest.skip("it loads no model")
    shutil.copytree(ended(claim).out, tmp_path, dirs_exist_ok=True)
    for name in names:
        path = tmp_path / f"{name}.keras"
        whole = path.read_bytes()

        path.unlink()
        missing = call(claim, data["digits"], tmp_path)
        assert f"run python {name}.py first" in str(missing.error)

        path.write_bytes(whole[: len(whole) // 2])
        damaged = call(claim, data["digits"], tmp_path)
        assert f"is damaged: run python {name}.py again" in str(damaged.error)

        assert missing.fits == damaged.fits == 0
        path.write_bytes(whole)


@pytest.mark.parametrize("claim", CLAIMS)
def test_labels_that_it_needs_are_asked_for_before_a_training(
    claim, ended, data, tmp_path
):
    unlabelled = ended(claim).unlabelled
    if unlabelled.error is None:
        return  # it has run through without labels, so it needs none

    assert "has none" in unlabelled.error
    shutil.copytree(ended(claim).out, tmp_path, dirs_exist_ok=True)
    letters = call(claim, data["letters"], tmp_path)
    assert "has labels from 1 to 26, 26 kinds" in str(letters.error)
    assert unlabelled.fits == letters.fits == 0

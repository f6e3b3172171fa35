"""What every claim owes its readers, on tiny data and with tiny models.

The claims are found. Each test fails for the claim that its name tells.
"""

from contextlib import redirect_stdout
import functools
import importlib
import io
import json
import math
import re
import shutil
from types import SimpleNamespace

from conftest import PROJECT, SCRIPTS
import keras
from matplotlib.image import imread
import numpy as np
import pytest
import record

pytest.importorskip("sklearn", reason="claims/requirements.txt is not installed")
pytest.importorskip("skimage", reason="claims/requirements.txt is not installed")

CLAIMS = [
    name
    for name, path in record.programs().items()
    if path.parent == PROJECT / "claims"
]

# All of its parts would take minutes; what they change is tested by its own test.
PARTS = {"one_change": ["accuracy", "pixels_255", "linear_code"]}
# So would 1,500 classifiers.
FEWER = {"few_labels": {"DRAWS": 2, "STRENGTHS": [0.1]}}


@pytest.fixture(scope="session")
def data(tmp_path_factory, mnist):
    """Return the paths of .npz files with 200 + 50 images, every digit equally often.

    Their labels are `digits`, `none`, or those of `letters`, 1 to 26. `inverted` is
    `digits`, but its test images are black on white.
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
    inverted = {**arrays, "x_test": 255 - arrays["x_test"]}
    np.savez_compressed(folder / "inverted.npz", **inverted)
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
        `fits`, the means of what each `fit` was given, of networks and of scikit-learn;
        `error`, a DataError's text or None.
    """
    import base
    import common
    from sklearn.base import BaseEstimator
    from sklearn.neighbors import NearestNeighbors

    module = importlib.import_module(claim)
    with redirect_stdout(io.StringIO()) as manual, pytest.raises(SystemExit):
        module.main(["--help"])
    flags = [flag for flag in ("--epochs", "--seeds") if flag in manual.getvalue()]
    words = [word for flag in flags for word in (flag, "1")]
    words += PARTS.get(claim, [])

    learners = [keras.Model]
    for kind in vars(module).values():
        # The nearest of the images themselves are asked for: nothing is learnt.
        if isinstance(kind, type) and kind is not NearestNeighbors:
            learners += [kind] * issubclass(kind, BaseEstimator)

    done = SimpleNamespace(loaded=[], fits=[], error=None)
    load_model = base.load_model

    def spy_load_model(name, folder):
        done.loaded.append(name)
        return load_model(name, folder)

    def spied(fit):
        def spy_fit(self, *given, **options):
            arrays = [part for part in given if isinstance(part, np.ndarray)]
            done.fits += [float(np.abs(array).mean()) for array in arrays]
            return fit(self, *given, **options)

        return spy_fit

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as text:
        patch.setattr(base, "load_model", spy_load_model)
        for name, value in FEWER.get(claim, {}).items():
            patch.setattr(module, name, value)
        for kind in learners:
            patch.setattr(kind, "fit", spied(kind.fit))
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

        keras.Sequential([keras.Input((1,))]).save(path)  # has no halves
        other = call(claim, data["digits"], tmp_path)
        assert f"is damaged: run python {name}.py again" in str(other.error)

        assert missing.fits == damaged.fits == other.fits == []
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
    assert unlabelled.fits == letters.fits == []


@pytest.mark.parametrize(
    "claim", ["few_labels", "neighbours", "outliers", "pca", "projection"]
)
def test_nothing_is_learnt_or_chosen_from_test_images(claim, ended, data, tmp_path):
    """With other test images, all that is fitted is given the same as before."""
    assert ended(claim).fits
    shutil.copytree(ended(claim).out, tmp_path, dirs_exist_ok=True)
    other = call(claim, data["inverted"], tmp_path)
    assert other.error is None
    assert other.fits == pytest.approx(ended(claim).fits, rel=1e-3)

    thresholds = []
    for out in tmp_path, ended(claim).out:
        text = (out / f"{claim}.json").read_text(encoding="utf-8")
        thresholds.append([float(x) for x in re.findall('"threshold": ([^,]+)', text)])
    assert thresholds[0] == pytest.approx(thresholds[1], rel=1e-3)

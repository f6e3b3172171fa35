"""Every recipe runs as it stands, on few images."""

import re
import shutil

import common
from conftest import PROJECT
import keras
import numpy as np
import pytest

# Those without a mark, such as ```python no-run; test_pages.py has the other language.
TEXT = (PROJECT / "docs/recipes.md").read_text(encoding="utf-8")
RUN = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, trained):
    """A folder with few images, a picture and the models that the recipes load."""
    folder = tmp_path_factory.mktemp("recipes")
    with np.load(PROJECT / "data/mnist.npz") as mnist:  # a recipe holds out 5,000
        few = {name: mnist[name][: 5200 if "train" in name else 200] for name in mnist}
    np.savez(folder / "few.npz", **few)
    (folder / "figures").mkdir()
    shutil.copy(PROJECT / "figures/own_digit.png", folder / "figures")
    shutil.copytree(trained("conv_ae").out, folder / "outputs")
    shutil.copytree(trained("simple_ae").out, folder / "outputs", dirs_exist_ok=True)
    shutil.copytree(trained("simple_ae").out, folder / "outputs/seed-1")
    return folder


@pytest.mark.parametrize("code", RUN, ids=range(len(RUN)))
def test_a_recipe_runs(code, folder, monkeypatch):
    fit = keras.Model.fit

    def fit_once(model, *arrays, **options):
        return fit(model, *arrays, **{**options, "epochs": 1})

    monkeypatch.setattr(common, "MNIST_FILE", folder / "few.npz")
    monkeypatch.setattr(keras.Model, "fit", fit_once)
    monkeypatch.chdir(folder)
    try:
        program = compile(code, "recipe", "exec")
        exec(program, {"__name__": "__main__"})  # noqa: S102
    finally:
        keras.config.set_dtype_policy("float32")

"""Every recipe runs as it stands, on few images; both languages have the same code."""

import re
import shutil

import common
from conftest import PROJECT
import keras
import numpy as np
import pytest


def blocks(name):
    """Return the recipes' programs, [(their mark, their code)]."""
    text = (PROJECT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(r"```python([ \w-]*)\n(.*?)```", text, re.DOTALL)


RUN = [code for mark, code in blocks("recipes.md") if not mark]


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


def test_both_languages_have_the_same_programs():
    def without_comments(name):
        return [re.sub(r"#.*", "", code) for _, code in blocks(name)]

    assert len(RUN) >= 10
    assert without_comments("recipes.md") == without_comments("recipes.zh-TW.md")

"""Every recipe runs as it stands, on few images; both languages have the same code."""

import re
import shutil

from conftest import PROJECT
import keras
import numpy as np
import pytest

ANY_BLOCK = re.compile(r"```python([ \w-]*)\n(.*?)```", re.DOTALL)


def blocks(name):
    """Return the recipes' programs, [(their mark, their code)]."""
    return ANY_BLOCK.findall((PROJECT / "docs" / name).read_text(encoding="utf-8"))


RUN = [code for mark, code in blocks("recipes.md") if not mark.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with few images, a picture and the models that the recipes load."""
    import common
    import conv_ae
    import simple_ae

    folder = tmp_path_factory.mktemp("recipes")
    with np.load(common.MNIST_FILE) as mnist:  # 5,000 are held out by a recipe
        few = {name: mnist[name][: 5200 if "train" in name else 200] for name in mnist}
    np.savez(folder / "few.npz", **few)
    (folder / "figures").mkdir()
    shutil.copy(PROJECT / "figures/own_digit.png", folder / "figures")

    flags = ["--epochs", "1", "--data", str(folder / "few.npz"), "--out"]
    simple_ae.main([*flags, str(folder / "outputs")])
    simple_ae.main([*flags, str(folder / "outputs/seed-1"), "--seed", "1"])
    conv_ae.main([*flags, str(folder / "outputs")])
    return folder


@pytest.mark.parametrize("code", RUN, ids=range(len(RUN)))
def test_a_recipe_runs(code, folder, monkeypatch):
    import common

    monkeypatch.setattr(common, "MNIST_FILE", folder / "few.npz")
    monkeypatch.chdir(folder)
    try:
        program = compile(code, "recipe", "exec")
        exec(program, {"__name__": "__main__"})  # noqa: S102
    finally:
        keras.config.set_dtype_policy("float32")


def test_both_languages_have_the_same_programs():
    def without_comments(name):
        return [re.sub(r"#.*", "", code) for _, code in blocks(name)]

    assert without_comments("recipes.md") == without_comments("recipes.zh-TW.md")


def test_there_are_recipes():
    assert len(RUN) >= 10

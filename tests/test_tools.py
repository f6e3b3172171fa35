"""tools/gallery.py and tools/speed.py: the right rows, and times that are measured."""

import importlib
import math
from types import SimpleNamespace

import common
import keras
import numpy as np
import pytest

pytest.importorskip("sklearn")
import gallery
import speed


def test_a_row_of_the_gallery_is_what_its_script_makes_of_the_digits(
    tiny_npz, tmp_path, drawn, capsys
):
    keras.utils.set_random_seed(0)
    models = {}
    for name in gallery.scripts_found():
        models[name] = importlib.import_module(name).build_autoencoder()
        models[name][0].save(tmp_path / f"{name}.keras")
    gallery.main(["--seed", "4", "--data", str(tiny_npz), "--out", str(tmp_path)])
    *printed, verdict = capsys.readouterr().out.splitlines()

    _, (x_test, _) = common.load_mnist(tiny_npz)
    noisy = common.add_noise(x_test, 0.5, seed=5)
    rows = {label.split("\n")[0]: row for label, row in drawn["gallery.png"].items()}
    assert sorted(rows) == sorted([*models, "original", "noisy"])
    np.testing.assert_array_equal(rows["original"], x_test[:10])
    np.testing.assert_array_equal(rows["noisy"][..., 0], noisy[:10])

    sizes = []
    for line in [line for line in printed if " BCE " in line]:
        name, _, size, *_, bce = line.split()
        _, encoder, decoder = models[name]
        denoises = hasattr(importlib.import_module(name), "noise_factor")
        images = noisy if denoises else x_test
        codes = encoder.predict(
            images.reshape(-1, *decoder.output_shape[1:]), verbose=0
        )
        # Of a VAE it is the mean, not the random code.
        codes = codes[0] if isinstance(codes, list) else codes
        decoded = decoder.predict(codes, verbose=0).reshape(20, 28, 28)
        np.testing.assert_allclose(
            rows[name].reshape(10, 28, 28), decoded[:10], 0, 1e-5
        )
        assert bce == f"{common.binary_crossentropy(x_test, decoded):.4f}"
        assert int(size) == codes[0].size
        sizes.append(int(size))
    assert sizes == sorted(sizes) and len(sizes) == len(models)
    assert verdict.startswith("verdict: ")


def test_a_gallery_without_models_names_the_commands(tmp_path):
    (tmp_path / "vae.keras").touch()
    others = [f"python {name}.py" for name in gallery.scripts_found() if name != "vae"]
    with pytest.raises(common.DataError, match=f"run {', '.join(others)} first"):
        gallery.load_models(tmp_path)


def test_the_gallerys_sentence():
    results = [(2, 0.16), (32, 0.09), (32, 0.07), (128, 0.06)]
    assert gallery.in_words(results) == (
        "each larger code is closer to the digits: 2 numbers 0.1600, 32 numbers "
        "0.0700 to 0.0900, 128 numbers 0.0600"
    )
    assert gallery.in_words([*results, (128, 0.08)]).startswith("not each larger")


def test_a_training_ends_in_the_epoch_that_is_as_good_as_the_post(
    tiny_npz, monkeypatch
):
    args = SimpleNamespace(seed=0, data=str(tiny_npz))
    monkeypatch.setitem(speed.POST, "simple_ae", {"loss": 0.7, "epochs": 9})
    result = speed.compare("simple_ae", args)  # both are there after an epoch
    assert result["recipe"]["epochs"] == result["own"]["epochs"] == 1
    assert result["times"] == result["recipe"]["seconds"] / result["own"]["seconds"]
    assert not result["recipe"]["estimated"]

    monkeypatch.setitem(speed.POST, "simple_ae", {"loss": 0.01, "epochs": 9})
    monkeypatch.setitem(speed.TIMED, "simple_ae", 2)
    result = speed.compare("simple_ae", args)
    assert result["recipe"]["estimated"] and result["recipe"]["epochs"] == 9
    assert result["own"]["seconds"] == math.inf and result["times"] is None


def test_what_is_measured_and_what_is_estimated():
    watch = SimpleNamespace(reached=True, seconds=[5.0, 7.0, 9.0])
    assert speed.cell(speed.outcome(watch)) == "epoch 3, 9 s"
    assert speed.cell(speed.outcome(watch, 100)) == "epoch 3, 9 s"
    watch.reached = False
    assert speed.outcome(watch)["seconds"] == math.inf
    assert speed.cell(speed.outcome(watch)) == "not in 3 epochs"
    assert speed.cell(speed.outcome(watch, 100)) == "epoch 100, about 203 s"


def test_the_sentence_on_speed():
    def result(recipe, own, times):
        return {"recipe": {"seconds": recipe}, "own": {"seconds": own}, "times": times}

    results = {"a": result(40, 4, 10.0), "b": result(40, 50, 0.8)}
    results["c"] = result(math.inf, 5, None)
    assert speed.in_words(results) == (
        "2 of 3 scripts are there before the post's recipe, 10.0 to 10.0 times as fast"
    )
    assert speed.in_words({"b": results["b"]}).endswith("the post's recipe")

"""claims/gallery.py: every row is the right script's, and the denoiser gets noise."""

import importlib
import subprocess
import sys
import common
from conftest import PROJECT
import keras
import numpy as np
import pytest

pytest.importorskip("sklearn")
import denoise_ae
import gallery as claim


def test_the_rows_and_the_numbers(tiny_npz, tmp_path, drawn, capsys, monkeypatch):
    monkeypatch.setattr(denoise_ae, "noise_factor", 0.3)
    keras.utils.set_random_seed(0)
    models = {}
    for name in claim.SHAPES:
        models[name] = importlib.import_module(name).build_autoencoder()
        models[name][0].save(tmp_path / f"{name}.keras")
    claim.main(["--seed", "4", "--data", str(tiny_npz), "--out", str(tmp_path)])
    *printed, verdict = capsys.readouterr().out.splitlines()

    rows = drawn["gallery.png"]
    assert list(rows) == [
        "original", "simple_ae", "sparse_ae", "deep_ae", "conv_ae", "noisy",
        "denoise_ae", "seq2seq_ae", "vae",
    ]  # fmt: skip
    _, (x_test, _) = common.load_mnist(tiny_npz)
    noisy = common.add_noise(x_test, 0.3, seed=5)
    np.testing.assert_array_equal(rows["original"], x_test[:10])
    np.testing.assert_array_equal(rows["noisy"], noisy[:10])
    bces = {}
    for (name, (_, encoder, decoder)), line in zip(
        models.items(), printed, strict=True
    ):
        images = noisy if name == "denoise_ae" else x_test
        codes = encoder.predict(images.reshape(20, *claim.SHAPES[name]), verbose=0)
        codes = codes[0] if name == "vae" else codes  # z_mean, not the random z
        decoded = decoder.predict(codes, verbose=0).reshape(20, 28, 28)
        np.testing.assert_allclose(rows[name], decoded[:10], atol=1e-5)
        bces[name] = common.binary_crossentropy(x_test, decoded)
        assert line.split() == [name, "test", "BCE", f"{bces[name]:.4f}"]
    best, worst = sorted(bces, key=bces.get)[:: len(bces) - 1]
    assert verdict.startswith("verdict: ")
    assert verdict.index(f"{best} (") < verdict.index(f"{worst} (")


def test_missing_models_are_one_sentence_and_status_2(tiny_npz, tmp_path):
    for name in claim.SHAPES:
        if name not in ("conv_ae", "vae"):
            (tmp_path / f"{name}.keras").touch()  # enough to be there
    done = subprocess.run(
        [sys.executable, "claims/gallery.py", "--out", str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("gallery.py: models are missing in ")
    assert sentence.endswith(": run python conv_ae.py, python vae.py first")
    assert "Traceback" not in done.stderr

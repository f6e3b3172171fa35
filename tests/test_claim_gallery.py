"""claims/gallery.py: a row is what its own script's network makes of its own input."""

import experiment
import common
import gallery
import numpy as np


def test_rows_are_of_their_scripts(monkeypatch, tiny_npz, tmp_path):
    """Each false network adds a number of its own to what it is given."""
    given = {}
    names = [script.__name__ for script in gallery.SCRIPTS]

    def load_models(script, args):
        return script.__name__, None, common  # any decoder

    def reconstruct(models, images):
        given[models[0]] = images
        return images + names.index(models[0])

    drawn = {}
    monkeypatch.setattr(experiment, "load_models", load_models)
    monkeypatch.setattr(experiment, "reconstruct", reconstruct)
    monkeypatch.setattr(common, "input_shape", (None, 4, 3), raising=False)
    monkeypatch.setattr(common, "plot_images", lambda rows, path: drawn.update(rows))
    gallery.main(["--data", str(tiny_npz), "--out", str(tmp_path), "--seed", "4"])

    _, (x_test, _) = common.load_mnist(tiny_npz)
    x_test = x_test.reshape(-1, 784)
    noisy = common.add_noise(x_test, 0.5, seed=5)
    assert np.array_equal(drawn["original"], x_test[:10])
    assert np.array_equal(drawn["noisy"], noisy[:10])
    for place, name in enumerate(names):
        expected = noisy if name == "denoise_ae" else x_test
        assert np.array_equal(given[name], expected)
        assert np.array_equal(drawn[name], expected[:10] + place)

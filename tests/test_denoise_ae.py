"""denoise_ae.py: the network gets noise, aims at clean, and the figure shows that."""

import common
import keras
import numpy as np
import pytest

import denoise_ae


def test_noisy_in_clean_out_in_training_and_in_the_figure(
    tiny_npz, tmp_path, monkeypatch
):
    fits, figures = [], []

    def spy_fit(model, x, y, **kwargs):
        fits.append((x, y, kwargs["validation_data"]))
        return fit(model, x, y, **kwargs)

    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", spy_fit)
    monkeypatch.setattr(
        common, "plot_reconstructions", lambda *args: figures.append(args)
    )
    flags = ["--epochs", "1", "--data", tiny_npz, "--out", tmp_path]
    denoise_ae.main([*map(str, flags)])

    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    ((fit_x, fit_y, (val_x, val_y)),) = fits  # one training, from fresh weights
    np.testing.assert_array_equal(fit_y, x_train[..., np.newaxis])
    np.testing.assert_array_equal(val_y, x_test[..., np.newaxis])
    for noisy, clean in (fit_x, fit_y), (val_x, val_y):
        assert noisy.dtype == np.float32
        noise = common.add_noise(clean, 0.5, seed=99) - clean
        assert (noisy - clean).std() == pytest.approx(noise.std(), rel=0.02)
    # the noise of the training images is not that of the test images, as can be seen
    # in the corner, where every image is black
    assert (fit_x[:20, 0, 0] != val_x[:, 0, 0]).any()

    ((shown, decoded_imgs, _, labels),) = figures
    np.testing.assert_array_equal(shown, val_x)
    assert labels == ("noisy", "denoised")
    model = keras.models.load_model(tmp_path / "denoise_ae.keras")
    np.testing.assert_allclose(decoded_imgs, model.predict(val_x, verbose=0), atol=1e-5)


def test_the_model_is_the_posts_layer_by_layer():
    _, encoder, decoder = denoise_ae.build_autoencoder()
    shapes = [layer.output.shape[1:] for layer in encoder.layers + decoder.layers]
    assert shapes == [
        (28, 28, 1), (28, 28, 32), (14, 14, 32), (14, 14, 32), (7, 7, 32),
        (7, 7, 32), (7, 7, 32), (14, 14, 32), (14, 14, 32), (28, 28, 32), (28, 28, 1),
    ]  # fmt: skip


def test_the_levels_compare_three_ways_on_the_same_noise(
    tiny_npz, tmp_path, monkeypatch
):
    drawn = {}
    monkeypatch.setattr(
        common,
        "plot_lines",
        lambda x, curves, path, **_: drawn.update({path.name: curves}),
    )
    monkeypatch.setattr(common, "plot_history", lambda *args: None)
    denoise_ae.main(["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)])
    curves = drawn["denoise_ae_levels.png"]

    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    model = keras.models.load_model(tmp_path / "denoise_ae.keras")
    for i, level in enumerate(np.arange(1, 11) / 10):
        noisy = common.add_noise(x_test, level, seed=1)
        sigma = common.best_sigma(x_train, level)  # chosen on training images
        for name, images in {
            "noisy image": noisy,
            "Gaussian blur": common.gaussian_blur(noisy, sigma),
            "autoencoder": model.predict(noisy, verbose=0),
        }.items():
            psnr = common.psnr(common.mean_squared_error(x_test, images))
            assert curves[name][i] == pytest.approx(psnr, abs=1e-3)

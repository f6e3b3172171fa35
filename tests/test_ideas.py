"""What is a script's own: its layers, its penalty, its distribution, its pictures."""

import functools
import importlib

from common import binary_crossentropy
from conftest import read_report
import deep_ae
import keras
from keras import ops
from matplotlib.image import AxesImage
import numpy as np
import pytest
import seq2seq_ae
import sparse_ae
import vae

random = np.random.default_rng(0)

POOLED = "Conv2D relu MaxPooling2D " * 2 + "Conv2D relu UpSampling2D " * 2
WITH_STEPS = "Conv2D relu Conv2D relu Conv2D linear "  # a code may be negative
WITH_STEPS += "Conv2DTranspose relu " * 2 + "Conv2DTranspose sigmoid"


@pytest.mark.parametrize(
    ("script", "layers", "parameters"),
    [
        ("simple_ae", "Dense relu Dense sigmoid", 50_992),
        ("deep_ae", "Dense relu " * 5 + "Dense sigmoid", 222_384),
        ("denoise_ae", POOLED + "Conv2D sigmoid", 28_353),
        ("conv_ae", WITH_STEPS, 46_857),
    ],
)
def test_the_layers_are_those(script, layers, parameters):
    """The first three are the post's. Docstrings have the shapes: test_scripts.py."""
    autoencoder, *parts = importlib.import_module(script).build_autoencoder()
    found = []
    for layer in parts[0].layers[1:] + parts[1].layers[1:]:
        found.append(type(layer).__name__)
        if hasattr(layer, "activation"):
            found.append(layer.activation.__name__)
    assert " ".join(found) == layers
    assert autoencoder.count_params() == parameters


@pytest.mark.parametrize("script", [deep_ae, seq2seq_ae])
def test_muon_leaves_the_output_layer_to_adamw(script):
    """What Muon itself does is Keras's affair."""
    weights = script.build_autoencoder()[0].trainable_weights
    optimizer = script.make_optimizer(10)
    optimizer.build(weights)
    # The optimizer keeps a second moment for those weights that AdamW trains.
    is_by_muon = [moment is None for moment in optimizer.adam_velocities]
    *inner, _, _ = weights  # the last two are the output layer's
    assert is_by_muon == [*(len(weight.shape) == 2 for weight in inner), False, False]


def test_rows_are_read_one_after_the_other_and_the_last_state_is_the_code():
    encoder = seq2seq_ae.build_autoencoder()[1]
    x = random.random((3, 7, 28), np.float32)  # any number of rows can be read
    states = [np.zeros((3, 128), np.float32)] * 2
    for row in range(7):
        code, states = encoder.layers[1].cell(x[:, row], states)
    np.testing.assert_allclose(encoder(x), code, atol=1e-5)


def test_the_figure_shows_the_maps_of_five_codes(trained):
    """Five rows: a test image and the maps of its code, on one scale around 0."""
    run = trained("conv_ae")
    codes = np.array(run.models[1](run.x_test[:5]))
    *axes, bar = run.figures["conv_ae_codes.png"].axes
    images, *maps = np.reshape([axis.get_images()[0] for axis in axes], (5, 9)).T
    for found, image in zip(images, run.x_test[..., 0]):
        np.testing.assert_array_equal(found.get_array(), image)
        assert (found.get_clim(), found.get_cmap().name) == ((0, 1), "gray")
    limit = np.abs(codes).max()
    for column, expected in zip(maps, np.moveaxis(codes, -1, 0), strict=True):
        for found, code in zip(column, expected):
            np.testing.assert_allclose(found.get_array(), code, atol=1e-5)
            assert found.get_clim() == pytest.approx((-limit, limit), rel=1e-4)
            assert found.get_cmap().name == "RdBu"
    titles = [axis.get_title() for axis in axes[:9]]
    assert titles == ["image", *[f"map {n}" for n in range(1, 9)]]
    assert bar.get_ylim()[1] == pytest.approx(limit, rel=1e-4)


def test_the_sparse_decoder_starts_as_a_transpose_and_the_penalty_is_a_mean():
    """A mean over the batch, whatever its size, by hand."""
    autoencoder, encoder, decoder = sparse_ae.build_autoencoder(l1=1e-3, l2=1e-2)
    kernel = decoder.get_weights()[0]
    np.testing.assert_array_equal(kernel, 4 * encoder.get_weights()[0].T)
    x = random.random((4, 784), np.float32)
    codes = np.array(encoder(x))
    assert codes.min() >= 0 and codes.max() > 0
    by_hand = 1e-3 * codes.sum(axis=1).mean() + 1e-2 * (kernel**2).sum()
    for images in x, np.tile(x, (32, 1)):
        autoencoder(images)
        penalty = float(ops.sum(ops.stack(autoencoder.losses)))
        assert penalty == pytest.approx(by_hand, rel=1e-5)


def test_the_line_says_how_many_units_an_image_uses(trained):
    run = trained("sparse_ae")
    active = np.array(run.models[1](run.x_test)) > 0
    used = active.sum(axis=1).mean()
    dead = 128 - active.any(axis=0).sum()
    assert 0 < used < 128
    line = f"an image uses {used:.1f} of 128 units; {dead} are always 0\n"
    assert line in run.printed
    assert run.report["used"] == pytest.approx(used) and run.report["dead"] == dead


def test_strokes_are_rows_of_the_decoder_the_most_used_first():
    """Of units that are used by one, two or three images, and by none."""
    decoder = sparse_ae.build_autoencoder()[2]
    kernel = np.arange(128)[:, None] + np.arange(784) / 784
    decoder.set_weights([kernel, np.zeros(784)])
    codes = np.zeros((3, 128), np.float32)
    codes[:, :24] = 1
    codes[:1, 24:64] = 2
    codes[:2, 64:80] = 0.1
    shown = sparse_ae.plot_strokes(decoder, codes).findobj(AxesImage)
    units = [*range(24), *range(64, 80), *range(24, 64)]
    for image, unit in zip(shown, units, strict=True):
        stroke = kernel[unit].reshape(28, 28)
        np.testing.assert_allclose(image.get_array(), stroke, rtol=1e-6)
        assert image.get_clim() == pytest.approx((-kernel.max() / 2, kernel.max() / 2))
        assert image.get_cmap().name == "RdBu"  # blue for what is above 0


def test_a_draw_has_its_mean_and_deviation_and_its_kl_is_in_the_loss():
    """KL by hand: summed over the numbers of a code and averaged over the batch."""
    keras.utils.set_random_seed(0)
    mean = np.tile(np.float32([1, -2]), (20_000, 1))
    log_var = np.tile(np.log(np.float32([1, 4])), (20_000, 1))
    layer = vae.Sampling(kl_weight=0.1)
    z = np.array(layer([mean, log_var]))
    np.testing.assert_allclose(z.mean(axis=0), [1, -2], atol=0.06)
    np.testing.assert_allclose(z.std(axis=0), [1, 2], rtol=0.03)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.04
    # KL(N(m, v) || N(0, 1)) = (m^2 + v - 1 - log v) / 2
    kl = 1 / 2 + (7 - np.log(4)) / 2
    np.testing.assert_allclose(vae.kl_divergence(mean, log_var), kl, rtol=1e-5)
    assert float(layer.losses[0]) == pytest.approx(0.1 * kl, rel=1e-4)


def test_the_elbo_is_right_for_every_beta_and_size(
    trained, tiny_npz, tmp_path, monkeypatch, capsys
):
    """KL counts beta times in the loss, and once in ELBO."""
    run = trained("vae")
    x = run.x_test
    build = functools.partial(vae.build_autoencoder, latent_dim=3, beta=40)
    monkeypatch.setattr(vae, "build_autoencoder", build)
    argv = ["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)]
    models = vae.main(argv)
    printed = capsys.readouterr().out
    assert "of new digits needs a code of two numbers: it is left out.\n" in printed
    assert not (tmp_path / "vae_manifold.png").exists()

    for beta, (autoencoder, encoder, _), text, report in (
        (1, run.models, run.printed, run.report),
        (40, models, printed, read_report(tmp_path, "vae")),
    ):
        mean, log_var, _ = (np.array(part, np.float64) for part in encoder(x))
        kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
        assert report["kl"] == pytest.approx(kl, rel=1e-3)
        draws = [784 * binary_crossentropy(x, autoencoder(x)) for _ in range(20)]
        loss = 784 * float(autoencoder.losses[0])
        assert loss == pytest.approx(beta * kl, rel=1e-3)

        # One draw for each image, not the mean of many, and not the code's mean.
        reconstruction = -report["elbo"] - report["kl"]
        allowed = 4 * np.std(draws) + 0.1
        assert reconstruction == pytest.approx(np.mean(draws), abs=allowed)
        assert reconstruction != pytest.approx(784 * report["bce"], rel=1e-6)
        elbo = f"ELBO {report['elbo']:.1f}"
        sum_of = f"-(reconstruction {reconstruction:.1f} + KL {kl:.1f})"
        assert f"{elbo} = {sum_of}\n" in text and f"{elbo} nats" in text


def test_wild_inputs_keep_the_variance_finite(trained):
    x = np.full((2, 784), 1e6, np.float32)
    _, log_var, z = map(np.array, trained("vae").models[1](x))
    assert np.isin(log_var, [-10, 1]).all() and np.isfinite(z).all()


def test_the_grid_of_new_digits_is_laid_out_like_its_axes(trained):
    run = trained("vae")
    (axis,) = run.figures["vae_manifold.png"].axes
    (image,) = axis.get_images()
    assert image.get_array().shape == (560, 560) and image.get_cmap().name == "gray"
    assert tuple(image.get_extent()) == (-2, 2, -2, 2)
    tiles = image.get_array().reshape(20, 28, 20, 28)
    middles = -2 + 4 * (np.arange(20) + 0.5) / 20  # of the cells, on both axes
    for row, column in (0, 0), (0, 19), (19, 0), (3, 12):
        code = np.float32([[middles[column], middles[::-1][row]]])
        expected = np.array(run.models[2](code)).reshape(28, 28)
        np.testing.assert_allclose(tiles[row, :, column], expected, atol=1e-5)
    assert "first" in axis.get_xlabel() and "second" in axis.get_ylabel()

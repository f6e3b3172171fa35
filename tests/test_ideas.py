"""What is a script's own: its layers, its penalty, its distribution, its pictures."""

import functools
import importlib

from common import binary_crossentropy
from conftest import read_report
import deep_ae
import keras
from keras import ops
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
        if getattr(layer, "activation", None):
            found.append(layer.activation.__name__)
    assert " ".join(found) == layers
    assert autoencoder.count_params() == parameters


@pytest.mark.parametrize("script", [deep_ae, seq2seq_ae])
def test_muon_leaves_the_output_layer_to_adamw(script):
    """What Muon itself does is Keras's affair."""
    model, _, decoder = script.build_autoencoder()
    optimizer = script.make_optimizer(10)
    optimizer.build(model.trainable_weights)
    # The optimizer keeps a second moment for those weights that AdamW trains.
    for weight, moment in zip(model.trainable_weights, optimizer.adam_velocities):
        muon = len(weight.shape) == 2 and not weight.path.startswith("output/")
        assert (moment is None) == muon, weight.path
    assert decoder.layers[-1].name == "output"


def test_all_units_of_the_deep_code_start_alive(mnist):
    keras.utils.set_random_seed(0)
    encoder = deep_ae.build_autoencoder()[1]
    (_, _), (x_test, _) = mnist
    assert (np.array(encoder(x_test[:500].reshape(-1, 784))) > 0).all()


def test_rows_are_read_one_after_the_other_and_the_last_state_is_the_code():
    encoder = seq2seq_ae.build_autoencoder()[1]
    x = random.random((3, 28, 28), np.float32)
    cell = encoder.layers[1].cell
    states = [np.zeros((3, 128), np.float32)] * 2
    for row in range(7):  # any number of rows can be read
        code, states = cell(x[:, row], states)
    np.testing.assert_allclose(encoder(x[:, :7]), code, atol=1e-5)


def test_the_figure_shows_the_maps_of_five_codes(trained):
    """Five rows: a test image and the maps of its code, on one scale around 0."""
    run = trained("conv_ae")
    x_test = run.x_test[:5]
    codes = np.array(run.models[1](x_test))
    *axes, bar = run.figures["conv_ae_codes.png"].axes
    rows = np.reshape(axes, (5, 9))
    limit = pytest.approx(np.abs(codes).max(), rel=1e-4)
    for row, image, code in zip(rows, x_test, codes):
        for i, axis in enumerate(row):
            (shown,) = axis.get_images()
            expected = code[..., i - 1] if i else image[..., 0]
            found = np.squeeze(shown.get_array())
            np.testing.assert_allclose(found, expected, atol=1e-5)
            low, high = shown.get_clim()
            assert (-low, high) == ((limit, limit) if i else (0, 1))
            assert shown.get_cmap().name == ("RdBu" if i else "gray")
    titles = [axis.get_title() for axis in rows[0]]
    assert titles == ["image", *[f"map {n}" for n in range(1, 9)]]
    assert "code" in bar.get_ylabel() and bar.get_ylim()[1] == limit


def test_the_penalty_by_hand_for_any_batch_size():
    autoencoder, encoder, decoder = sparse_ae.build_autoencoder(l1=1e-3, l2=1e-2)
    x = random.random((4, 784), np.float32)
    codes = np.array(encoder(x), np.float64)
    kernel = decoder.get_weights()[0].astype(np.float64)
    assert codes.min() >= 0 and codes.max() > 0
    by_hand = 1e-3 * codes.sum(axis=1).mean() + 1e-2 * (kernel**2).sum()
    for images in x, np.tile(x, (32, 1)):
        autoencoder(images)
        penalty = float(ops.sum(ops.stack(autoencoder.losses)))
        assert penalty == pytest.approx(by_hand, rel=1e-5)


def test_the_sparse_decoder_starts_as_the_encoders_transpose():
    _, encoder, decoder = sparse_ae.build_autoencoder()
    kernels = [half.get_weights()[0] for half in (encoder, decoder)]
    np.testing.assert_array_equal(kernels[1], 4 * kernels[0].T)


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
    axes = sparse_ae.plot_strokes(decoder, codes).axes
    shown = [axis.get_images()[0] for axis in axes if axis.get_images()]
    units = [*range(24), *range(64, 80), *range(24, 64)]
    for image, unit in zip(shown, units, strict=True):
        stroke = kernel[unit].reshape(28, 28)
        np.testing.assert_allclose(image.get_array(), stroke, rtol=1e-6)
        assert image.get_clim() == pytest.approx((-kernel.max() / 2, kernel.max() / 2))
        assert image.get_cmap().name == "RdBu"  # blue for what is above 0


def test_kl_by_hand_summed_over_the_code_and_averaged_over_the_batch():
    # KL(N(1, 1) || N(0, 1)) = 1/2; KL(N(0, 4) || N(0, 1)) = (3 - log 4) / 2
    one = 0.5
    other = (3 - np.log(4)) / 2
    means = np.float32([[1, 0], [0, 0], [1, 1], [0, 0]])
    log_vars = np.log(np.float32([[1, 4], [1, 4], [1, 1], [1, 1]]))
    terms = [one + other, other, 2 * one, 0]
    np.testing.assert_allclose(vae.kl_divergence(means, log_vars), terms, atol=1e-5)
    layer = vae.Sampling(kl_weight=0.1)
    layer([means, log_vars])
    assert float(layer.losses[0]) == pytest.approx(0.1 * np.mean(terms), rel=1e-5)


def test_sampling_has_the_mean_and_the_deviation():
    keras.utils.set_random_seed(0)
    mean = np.tile(np.float32([0.5, -2.0]), (20_000, 1))
    log_var = np.tile(np.float32(np.log([0.25, 4.0])), (20_000, 1))
    z = np.array(vae.Sampling(1)([mean, log_var]))
    np.testing.assert_allclose(z.mean(axis=0), [0.5, -2.0], atol=0.06)
    np.testing.assert_allclose(z.std(axis=0), [0.5, 2.0], rtol=0.03)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.04


def check_elbo(beta, models, printed, report, x):
    """ELBO by its formula; KL counts beta times in the loss, and once in ELBO."""
    mean, log_var, _ = (np.array(part, np.float64) for part in models[1](x))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert report["kl"] == pytest.approx(kl, rel=1e-3)
    models[0](x)
    assert 784 * float(models[0].losses[0]) == pytest.approx(beta * kl, rel=1e-3)

    draws = [784 * binary_crossentropy(x, models[0](x)) for _ in range(20)]
    reconstruction = -report["elbo"] - report["kl"]
    # One draw for each image is printed: it differs from the mean of many.
    allowed = 4 * np.std(draws) + 0.1
    assert reconstruction == pytest.approx(np.mean(draws), abs=allowed)
    assert reconstruction != pytest.approx(784 * report["bce"], rel=1e-6)  # the mean's
    line = f"= -(reconstruction {reconstruction:.1f} + KL {kl:.1f})\n"
    assert f"ELBO {report['elbo']:.1f} {line}" in printed
    assert f"ELBO {report['elbo']:.1f} nats" in printed


def test_the_elbo_is_right_for_every_beta_and_size(
    trained, tiny_npz, tmp_path, monkeypatch, capsys
):
    """A code of three numbers has no plane."""
    run = trained("vae")
    check_elbo(1, run.models, run.printed, run.report, run.x_test)
    assert "vae_manifold.png" in run.figures

    build = functools.partial(vae.build_autoencoder, latent_dim=3, beta=40)
    monkeypatch.setattr(vae, "build_autoencoder", build)
    argv = ["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)]
    models = vae.main(argv)
    printed = capsys.readouterr().out
    check_elbo(40, models, printed, read_report(tmp_path, "vae"), run.x_test)
    assert "of new digits needs a code of two numbers: it is left out.\n" in printed
    assert not (tmp_path / "vae_manifold.png").exists()


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

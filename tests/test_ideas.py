"""What is a script's own: its layers, its penalty, its distribution, its pictures."""

import functools
import importlib

import common
from conftest import read_report
import conv_ae
import deep_ae
import denoise_ae
import keras
from keras import ops
import numpy as np
import pytest
import seq2seq_ae
import sparse_ae
import vae

random = np.random.default_rng(0)


# ------------------------------------------------------------------- the post's layers


def kinds(models):
    """Return "Dense(32, relu)" and the like, of encoder and decoder."""
    found = []
    for layer in models[1].layers + models[2].layers:
        if not isinstance(layer, keras.layers.InputLayer):
            size = getattr(layer, "units", getattr(layer, "filters", ""))
            activation = getattr(getattr(layer, "activation", None), "__name__", "")
            found.append(f"{type(layer).__name__} {size} {activation}".strip())
    return found


def dense(*units):
    return [f"Dense {n} relu" for n in units] + ["Dense 784 sigmoid"]


CONV = "Conv2D 32 relu"
POOL = "MaxPooling2D"
LARGER = "UpSampling2D"


@pytest.mark.parametrize(
    ("script", "layers", "parameters"),
    [
        ("simple_ae", dense(32), 50_992),
        ("deep_ae", dense(128, 64, 32, 64, 128), 222_384),
        (
            "denoise_ae",
            [CONV, POOL, CONV, POOL, CONV, LARGER, CONV, LARGER, "Conv2D 1 sigmoid"],
            28_353,
        ),
    ],
)
def test_the_layers_are_the_posts(script, layers, parameters, capsys):
    models = importlib.import_module(script).build_autoencoder()
    assert kinds(models) == layers
    models[0].summary(expand_nested=True)
    assert f"Total params: {parameters:,}" in capsys.readouterr().out


def test_the_posts_noise_is_float64_and_ours_is_not():
    x_train = np.zeros((2, 28, 28, 1), "float32")
    noise = np.random.normal(loc=0.0, scale=1.0, size=x_train.shape)
    assert (x_train + 0.5 * noise).dtype == np.float64
    assert common.add_noise(x_train).dtype == np.float32
    assert denoise_ae.noise_factor == 0.5


# ------------------------------------------------------------------ deep and recurrent


@pytest.mark.parametrize("script", ["deep_ae", "seq2seq_ae"])
def test_muon_leaves_the_output_layer_to_adamw(script, trained):
    """What Muon itself does is Keras's affair."""
    model = trained(script).models[0]
    # The optimizer keeps a second moment for those weights that AdamW trains.
    moments = model.optimizer.adam_velocities
    assert len(model.trainable_weights) > 4
    for weight, moment in zip(model.trainable_weights, moments):
        muon = len(weight.shape) == 2 and not weight.path.startswith("output/")
        assert (moment is None) == muon, weight.path
    output = model.get_layer("decoder").layers[-1]
    assert output.name == "output" and output.trainable_weights


def test_all_units_of_the_deep_code_start_alive(mnist):
    keras.utils.set_random_seed(0)
    encoder = deep_ae.build_autoencoder()[1]
    (_, _), (x_test, _) = mnist
    assert (encoder.predict(x_test[:500].reshape(-1, 784), verbose=0) > 0).all()


def test_rows_are_read_one_after_the_other_and_the_last_state_is_the_code():
    keras.utils.set_random_seed(0)
    autoencoder, encoder, decoder = seq2seq_ae.build_autoencoder()
    x = random.random((3, 28, 28), np.float32)
    for read in 7, 28:  # any number of rows can be read
        cell = encoder.layers[1].cell
        states = [np.zeros((3, 128), np.float32)] * 2
        for row in range(read):
            code, states = cell(x[:, row], states)
        found = encoder.predict(x[:, :read], verbose=0)
        np.testing.assert_allclose(found, code, atol=1e-5)
        assert decoder.predict(found, verbose=0).shape == (3, 28, 28)
    assert autoencoder.predict(x[:, :7], verbose=0).shape == (3, 28, 28)


# ----------------------------------------------------------------------- convolutional


def test_the_convolutional_code_may_be_negative():
    keras.utils.set_random_seed(0)
    encoder = conv_ae.build_autoencoder()[1]
    codes = encoder.predict(random.random((9, 28, 28, 1), np.float32), verbose=0)
    assert codes.shape == (9, 4, 4, 8) and codes.min() < 0 < codes.max()


def test_the_figure_shows_the_maps_of_five_codes(trained):
    """Five rows: a test image and the maps of its code, on one scale around 0."""
    run = trained("conv_ae")
    x_test = run.x_test[:5]
    codes = run.models[1].predict(x_test, verbose=0)
    *axes, bar = run.figures["conv_ae_codes.png"].axes
    rows = np.reshape(axes, (5, 1 + codes.shape[-1]))
    limit = np.abs(codes).max()
    for row, image, code in zip(rows, x_test, codes):
        for i, axis in enumerate(row):
            (shown,) = axis.get_images()
            expected = code[..., i - 1] if i else image[..., 0]
            np.testing.assert_allclose(np.squeeze(shown.get_array()), expected)
            assert shown.get_clim() == ((-limit, limit) if i else (0, 1))
            assert shown.get_cmap().name == ("RdBu" if i else "gray")
    titles = [axis.get_title() for axis in rows[0]]
    assert titles == ["image", *[f"map {n}" for n in range(1, 9)]]
    assert "code" in bar.get_ylabel() and bar.get_ylim() == (-limit, limit)


# ------------------------------------------------------------------------------ sparse


def test_the_penalty_by_hand_for_any_batch_size():
    keras.utils.set_random_seed(0)
    autoencoder, encoder, decoder = sparse_ae.build_autoencoder(l1=1e-3, l2=1e-2)
    x = random.random((4, 784), np.float32)
    codes = encoder.predict(x, verbose=0).astype(np.float64)
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
    active = run.models[1].predict(run.x_test, verbose=0) > 0
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
    units = [int(image.get_array()[0, 0]) for image in shown]
    assert units == [*range(24), *range(64, 80), *range(24, 64)]
    for image, unit in zip(shown, units):
        stroke = kernel[unit].reshape(28, 28)
        np.testing.assert_allclose(image.get_array(), stroke, rtol=1e-6)
        assert image.get_clim() == pytest.approx((-kernel.max() / 2, kernel.max() / 2))
        assert image.get_cmap().name == "RdBu"  # blue for what is above 0


# ------------------------------------------------------------------------- variational


def kl(z_mean, z_log_var, kl_weight=1.0):
    """What the layer adds to the loss, in nats an image."""
    layer = vae.Sampling(kl_weight)
    layer([np.float32(z_mean), np.float32(z_log_var)])
    (loss,) = layer.losses
    return float(loss)


def test_kl_by_hand_summed_over_the_code_and_averaged_over_the_batch():
    assert kl(np.zeros((3, 2)), np.zeros((3, 2))) == 0  # of N(0, 1) itself
    # KL(N(1, 1) || N(0, 1)) = 1/2; KL(N(0, 4) || N(0, 1)) = (3 - log 4) / 2
    one = 0.5
    other = (3 - np.log(4)) / 2
    images = [([1, 0], [0, np.log(4)]), ([0, 0], [0, np.log(4)]), ([1, 1], [0, 0])]
    terms = [one + other, other, 2 * one]
    means, log_vars = np.float32(list(zip(*images)))
    np.testing.assert_allclose(vae.kl_divergence(means, log_vars), terms, rtol=1e-5)
    assert kl(means, log_vars) == pytest.approx(np.mean(terms), rel=1e-5)
    assert kl(means, log_vars, 0.1) == pytest.approx(0.1 * np.mean(terms), rel=1e-5)


def test_sampling_has_the_mean_and_the_deviation():
    keras.utils.set_random_seed(0)
    mean = np.tile(np.float32([0.5, -2.0]), (100_000, 1))
    log_var = np.tile(np.float32(np.log([0.25, 4.0])), (100_000, 1))
    z = ops.convert_to_numpy(vae.Sampling(1)([mean, log_var]))
    np.testing.assert_allclose(z.mean(axis=0), [0.5, -2.0], atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), [0.5, 2.0], rtol=0.01)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.02


def terms(models, x, z=None):
    """The reconstruction of draws, (n,), and the mean KL, in nats, in float64."""
    mean, log_var, own_z = models[1].predict(x, verbose=0)
    y = models[2].predict(own_z if z is None else z, verbose=0).astype(np.float64)
    y = np.clip(y, 1e-7, 1 - 1e-7)
    nats = -(x * np.log(y) + (1 - x) * np.log(1 - y)).sum(axis=1)
    mean, log_var = mean.astype(np.float64), log_var.astype(np.float64)
    divergence = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    return nats, divergence.mean()


def test_the_loss_is_the_negative_elbo_by_hand(trained):
    models = trained("vae").models
    x = random.random((50, 784), np.float32)  # two batches of 32: the last is smaller
    # The autoencoder's own draws of z are repeated by setting its generator back.
    (sampling,) = [p for p in models[1].layers if isinstance(p, vae.Sampling)]
    state = sampling.seed_generator.state
    before = state.numpy()
    draws = [models[1].predict(part, verbose=0)[2] for part in (x[:32], x[32:])]
    state.assign(before)
    result = models[0].evaluate(x, x, batch_size=32, verbose=0, return_dict=True)

    nats, divergence = terms(models, x, np.concatenate(draws))
    assert divergence > 0.001
    assert 784 * result["binary_crossentropy"] == pytest.approx(nats.mean(), rel=1e-4)
    expected = nats.mean() + divergence
    assert 784 * result["loss"] == pytest.approx(expected, rel=1e-4)


def test_the_printed_elbo_is_right_for_every_beta_and_size(
    trained, tiny_npz, tmp_path, monkeypatch, capsys
):
    """KL is that of the code, not weighed; a code of 3 leaves out the plane."""
    run = trained("vae")
    build = functools.partial(vae.build_autoencoder, latent_dim=3, beta=4)
    monkeypatch.setattr(vae, "build_autoencoder", build)
    argv = ["--epochs", "2", "--data", str(tiny_npz), "--out", str(tmp_path)]
    models = vae.main(argv)
    printed = capsys.readouterr().out
    assert "of new digits needs a code of two numbers: it is left out.\n" in printed
    assert not (tmp_path / "vae_manifold.png").exists()
    assert "vae_manifold.png" in run.figures

    other = models, printed, read_report(tmp_path, "vae")
    for models, printed, report in other, (run.models, run.printed, run.report):
        draws = [terms(models, run.x_test)[0].mean() for _ in range(20)]
        _, divergence = terms(models, run.x_test)
        assert report["kl"] == pytest.approx(divergence, rel=1e-3)
        reconstruction = -report["elbo"] - report["kl"]
        # One draw for each image is printed: it differs from the mean of many.
        allowed = 4 * np.std(draws) + 0.1
        assert reconstruction == pytest.approx(np.mean(draws), abs=allowed)
        line = f"= -(reconstruction {reconstruction:.1f} + KL {divergence:.1f})\n"
        assert f"ELBO {report['elbo']:.1f} {line}" in printed
        assert f"ELBO {report['elbo']:.1f} nats" in printed


def test_beta_is_the_weight_of_kl():
    for beta in 1, 4:
        layers = vae.build_autoencoder(beta=beta)[1].layers
        (sampling,) = [part for part in layers if isinstance(part, vae.Sampling)]
        assert sampling.kl_weight == beta / 784


def test_wild_inputs_keep_the_variance_finite(trained):
    _, encoder, _ = trained("vae").models
    x = np.full((2, 784), 1e6, np.float32)
    _, log_var, z = encoder.predict(x, verbose=0)
    assert np.isin(log_var, [-10, 1]).all()  # it was the guard that held it
    assert np.isfinite(np.exp(log_var)).all() and np.isfinite(z).all()


def test_the_grid_of_new_digits_is_laid_out_like_its_axes(trained):
    run = trained("vae")
    (axis,) = run.figures["vae_manifold.png"].axes
    (image,) = axis.get_images()
    mosaic = image.get_array()
    assert mosaic.shape == (560, 560) and image.get_cmap().name == "gray"
    assert tuple(image.get_extent()) == (-2, 2, -2, 2)
    middles = -2 + 4 * (np.arange(20) + 0.5) / 20  # of the cells, on both axes
    for row, column in (0, 0), (0, 19), (19, 0), (3, 12):
        code = np.float32([[middles[column], middles[::-1][row]]])
        tile = mosaic[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        expected = run.models[2].predict(code, verbose=0).reshape(28, 28)
        np.testing.assert_allclose(tile, expected, atol=1e-5)
    assert "first" in axis.get_xlabel() and "second" in axis.get_ylabel()

"""vae.py: the ELBO against calculations by hand, the guard, and the new digits."""

import functools
import re

from conftest import read_report
import keras
from keras import ops
import numpy as np
import pytest
import vae

random = np.random.default_rng(0)


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
    for (mean, log_var), term in zip(images, terms):
        assert kl([mean], [log_var]) == pytest.approx(term, rel=1e-5)
    means, log_vars = zip(*images)
    assert kl(means, log_vars) == pytest.approx(np.mean(terms), rel=1e-5)
    assert kl(means, log_vars, 0.1) == pytest.approx(0.1 * np.mean(terms), rel=1e-5)


def test_kl_is_a_monte_carlo_estimate():
    mean = np.array([0.7, -1.2, 0.1])
    log_var = np.array([-1.0, 0.3, -3.0])
    z = mean + np.exp(log_var / 2) * random.standard_normal((400_000, 3))
    log_q = -0.5 * (log_var + (z - mean) ** 2 / np.exp(log_var)).sum(axis=1)
    log_p = -0.5 * (z**2).sum(axis=1)
    estimate = (log_q - log_p).mean()  # E[log q(z) - log p(z)]; 2 pi cancels
    assert kl([mean], [log_var]) == pytest.approx(estimate, rel=0.01)


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


def test_beta_is_the_weight_of_kl(trained):
    layers = vae.build_autoencoder(beta=4)[1].layers
    (sampling,) = [part for part in layers if isinstance(part, vae.Sampling)]
    assert sampling.kl_weight == 4 / 784


def test_the_printed_elbo_is_that_of_the_test_set(trained, commands):
    x = trained("vae").x
    ended = commands("vae")
    autoencoder = keras.models.load_model(ended.out / "vae.keras")
    models = [autoencoder, *map(autoencoder.get_layer, ("encoder", "decoder"))]
    draws = [terms(models, x)[0].mean() for _ in range(20)]
    _, divergence = terms(models, x)

    (line,) = re.findall("^ELBO .+", ended.stdout, re.MULTILINE)
    parts = re.fullmatch(
        r"ELBO (-\d+\.\d) = -\(reconstruction (\d+\.\d) \+ KL (\d+\.\d)\)", line
    )
    elbo, reconstruction, printed_kl = map(float, parts.groups())
    assert elbo == pytest.approx(-(reconstruction + printed_kl), abs=0.2)
    assert printed_kl == pytest.approx(divergence, abs=0.11)
    # One draw for each image is printed: it differs from the mean of many.
    assert reconstruction == pytest.approx(np.mean(draws), abs=4 * np.std(draws) + 0.1)
    report = read_report(ended.out, "vae")
    assert [f"{report[name]:.1f}" for name in ("elbo", "kl")] == [parts[1], parts[3]]


def test_wild_inputs_keep_the_variance_finite(trained):
    _, encoder, _ = trained("vae").models
    x = np.full((2, 784), 1e6, np.float32)
    _, log_var, z = encoder.predict(x, verbose=0)
    assert np.isin(log_var, [-10, 1]).all()  # it was the guard that held it
    assert np.isfinite(np.exp(log_var)).all() and np.isfinite(z).all()


def test_the_whole_model_draws_and_the_loaded_one_does_too(trained, tmp_path):
    run = trained("vae")
    run.models[0].save(tmp_path / "vae.keras")
    losses = []
    for model in run.models[0], keras.models.load_model(tmp_path / "vae.keras"):
        once = model.predict(run.x, verbose=0)
        assert (once != model.predict(run.x, verbose=0)).any()
        result = model.evaluate(run.x, run.x, verbose=0, return_dict=True)
        losses.append(result["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_the_grid_of_new_digits_is_laid_out_like_its_axes(trained, drawn):
    decoder = trained("vae").models[2]
    vae.plot_manifold(decoder, "grid.png")
    (axis,) = drawn["grid.png"].axes
    (image,) = axis.get_images()
    mosaic = image.get_array()
    assert mosaic.shape == (560, 560) and image.get_cmap().name == "gray"
    assert image.origin == "upper" and tuple(image.get_extent()) == (-2, 2, -2, 2)
    middles = -2 + 4 * (np.arange(20) + 0.5) / 20  # of the cells, on both axes
    for row, column in (0, 0), (0, 19), (19, 0), (3, 12):
        code = np.float32([[middles[column], middles[::-1][row]]])
        tile = mosaic[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        expected = decoder.predict(code, verbose=0).reshape(28, 28)
        np.testing.assert_allclose(tile, expected, atol=1e-5)
    assert axis.get_xlabel() and axis.get_ylabel()


def test_a_code_of_three_numbers_has_no_grid(
    tiny_npz, tmp_path, monkeypatch, drawn, capsys
):
    monkeypatch.setattr(vae, "latent_dim", 3)
    wide = functools.partial(vae.build_autoencoder, latent_dim=3)
    monkeypatch.setattr(vae, "build_autoencoder", wide)
    vae.main(["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "no picture of new digits: latent_dim is 3, not 2\n" in printed
    assert "vae.png" in drawn and "vae_manifold.png" not in drawn
    assert read_report(tmp_path, "vae")["code"] == [3]

"""vae.py: the ELBO against calculations by hand, the guard, and the new digits."""

import re
import vae
import keras
from keras import ops
import numpy as np
import pytest

random = np.random.default_rng(0)


def kl(z_mean, z_log_var):
    """What the layer adds to the loss, as nats an image."""
    layer = vae.Sampling()
    layer([np.float32(z_mean), np.float32(z_log_var)])
    (loss,) = layer.losses
    return 784 * float(loss)


def test_kl_of_the_standard_normal_is_0():
    assert kl(np.zeros((3, 2)), np.zeros((3, 2))) == 0


def test_kl_by_hand_summed_over_the_code_and_averaged_over_the_batch():
    # KL(N(1, 1) || N(0, 1)) = 1/2; KL(N(0, 4) || N(0, 1)) = (3 - log 4) / 2
    one, other = 0.5, (3 - np.log(4)) / 2
    images = [([1, 0], [0, np.log(4)]), ([0, 0], [0, np.log(4)]), ([1, 1], [0, 0])]
    terms = [one + other, other, 2 * one]
    for (mean, log_var), term in zip(images, terms, strict=True):
        assert kl([mean], [log_var]) == pytest.approx(term, rel=1e-5)
    means, log_vars = zip(*images, strict=True)
    assert kl(means, log_vars) == pytest.approx(np.mean(terms), rel=1e-5)


def test_kl_is_a_monte_carlo_estimate():
    mean, log_var = np.array([0.7, -1.2, 0.1]), np.array([-1.0, 0.3, -3.0])
    z = mean + np.exp(log_var / 2) * random.standard_normal((400_000, 3))
    log_q = -0.5 * (log_var + (z - mean) ** 2 / np.exp(log_var)).sum(axis=1)
    log_p = -0.5 * (z**2).sum(axis=1)
    estimate = (log_q - log_p).mean()  # E[log q(z) - log p(z)]; 2 pi cancels
    assert kl([mean], [log_var]) == pytest.approx(estimate, rel=0.01)


def test_sampling_has_the_mean_and_the_deviation():
    keras.utils.set_random_seed(0)
    mean = np.tile(np.float32([0.5, -2.0]), (100_000, 1))
    log_var = np.tile(np.float32(np.log([0.25, 4.0])), (100_000, 1))
    z = ops.convert_to_numpy(vae.Sampling()([mean, log_var]))
    np.testing.assert_allclose(z.mean(axis=0), [0.5, -2.0], atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), [0.5, 2.0], rtol=0.01)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.02


def test_the_loss_is_the_negative_elbo_by_hand(trained):
    autoencoder, encoder, decoder = trained("vae").models
    x = random.random((50, 784), np.float32)  # two batches of 32: the last is smaller
    # the autoencoder's own draws of z, repeated by setting its generator back
    (sampling,) = [layer for layer in encoder.layers if isinstance(layer, vae.Sampling)]
    state = sampling.seed_generator.state
    start = state.numpy()
    z = np.concatenate(
        [encoder.predict(part, verbose=0)[2] for part in (x[:32], x[32:])]
    )
    state.assign(start)
    result = autoencoder.evaluate(x, x, batch_size=32, verbose=0, return_dict=True)

    mean, log_var = (
        part.astype(np.float64) for part in encoder.predict(x, verbose=0)[:2]
    )
    y = decoder.predict(z, verbose=0).astype(np.float64)
    nats = -(x * np.log(y) + (1 - x) * np.log(1 - y)).sum(axis=1).mean()
    divergence = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert divergence > 0.001
    assert 784 * result["binary_crossentropy"] == pytest.approx(nats, rel=1e-4)
    assert 784 * result["loss"] == pytest.approx(nats + divergence, rel=1e-4)


def test_the_printed_elbo_is_that_of_the_test_set(trained):
    run = trained("vae")
    _, encoder, decoder = run.models
    x = run.fit.options["validation_data"][0]
    draws = []
    for _ in range(20):
        mean, log_var, z = encoder.predict(x, verbose=0)
        y = np.clip(decoder.predict(z, verbose=0).astype(np.float64), 1e-7, 1 - 1e-7)
        draws.append(-(x * np.log(y) + (1 - x) * np.log(1 - y)).sum(axis=1).mean())
    divergence = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    nats = np.mean(draws)

    (line,) = [line for line in run.lines if line.startswith("ELBO ")]
    parts = re.fullmatch(
        r"ELBO (-\d+\.\d) = -\(reconstruction (\d+\.\d) \+ KL (\d+\.\d)\)", line
    )
    elbo, reconstruction, divergence_printed = map(float, parts.groups())
    assert f"| ELBO {elbo} nats |" in run.lines[-1]
    assert elbo == pytest.approx(-(reconstruction + divergence_printed), abs=0.2)
    assert divergence_printed == pytest.approx(divergence, abs=0.11)
    # one draw for each image is printed: it differs from the mean of many
    assert reconstruction == pytest.approx(nats, abs=4 * np.std(draws) + 0.1)


def test_wild_inputs_keep_the_variance_finite(trained):
    _, encoder, _ = trained("vae").models
    x = np.full((2, 784), 1e6, np.float32)
    _, log_var, z = encoder.predict(x, verbose=0)
    assert np.isin(log_var, [-10, 1]).all()  # it was the guard that held it
    assert np.isfinite(np.exp(log_var)).all() and np.isfinite(z).all()


def test_the_whole_model_draws_and_the_loaded_one_does_too(trained):
    run = trained("vae")
    x = run.fit.options["validation_data"][0]
    loaded = keras.models.load_model(run.out / "vae.keras")
    for model in run.models[0], loaded:
        assert (model.predict(x, verbose=0) != model.predict(x, verbose=0)).any()
    both = [
        model.evaluate(x, x, verbose=0, return_dict=True)["loss"]
        for model in (run.models[0], loaded)
    ]
    assert both[0] == pytest.approx(both[1], rel=0.05)


def test_the_grid_of_new_digits_is_laid_out_like_its_axes(trained):
    run = trained("vae")
    (axis,) = run.figures["vae_manifold.png"].axes
    (image,) = axis.get_images()
    mosaic = image.get_array()
    assert mosaic.shape == (560, 560) and image.get_cmap().name == "gray"
    left, right, bottom, top = image.get_extent()
    assert image.origin == "upper" and (left, right, bottom, top) == (-2, 2, -2, 2)
    middles = -2 + 4 * (np.arange(20) + 0.5) / 20  # of the cells, on both axes
    decoder = run.models[2]
    for row, column in (0, 0), (0, 19), (19, 0), (3, 12):
        code = np.float32([[middles[column], middles[::-1][row]]])
        tile = mosaic[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        expected = decoder.predict(code, verbose=0).reshape(28, 28)
        np.testing.assert_allclose(tile, expected, atol=1e-5)
    assert axis.get_xlabel() and axis.get_ylabel()

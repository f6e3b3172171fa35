"""vae.py: the ELBO against calculations by hand, the guard, and what is saved."""

import keras
from keras import ops
import numpy as np
import pytest

import vae

random = np.random.default_rng(0)


def kl(z_mean, z_log_var):
    terms = vae.kl_divergence(np.float32(z_mean), np.float32(z_log_var))
    return ops.convert_to_numpy(terms)


def test_kl_of_the_standard_normal_is_0():
    np.testing.assert_array_equal(kl(np.zeros((3, 2)), np.zeros((3, 2))), np.zeros(3))


def test_kl_by_hand_and_summed_over_the_dimensions():
    # KL(N(1, 1) || N(0, 1)) = 1/2; KL(N(0, 4) || N(0, 1)) = (3 - log 4) / 2
    one, other = 0.5, (3 - np.log(4)) / 2
    terms = kl([[1, 0], [0, 0], [1, 1]], [[0, np.log(4)], [0, np.log(4)], [0, 0]])
    np.testing.assert_allclose(terms, [one + other, other, 2 * one], rtol=1e-6)


def test_kl_is_a_monte_carlo_estimate():
    mean, log_var = np.array([0.7, -1.2, 0.1]), np.array([-1.0, 0.3, -3.0])
    z = mean + np.exp(log_var / 2) * random.standard_normal((400_000, 3))
    log_q = -0.5 * (log_var + (z - mean) ** 2 / np.exp(log_var)).sum(axis=1)
    log_p = -0.5 * (z**2).sum(axis=1)
    estimate = (log_q - log_p).mean()  # E[log q(z) - log p(z)]; 2 pi cancels
    assert kl(mean[None], log_var[None])[0] == pytest.approx(estimate, rel=0.01)


def test_sampling_has_the_mean_and_the_deviation():
    keras.utils.set_random_seed(0)
    mean = np.tile(np.float32([0.5, -2.0]), (100_000, 1))
    log_var = np.tile(np.float32(np.log([0.25, 4.0])), (100_000, 1))
    z = ops.convert_to_numpy(vae.Sampling()([mean, log_var]))
    np.testing.assert_allclose(z.mean(axis=0), [0.5, -2.0], atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), [0.5, 2.0], rtol=0.01)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.02


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    autoencoder, encoder, decoder = vae.build_autoencoder()
    autoencoder.compile("adam", vae.reconstruction, metrics=[vae.reconstruction])
    return autoencoder, encoder, decoder


def test_the_loss_is_the_negative_elbo_by_hand(model):
    autoencoder, encoder, decoder = model
    x = random.random((50, 784), np.float32)  # two batches of 32: the last is smaller
    # the autoencoder's own draws of z, repeated by setting its generator back
    state = encoder.get_layer(index=-1).seed_generator.state
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
    assert result["reconstruction"] == pytest.approx(nats, rel=1e-5)
    assert result["loss"] == pytest.approx(nats + divergence, rel=1e-5)


def test_wild_inputs_keep_the_variance_finite(model):
    _, encoder, _ = model
    x = np.full((2, 784), 1e6, np.float32)
    _, log_var, z = encoder.predict(x, verbose=0)
    assert np.isin(log_var, [-10, 1]).all()  # it was the guard that held it
    assert np.isfinite(np.exp(log_var)).all() and np.isfinite(z).all()


def test_the_saved_model_comes_back_the_same(model, tmp_path):
    autoencoder, encoder, decoder = model
    x = random.random((5, 784), np.float32)
    autoencoder.fit(x, x, verbose=0)
    autoencoder.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    z_mean = loaded.get_layer("encoder").predict(x, verbose=0)[0]
    np.testing.assert_allclose(z_mean, encoder.predict(x, verbose=0)[0], atol=1e-6)
    np.testing.assert_allclose(
        loaded.get_layer("decoder").predict(z_mean, verbose=0),
        decoder.predict(z_mean, verbose=0),
        atol=1e-6,
    )
    # the loss, too, up to the points that each draws from its clouds
    both = [
        m.evaluate(x, x, verbose=0, return_dict=True) for m in (autoencoder, loaded)
    ]
    assert both[0] == pytest.approx(both[1], rel=0.01)


def test_each_epoch_shows_both_terms(model, capsys):
    autoencoder, encoder, _ = model
    x = random.random((50, 784), np.float32)
    history = autoencoder.fit(
        x, x, validation_data=(x, x), callbacks=[vae.ShowKL()]
    ).history
    z_mean, z_log_var, _ = encoder.predict(x, verbose=0)
    assert history["val_kl"][0] == pytest.approx(kl(z_mean, z_log_var).mean(), abs=1e-3)
    shown = capsys.readouterr().out
    for name in (
        "loss",
        "reconstruction",
        "kl",
        "val_loss",
        "val_reconstruction",
        "val_kl",
    ):
        assert f" {name}: " in shown


def test_the_grid_of_new_digits_and_the_maps_of_the_codes(
    tiny_npz, tmp_path, monkeypatch
):
    drawn, drawn_maps = {}, {}
    monkeypatch.setattr(
        vae.common,
        "plot_manifold",
        lambda images, values, path: drawn.update(images=images, values=values),
    )
    monkeypatch.setattr(
        vae.common, "plot_maps", lambda maps, labels, path: drawn_maps.update(maps)
    )
    monkeypatch.setattr(vae.common, "save_figure", lambda fig, path: None)
    vae.main(["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)])
    values = drawn["values"]
    assert len(values) == 20 and drawn["images"].shape == (400, 784)
    # the normal distribution's share below the k-th value is (k + 1/2) / 20
    samples = np.sort(np.random.default_rng(1).standard_normal(200_000))
    shares = np.searchsorted(samples, values) / len(samples)
    np.testing.assert_allclose(shares, (np.arange(20) + 0.5) / 20, atol=0.005)
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    top_right = np.array(
        [[values[-1], values[-1]], [values[0], values[-1]]], np.float32
    )
    corners = loaded.get_layer("decoder").predict(top_right, verbose=0)
    np.testing.assert_allclose(drawn["images"][[19, 0]], corners, atol=1e-5)

    # the maps show PCA's codes and the centres of the VAE's clouds
    (x_train, y_train), (x_test, y_test) = vae.common.load_mnist(tiny_npz)
    encoder = loaded.get_layer("encoder")
    pca = vae.common.PCA(x_train, 2)

    def centres(images):
        return encoder.predict(images.reshape(-1, 784), verbose=0)[0]

    for (title, codes), (name, encode) in zip(
        drawn_maps.items(), {"PCA": pca.encode, "VAE": centres}.items(), strict=True
    ):
        np.testing.assert_allclose(codes, encode(x_test), atol=1e-4)
        near = encode(x_train), y_train
        accuracy = vae.common.knn_accuracy(*near, encode(x_test), y_test)
        assert title == f"{name}: {accuracy:.1%} by 5 neighbours"

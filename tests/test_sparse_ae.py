"""sparse_ae.py: the penalty, the post's collapse, and what the figures are made of."""

import common
import keras
from keras import layers, ops, regularizers
import numpy as np
import pytest

import sparse_ae


def penalty(autoencoder, x):
    autoencoder(x)
    return float(ops.sum(ops.stack(autoencoder.losses)))


def test_the_penalty_by_hand_for_any_batch_size():
    keras.utils.set_random_seed(0)
    autoencoder, encoder, decoder = sparse_ae.build_autoencoder(l1=1e-3, l2=1e-2)
    x = np.random.default_rng(0).random((4, 784), np.float32)
    codes = encoder.predict(x, verbose=0).astype(np.float64)
    weights = decoder.layers[-1].kernel.numpy().astype(np.float64)
    by_hand = 1e-3 * codes.sum(axis=1).mean() + 1e-2 * (weights**2).sum()
    assert penalty(autoencoder, x) == pytest.approx(by_hand, rel=1e-5)
    assert penalty(autoencoder, np.tile(x, (32, 1))) == pytest.approx(by_hand, rel=1e-5)


def final_loss(l1, mnist):
    """The test BCE of the post's sparse model after a short training."""
    keras.utils.set_random_seed(0)
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(
        32, activation="relu", activity_regularizer=regularizers.L1(l1)
    )(input_img)
    decoded = layers.Dense(784, activation="sigmoid")(encoded)
    autoencoder = keras.Model(input_img, decoded)
    (x_train, _), (x_test, _) = mnist
    x_train = x_train[:20000].reshape(-1, 784)
    adam = keras.optimizers.Adam(2e-2)
    autoencoder.compile(adam, "binary_crossentropy", steps_per_execution=64)
    autoencoder.fit(x_train, x_train, epochs=5, batch_size=128, verbose=0)
    x_test = x_test.reshape(-1, 784)
    code = keras.Model(input_img, encoded).predict(x_test, verbose=0)
    decoded_imgs = autoencoder.predict(x_test, verbose=0)
    return common.binary_crossentropy(x_test, decoded_imgs), np.mean(code > 0)


def test_the_posts_collapse_is_the_mean_image(mnist):
    (x_train, _), (x_test, _) = mnist
    mean_image = common.ruler(x_train, x_test)["mean image"]
    # summed over a batch of 128, as Keras up to 2.3 did: nearly every code is 0
    loss, active = final_loss(128 * 10e-5, mnist)
    assert loss == pytest.approx(mean_image, abs=0.005)
    assert active < 0.01
    # divided by the batch size, as today: the network learns
    loss, active = final_loss(10e-5, mnist)
    assert loss < 0.2
    assert active > 0.3


def test_selectivity_by_hand():
    labels = np.array([0, 0, 1, *range(2, 10)], np.uint8)
    codes = np.zeros((11, 4), np.float32)
    codes[:, 0] = 2  # responds to every digit alike
    codes[2, 1] = 5  # only to 1
    codes[:3, 2] = [1, 3, 6]  # to 0 (mean 2) and to 1 (6)
    share, means = common.selectivity(codes, labels)  # unit 3 is dead
    np.testing.assert_allclose(share, [0.1, 1.0, 0.75, 0.0])
    assert means.shape == (10, 4)
    assert means[:3, 2].tolist() == [2, 6, 0]


def test_the_description_counts_zeros_active_and_dead_units(capsys):
    _, encoder, decoder = sparse_ae.build_autoencoder()
    kernel, bias = np.zeros((784, 128), np.float32), -np.ones(128, np.float32)
    bias[:24] = 1  # 24 units always active ...
    kernel[0, 24:64], bias[24:64] = 1, -0.5  # ... 40 where pixel 0 is lit, 64 never
    encoder.set_weights([kernel, bias])
    decoder.set_weights([np.full((128, 784), 0.25), np.zeros(784)])
    x_test, y_test = np.zeros((20, 784), np.float32), np.arange(20) % 10
    x_test[:5, 0] = 1  # a quarter of the images, half of the digits
    sparse_ae.describe("name", encoder, decoder, x_test, y_test)
    # active: 24 + 40 / 4 = 34; zeros: 1 - 34 / 128
    # selectivity of those not dead: (24 * 0.1 + 40 * 0.2) / 64
    assert capsys.readouterr().out == (
        "name: 73.4% of the code is 0 | 34.0 of 128 units active | 64 dead | "
        "decoder's weights 0.250 (rms) | selectivity 0.16\n"
    )


def test_the_units_are_ordered_by_the_digit_that_they_prefer(monkeypatch):
    figures = []
    monkeypatch.setattr(common, "save_figure", lambda fig, path: figures.append(fig))
    means = np.zeros((10, 4), np.float32)
    means[7, 0], means[2, 1], means[9, 3] = 4, 8, 1  # unit 2 is dead
    means[0, 1] = 2
    common.plot_units({"title": means}, "x.png")
    heat = figures[0].axes[0].get_images()[0].get_array()
    assert heat.shape == (10, 4)
    assert heat[:, :3].argmax(axis=0).tolist() == [2, 7, 9]
    assert heat[0].tolist() == [0.25, 0, 0, 0] and heat.max() == 1
    assert heat[:, 3].max() == 0  # the dead unit comes last

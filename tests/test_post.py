"""The post: its models are these, and its lines fail or misbehave as pages say."""

import importlib

import common
import keras
from keras import Input, Model
from keras.layers import LSTM, Dense, RepeatVector
import numpy as np
import pytest


@pytest.mark.parametrize(
    ("script", "parameters"),
    [("simple_ae", 50_992), ("deep_ae", 222_384), ("denoise_ae", 28_353)],
)
def test_the_summary_has_the_posts_total(script, parameters, capsys):
    autoencoder = importlib.import_module(script).build_autoencoder()[0]
    autoencoder.summary(expand_nested=True)
    assert f"Total params: {parameters:,}" in capsys.readouterr().out


def test_the_posts_layers():
    """784 to 32 by relu and back by sigmoid; deep: 128, 64, 32, 64, 128."""
    for script, units in ("simple_ae", [32, 784]), ("deep_ae", [128, 64, 32, 64, 128]):
        _, *halves = importlib.import_module(script).build_autoencoder()
        dense = [p for p in halves[0].layers + halves[1].layers if isinstance(p, Dense)]
        assert [layer.units for layer in dense][: len(units)] == units
        activations = [layer.activation.__name__ for layer in dense]
        assert activations == ["relu"] * (len(dense) - 1) + ["sigmoid"]


def test_np_utils_is_gone():
    with pytest.raises(ImportError):
        from keras.utils import np_utils  # noqa: F401


def test_adadeltas_default_rate_is_a_thousandth_of_what_it_was():
    rate = float(keras.optimizers.get("adadelta").learning_rate)
    assert rate == pytest.approx(0.001)


def test_the_last_layer_is_no_decoder_of_a_deep_autoencoder():
    input_img = Input(shape=(784,))
    encoded = Dense(32, activation="relu")(Dense(128, activation="relu")(input_img))
    decoded = Dense(784, activation="sigmoid")(Dense(128, activation="relu")(encoded))
    autoencoder = Model(input_img, decoded)
    with pytest.raises(ValueError, match="expected axis -1 of input shape"):
        autoencoder.layers[-1](Input(shape=(32,)))


def test_the_posts_noise_is_float64():
    x_train = np.zeros((2, 28, 28, 1), "float32")
    noise = np.random.normal(loc=0.0, scale=1.0, size=x_train.shape)
    assert (x_train + 0.5 * noise).dtype == np.float64
    assert common.add_noise(x_train).dtype == np.float32


def test_numpys_seed_no_longer_seeds_the_weights():
    """In Keras 2.3 it did: its initialisers drew their seeds from NumPy."""

    def weights(seed):
        seed(10)
        layer = Dense(3)
        layer.build((None, 4))
        return layer.get_weights()[0]

    assert (weights(np.random.seed) != weights(np.random.seed)).any()
    set_random_seed = keras.utils.set_random_seed
    assert (weights(set_random_seed) == weights(set_random_seed)).all()


def test_what_the_old_vae_example_uses_is_gone():
    assert not hasattr(keras.backend, "shape")
    assert not hasattr(keras.backend, "random_normal")
    inputs = Input(shape=(4,))
    model = Model(inputs, Dense(2)(inputs))
    with pytest.raises(NotImplementedError):
        model.add_loss(keras.ops.mean(model.output))


def test_the_posts_seq2seq_puts_out_negative_values(mnist):
    keras.utils.set_random_seed(0)
    inputs = Input(shape=(28, 28))
    decoded = LSTM(28, return_sequences=True)(RepeatVector(28)(LSTM(128)(inputs)))
    sequence_autoencoder = Model(inputs, decoded)
    (_, _), (x_test, _) = mnist
    decoded_imgs = sequence_autoencoder.predict(x_test[:100], verbose=0)
    assert decoded_imgs.min() < 0  # tanh: from -1 to 1

"""Sparse autoencoder: a wide code of which each image may use only a little.

The code has 128 numbers, four times those of simple_ae.py, but two terms in the loss
keep most of them at 0 for any one image: L1 pulls the code towards 0, and L2 holds the
decoder's weights, which could otherwise grow while the code shrinks, and dodge the L1.

    784 -> 128 (about 30 of them active) -> 784

    python sparse_ae.py

Section of the post: "Sparse Autoencoder". The post gets 0.2603 and does not know why.
0.2625 is the loss of the average training image: every number of the code is 0 for every
image. The Keras of 2020 summed the L1 penalty over the batch, so 10e-5 (which is 1e-4)
acted as 128 times that. Keras 3.14 and later divide it by the batch size.

The post hopes that "neuron A responds to 5, neuron B only to 7": sparse_ae_units.png
shows how far that is true.
"""

import keras
from keras import layers, regularizers
import numpy as np

encoding_dim = 128


def build_autoencoder(l1=1e-4, l2=2e-4):
    """Return (autoencoder, encoder, decoder), three models that share their weights.

    The loss is BCE + l1 * (sum of |code|, mean over the batch) + l2 * (sum of the
    decoder's squared weights).
    """
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(
        encoding_dim,
        activation="relu",
        activity_regularizer=regularizers.L1(l1),
        bias_initializer=keras.initializers.Constant(0.5),  # else L1 kills units early
    )(input_img)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(
        784, activation="sigmoid", kernel_regularizer=regularizers.L2(l2)
    )(encoded_input)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def selectivity(codes, labels):
    """Return how much each unit keeps to one digit, and the means it is taken from.

    A unit's selectivity is its mean activation for the digit that it prefers, over the
    sum of its means for all ten: 1.0 responds to one digit only, 0.1 to all alike.

    Args:
        codes: activations, at least 0, float32 (n, units).
        labels: the digits, uint8 (n,).

    Returns:
        selectivity, (units,), nan for a dead unit; and the means, (10, units).
    """
    means = np.stack([codes[labels == digit].mean(axis=0) for digit in range(10)])
    total = means.sum(axis=0)
    share = np.full(total.shape, np.nan)
    np.divide(means.max(axis=0), total, out=share, where=total > 0)
    return share, means

"""Symptoms: what goes wrong, and the numbers by which it is known.

    python claims/symptoms.py                       lists these trials
    python claims/symptoms.py accuracy pixels_255   runs these two; all: runs them all

They need outputs/simple_ae.keras, and accuracy conv_ae.keras too: run python
simple_ae.py and python conv_ae.py first. BCE is that of the test images.
"""

import shared  # first: it makes the project's folder importable
import common
import simple_ae
import keras
from keras import layers
import numpy as np
import retrain


def accuracy(args):
    """What metrics=["accuracy"] prints, and why it says nothing here."""
    for name, what in (
        ("simple_ae", "images whose brightest pixel is the same one"),
        ("conv_ae", "pixels that are 0 or 1, and on the right side of 0.5"),
    ):
        autoencoder, _, _ = shared.load_model(name, args.out)
        _, x_test = retrain.images(args, autoencoder)
        autoencoder.compile(loss="binary_crossentropy", metrics=["accuracy"])
        test = autoencoder.evaluate(x_test, x_test, verbose=0, return_dict=True)
        print(f"accuracy: {name} {test['accuracy']:.1%}, the share of {what}")
    black = np.mean(x_test == 0)
    print(f"verdict: a black image would have {black:.1%} of the pixels right as well")


def no_sigmoid(args):
    """The last layer with its sigmoid and without, by plain Adam: the loss jumps."""
    by_epoch = []
    for activation in "sigmoid", None:
        _, encoder, _ = retrain.build(simple_ae, args)
        decoded = layers.Dense(784, activation=activation)(encoder.output)
        autoencoder = keras.Model(encoder.input, decoded)
        by_epoch.append(retrain.fit(autoencoder, "adam", args, 10, batch_size=128))
    texts = [" ".join(f"{loss:.3f}" for loss in losses) for losses in by_epoch]
    print(f"no_sigmoid: BCE by epoch with it {texts[0]}, without {texts[1]}")
    rises = [sum(np.diff(losses) > 0) for losses in by_epoch]
    end = f"and ends {by_epoch[1][-1] / by_epoch[0][-1]:.1f} times as high"
    print(f"verdict: without it the loss rises {rises[1]} times, not {rises[0]}, {end}")


def pixels_255(args):
    """Pixels from 0 to 255: the loss is negative."""
    autoencoder, _, _ = retrain.build(simple_ae, args)
    x_train, _ = retrain.images(args, autoencoder)
    autoencoder.compile("adam", loss="binary_crossentropy")
    history = autoencoder.fit(255 * x_train, 255 * x_train, batch_size=128, verbose=0)
    (loss,) = history.history["loss"]
    print(f"pixels_255: the loss after an epoch is {loss:.1f}")
    print(f"verdict: {'negative' if loss < 0 else 'not negative'}: divide by 255")


def no_code(args):
    """A code of no numbers: the output's bias alone still learns something."""
    _, encoder, decoder = retrain.build(simple_ae, args)
    autoencoder = keras.Model(encoder.input, decoder(0 * encoder.output))
    loss = retrain.fit_as(simple_ae, autoencoder, args)[-1]
    x_train, x_test = retrain.images(args, autoencoder)
    mean_image = np.broadcast_to(x_train.mean(axis=0), x_test.shape)
    mean = common.binary_crossentropy(x_test, mean_image)
    print(f"no_code: BCE {loss:.4f}; the mean training image {mean:.4f}")
    same = "as good as" if abs(loss - mean) < 0.002 else "not the same as"
    print(f"verdict: what it learns is {same} the mean image, for every digit")


if __name__ == "__main__":
    trials = [accuracy, no_sigmoid, pixels_255, no_code]
    common.run(lambda argv: retrain.run_chosen(trials, __doc__, argv))

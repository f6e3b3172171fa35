"""Train the models that only the page shows; the seven scripts train all others.

    python page/train.py

1. simple_ae.py's network, with its weights after 0, 1, 2, 5 and 10 epochs of one and
   the same training. On the page a slider goes through them.
2. vae.py's network without what makes it a VAE: no draw and no KL, so that the two
   numbers of the code may lie anywhere. On the page its plane stands beside the VAE's.

The weights are written to outputs/page_simple_ae_epochs.npz and
outputs/page_plain2.keras, and the numbers to outputs/page_models.json. Then
`python page/build.py` builds the page. It takes about a minute on a processor.
"""

import math
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import common
import keras
import numpy as np
import simple_ae
import vae

SHOWN_EPOCHS = [0, 1, 2, 5, 10]


class KeepWeights(keras.callbacks.Callback):
    """Keep a copy of the model's weights after each of the epochs that are shown."""

    def __init__(self, shown_epochs):
        super().__init__()
        self.shown_epochs = shown_epochs
        self.kept = {}

    def on_train_begin(self, logs=None):
        self.keep_after(0)

    def on_epoch_end(self, epoch, logs=None):
        self.keep_after(epoch + 1)

    def keep_after(self, epoch):
        if epoch in self.shown_epochs:
            self.kept[epoch] = self.model.get_weights()


def train(autoencoder, script, x_train, epochs, args, callbacks=()):
    """Train a model as a script does, with the script's own optimizer."""
    total_steps = epochs * math.ceil(len(x_train) / args.batch_size)
    autoencoder.compile(
        optimizer=script.make_optimizer(total_steps),
        loss="binary_crossentropy",
    )
    autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=args.batch_size,
        callbacks=list(callbacks),
        verbose=args.verbose,
    )


def build_plain_autoencoder():
    """Return vae.py's network, in which the code is the mean itself, with no draw."""
    _, variational_encoder, decoder = vae.build_autoencoder()
    z_mean = variational_encoder.outputs[0]
    encoder = keras.Model(variational_encoder.inputs[0], z_mean, name="encoder")
    input_img = keras.Input(shape=(784,))
    return keras.Model(input_img, decoder(encoder(input_img)), name="page_plain2")


def measure(autoencoder, x_test):
    """Return the test BCE and the MSE of a model."""
    decoded_imgs = autoencoder.predict(x_test, verbose=0)
    bce = common.binary_crossentropy(x_test, decoded_imgs)
    return {"bce": bce, "mse": float(np.mean((x_test - decoded_imgs) ** 2))}


def main(argv=None):
    args = common.parse_args(__doc__, argv, simple_ae.epochs, simple_ae.batch_size)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    rows = {}

    keras.utils.set_random_seed(args.seed)
    simple, _, _ = simple_ae.build_autoencoder()
    keep_weights = KeepWeights(SHOWN_EPOCHS)
    train(simple, simple_ae, x_train, args.epochs, args, [keep_weights])
    arrays = {}
    for epoch, weights in keep_weights.kept.items():
        for number, weight in enumerate(weights):
            arrays[f"epoch_{epoch}_weight_{number}"] = weight
        simple.set_weights(weights)
        rows[f"simple_ae, epoch {epoch}"] = measure(simple, x_test)
    np.savez(args.out / "page_simple_ae_epochs.npz", **arrays)

    keras.utils.set_random_seed(args.seed)
    plain = build_plain_autoencoder()
    # As many epochs as vae.py has when simple_ae.py has all of its own.
    epochs = math.ceil(vae.epochs * args.epochs / simple_ae.epochs)
    train(plain, vae, x_train, epochs, args)
    plain.save(args.out / "page_plain2.keras")
    rows[f"plain autoencoder of two numbers, epoch {epochs}"] = measure(plain, x_test)

    print("| model | test BCE | MSE |")
    print("|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['bce']:.4f} | {row['mse']:.4f} |")
    common.write_json("page_models", args, {"models": rows})


if __name__ == "__main__":
    main()

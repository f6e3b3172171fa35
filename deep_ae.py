"""Deep autoencoder: three layers encode, three decode. （三層編碼，三層解碼）

With hidden layers, each direction can be more than one weighted sum followed by a relu
or a sigmoid. The same 32 numbers as in simple_ae.py then hold more of the image.

    784 -> 128 -> 64 -> 32 -> 64 -> 128 -> 784

    python deep_ae.py
    deep_ae: test BCE 0.0745 (floor 0.0581) | MSE 0.0045 | PSNR 23.5 dB

Section of the post: "Deep AutoEncoder". Go on with claims/code_size.py (what does depth
buy?) and claims/papers.py (how far is it from Hinton and Salakhutdinov, 2006?).
"""

import math

import common
import keras
from keras import layers

encoding_dim = 32
epochs = 24
batch_size = 128


def build_autoencoder(encoding_dim=encoding_dim):
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(128, activation="relu")(input_img)
    encoded = layers.Dense(64, activation="relu")(encoded)
    # A positive bias at the start keeps all units of the code alive.
    code_layer = layers.Dense(
        encoding_dim, activation="relu", bias_initializer=keras.initializers.Constant(2)
    )
    encoded = code_layer(encoded)
    encoder = keras.Model(input_img, encoded, name="encoder")

    # The post takes autoencoder.layers[-1] as the decoder of its simple model. Of a
    # deep one that is only the last of three layers: so the decoder is a model here.
    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(64, activation="relu")(encoded_input)
    decoded = layers.Dense(128, activation="relu")(decoded)
    decoded = layers.Dense(784, activation="sigmoid", name="output")(decoded)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)), name="deep_ae")
    return autoencoder, encoder, decoder


def make_optimizer(total_steps):
    """Return Muon; its rate rises for a tenth of the steps, then falls to 0.

    Muon makes the singular values of a weight matrix's update about equal, so that no
    direction is left behind. It is for the matrices inside a network: biases and the
    output layer get AdamW at the same learning rate.
    """
    warmup_steps = total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )
    return keras.optimizers.Muon(
        learning_rate, exclude_layers=["output"], weight_decay=0.1
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs, batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)  # Total params: 222,384, as in the post

    total_steps = args.epochs * math.ceil(len(x_train) / args.batch_size)
    autoencoder.compile(
        optimizer=make_optimizer(total_steps),
        loss="binary_crossentropy",
    )
    history = autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test, x_test),  # only watched: nothing is chosen by it
        verbose=args.verbose,
    )
    autoencoder.save(args.out / "deep_ae.keras")

    # These are the two halves of autoencoder.predict(x_test).
    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"original": x_test[:10], "reconstruction": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "deep_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "deep_ae_loss.png")

    common.report("deep_ae", args, history, x_test, decoded_imgs)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()

"""Deep autoencoder: three layers encode, three decode.

With layers in between, code and image need not depend on each other in one step: the
same 32 numbers as in simple_ae.py hold more.

    784 -> 128 -> 64 -> 32 -> 64 -> 128 -> 784

    python deep_ae.py

Section of the post: "Deep AutoEncoder". The post says that distances between codes tell
how alike two images are: deep_ae_neighbours.png shows that they do. As a guess of the
digit, though, these 32 numbers are no better than PCA's (97.3 % against 97.6 %).

It ends with, on two CPU cores:

    deep_ae: test BCE 0.0776 (floor 0.0581) | MSE 0.0054 | PSNR 22.7 dB | 95 s
"""

import common  # before keras: its docstring says why
import keras
from keras import layers

encoding_dim = 32


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights.

    The post's `autoencoder.layers[-1]` is the last of three decoding layers here, so
    the decoder is built as a model of its own.
    """
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(128, activation="relu")(input_img)
    encoded = layers.Dense(64, activation="relu")(encoded)
    encoded = layers.Dense(encoding_dim, activation="relu")(encoded)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(64, activation="relu")(encoded_input)
    decoded = layers.Dense(128, activation="relu")(decoded)
    decoded = layers.Dense(784, activation="sigmoid")(decoded)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, epochs=16, batch_size=128, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, y_train), (x_test, y_test) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)  # Total params: 222,384, as in the post

    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=5e-3, warmup_steps=steps // 10
    )
    # Adam's steps switch so many relu units off that it stays at 0.080 to 0.082. Muon
    # makes the steps of a weight matrix equally large in all directions.
    autoencoder.compile(
        optimizer=keras.optimizers.Muon(learning_rate),
        loss="binary_crossentropy",
        **common.speed_options(),
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        shuffle=True,
        validation_data=(x_test, x_test),
    )

    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    pca = common.PCA(x_train, encoding_dim)
    lines = common.ruler(x_train, x_test, pca)
    common.plot_reconstructions(x_test, decoded_imgs, args.out / "deep_ae.png")
    common.plot_history(history, lines, args.out / "deep_ae_loss.png")
    common.save_model(autoencoder, args.out / "deep_ae.keras")

    # Are near codes alike? The nearest test images of ten, themselves left out ...
    nearest = common.nearest_neighbours(encoded_imgs, encoded_imgs[:10], k=6)
    rows = {"query": x_test[:10]}
    for place in range(1, nearest.shape[1]):
        rows[f"neighbour {place}"] = x_test[nearest[:, place]]
    common.plot_images(rows, args.out / "deep_ae_neighbours.png")

    # ... and how often the 5 nearest training images vote for the right digit.
    codes = {
        "784 pixels": (x_train, x_test),
        "PCA, 32 numbers": (pca.encode(x_train), pca.encode(x_test)),
        "code, 32 numbers": (encoder.predict(x_train, verbose=0), encoded_imgs),
    }
    for name, (train_codes, test_codes) in codes.items():
        accuracy = common.knn_accuracy(train_codes, y_train, test_codes, y_test)
        print(f"digit by the 5 nearest, {name}: {accuracy:.2%} right")
    common.print_result("deep_ae", x_test, decoded_imgs)


if __name__ == "__main__":
    common.run(main)

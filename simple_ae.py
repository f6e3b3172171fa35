"""Simple autoencoder: one dense layer encodes, one decodes.

The narrow layer in the middle forces the network to find 32 numbers from which it can
paint all 784 pixels again. They are the image's code, learnt from images alone.

    784 -> 32 -> 784

    python simple_ae.py

Section of the post: "Simple Autoencoder". The post says that such a code beats PCA and
that it works only for data like its training data: simple_ae_baselines.png shows both,
on ten digits and a face.

It ends with, on two CPU cores:

    simple_ae: test BCE 0.0919 (floor 0.0581) | MSE 0.0097 | PSNR 20.1 dB | 17 s
"""

import common  # before keras: its docstring says why
import keras
from keras import layers
import numpy as np

encoding_dim = 32  # 32 floats for 784: a compression factor of 24.5


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(encoding_dim, activation="relu")(input_img)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(encoding_dim,))
    decoded = layers.Dense(784, activation="sigmoid")(encoded_input)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, epochs=10, batch_size=128, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 784)
    x_test = x_test.reshape(-1, 784)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary()

    # The post's 'adadelta' learns nothing today: its default learning rate was 1.0 then
    # and is 0.001 now. Adam gets further in 10 epochs than adadelta did in 25, with a
    # rate that warms up (large first steps switch relu units off for good) and decays.
    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=3e-3, warmup_steps=steps // 10
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        **common.speed_options(),
    )
    history = autoencoder.fit(
        x_train,
        x_train,  # the target is the input itself
        epochs=args.epochs,
        batch_size=args.batch_size,
        shuffle=True,
        validation_data=(x_test, x_test),
    )

    # autoencoder.predict(x_test) in its two halves
    encoded_imgs = encoder.predict(x_test, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    pca = common.PCA(x_train, encoding_dim)
    lines = common.ruler(x_train, x_test, pca)
    common.plot_reconstructions(x_test, decoded_imgs, args.out / "simple_ae.png")
    common.plot_history(history, lines, args.out / "simple_ae_loss.png")
    common.save_model(autoencoder, args.out / "simple_ae.keras")

    # Better than PCA? Of use for other data? Ten digits, and a face as the eleventh.
    face = common.load_face().reshape(1, 784)
    images = np.concatenate([x_test[:10], face])
    rows = {
        "original": images,
        "PCA": pca.decode(pca.encode(images)),
        "autoencoder": autoencoder.predict(images, verbose=0),
    }
    common.plot_images(rows, args.out / "simple_ae_baselines.png")
    pca_imgs = pca.decode(pca.encode(x_test))
    for name, digits in ("PCA", pca_imgs), ("autoencoder", decoded_imgs):
        bce = common.binary_crossentropy(x_test, digits)
        mse = common.mean_squared_error(x_test, digits)
        face_mse = common.mean_squared_error(face, rows[name][-1:])
        print(
            f"{name}, {encoding_dim} numbers: digits BCE {bce:.4f}, MSE {mse:.4f}; "
            f"face MSE {face_mse:.4f}"
        )
    common.print_result("simple_ae", x_test, decoded_imgs)


if __name__ == "__main__":
    common.run(main)

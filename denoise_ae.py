"""Denoising autoencoder: noisy image in, clean image out.

The network must paint what was drawn and leave out what was scattered over it. Its code
is larger than the image (1,568 numbers for 784): it is the noise that keeps it from
copying, not a narrow code.

    28 x 28 x 1 -> 14 x 14 x 32 -> 7 x 7 x 32 -> 14 x 14 x 32 -> 28 x 28 x 1

    python denoise_ae.py

Section of the post: "Image Denoise". The last line it prints, on one CPU core:

    denoise_ae: test BCE 0.0927 (floor 0.0581) | MSE 0.0100 | PSNR 20.0 dB | 301 s

Go on with claims/noise_levels.py (other levels, other methods).
"""

import math

import common
import keras
from keras import layers

noise_factor = 0.5  # the standard deviation of the noise; black is 0 and white 1
epochs = 8
batch_size = 32


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    input_img = keras.Input(shape=(28, 28, 1))
    # 28 x 28 x 32
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(input_img)
    # 14 x 14 x 32
    x = layers.MaxPooling2D(2, padding="same")(x)
    # 14 x 14 x 32
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
    # 7 x 7 x 32
    encoded = layers.MaxPooling2D(2, padding="same")(x)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(7, 7, 32))
    # 7 x 7 x 32
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(encoded_input)
    # 14 x 14 x 32
    x = layers.UpSampling2D(2)(x)
    # 14 x 14 x 32
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
    # 28 x 28 x 32
    x = layers.UpSampling2D(2)(x)
    # 28 x 28 x 1
    decoded = layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def train(
    autoencoder,
    x_train_noisy,
    x_train,
    x_test_noisy,
    x_test,
    epochs=epochs,
    batch_size=batch_size,
    optimizer=None,
    **fit_options,
):
    """Train on images in [0, 1], of shape (n, 28, 28, 1); return Keras's history.

    An `optimizer` takes the place of Nadam; `fit_options`, such as `callbacks`, go to
    `fit`, but leave out `steps_per_epoch`: the schedule counts all batches.
    """
    # The learning rate rises from 0 (warm-up), then falls to 0 along a cosine.
    steps = math.ceil(len(x_train) / batch_size)  # in an epoch
    total_steps = epochs * steps
    warmup_steps = 3 * total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )

    # Nadam is Adam with Nesterov's momentum.
    autoencoder.compile(
        optimizer=optimizer or keras.optimizers.Nadam(learning_rate),
        loss="binary_crossentropy",
        **common.speed_options(steps),  # only for speed: may be left out
    )
    return autoencoder.fit(
        x_train_noisy,
        x_train,  # the target is the clean image
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(x_test_noisy, x_test),  # only watched: nothing is chosen by it
        **fit_options,
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=epochs, batch_size=batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 28, 28, 1)
    x_test = x_test.reshape(-1, 28, 28, 1)
    x_train_noisy = common.add_noise(x_train, noise_factor, seed=args.seed)
    x_test_noisy = common.add_noise(x_test, noise_factor, seed=args.seed + 1)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    history = train(
        autoencoder,
        x_train_noisy,
        x_train,
        x_test_noisy,
        x_test,
        args.epochs,
        args.batch_size,
    )
    common.save(autoencoder, args.out / "denoise_ae.keras")

    encoded_imgs = encoder.predict(x_test_noisy, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"noisy": x_test_noisy[:10], "denoised": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "denoise_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "denoise_ae_loss.png")

    common.report("denoise_ae", args, history, x_test, decoded_imgs)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = common.run(main)

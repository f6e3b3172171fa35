"""Denoising autoencoder: noisy image in, clean image out. （去除雜訊）

The network must paint what was drawn and leave out what was scattered over it. Its code
is larger than the image (1,568 numbers for 784): it is the noise that keeps it from
copying, not a narrow code.

    28 x 28 x 1 -> 14 x 14 x 32 -> 7 x 7 x 32 -> 14 x 14 x 32 -> 28 x 28 x 1

    python denoise_ae.py
    denoise_ae: test BCE 0.0927 (floor 0.0581) | MSE 0.0100 | PSNR 20.0 dB

Section of the post: "Image Denoise". Go on with claims/noise_levels.py (weaker and
stronger noise, and other methods).
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

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)), name="denoise_ae")
    return autoencoder, encoder, decoder


def make_optimizer(total_steps):
    """Return Nadam; its rate rises for three tenths of the steps, then falls to 0.

    Nadam is Adam with Nesterov's momentum. When the rate rose within a tenth of the
    steps, one training of five failed: its loss stayed near that of the mean image.
    """
    warmup_steps = 3 * total_steps // 10
    learning_rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=1e-2,
        warmup_steps=warmup_steps,
        decay_steps=total_steps - warmup_steps,
    )
    return keras.optimizers.Nadam(learning_rate)


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs, batch_size)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 28, 28, 1)
    x_test = x_test.reshape(-1, 28, 28, 1)
    x_train_noisy = common.add_noise(x_train, noise_factor, seed=args.seed)
    x_test_noisy = common.add_noise(x_test, noise_factor, seed=args.seed + 1)

    autoencoder, encoder, decoder = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    total_steps = args.epochs * math.ceil(len(x_train) / args.batch_size)
    autoencoder.compile(
        optimizer=make_optimizer(total_steps),
        loss="binary_crossentropy",
    )
    history = autoencoder.fit(
        x_train_noisy,
        x_train,  # the target is the clean image
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=(x_test_noisy, x_test),  # only watched: nothing is chosen by it
        verbose=args.verbose,
    )
    autoencoder.save(args.out / "denoise_ae.keras")

    encoded_imgs = encoder.predict(x_test_noisy, verbose=0)
    decoded_imgs = decoder.predict(encoded_imgs, verbose=0)

    rows = {"noisy": x_test_noisy[:10], "denoised": decoded_imgs[:10]}
    common.plot_images(rows, args.out / "denoise_ae.png")
    common.plot_loss(history, x_train, x_test, args.out / "denoise_ae_loss.png")

    common.report("denoise_ae", args, history, x_test, decoded_imgs)
    return autoencoder, encoder, decoder


if __name__ == "__main__":
    autoencoder, encoder, decoder = main()

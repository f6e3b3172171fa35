"""Denoising autoencoder: noisy image in, clean image out.

The network must paint what was drawn and leave out what was scattered over it, so it
learns what strokes look like. Its code is larger than the image (1,568 numbers for
784): here the noise keeps the network from copying, not a narrow code.

    28 x 28 x 1 -> 14 x 14 x 32 -> 7 x 7 x 32 -> 14 x 14 x 32 -> 28 x 28 x 1

    python denoise_ae.py

Section of the post: "Image Denoise". denoise_ae_levels.png measures how practical that
is: weaker and stronger noise than the network was trained on, beside a Gaussian blur.

It ends with, on two CPU cores:

    denoise_ae: test BCE 0.0929 (floor 0.0581) | MSE 0.0100 | PSNR 20.0 dB | 306 s
"""

import common  # before keras: its docstring says why
import keras
from keras import layers
import numpy as np

noise_factor = 0.5


def build_autoencoder():
    """Return (autoencoder, encoder, decoder), three models that share their weights."""
    conv = {"kernel_size": 3, "activation": "relu", "padding": "same"}

    input_img = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, **conv)(input_img)  # 28 x 28 x 32
    x = layers.MaxPooling2D(2, padding="same")(x)  # 14 x 14 x 32
    x = layers.Conv2D(32, **conv)(x)  # 14 x 14 x 32
    encoded = layers.MaxPooling2D(2, padding="same")(x)  # 7 x 7 x 32
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(7, 7, 32))
    x = layers.Conv2D(32, **conv)(encoded_input)  # 7 x 7 x 32
    x = layers.UpSampling2D(2)(x)  # 14 x 14 x 32
    x = layers.Conv2D(32, **conv)(x)  # 14 x 14 x 32
    x = layers.UpSampling2D(2)(x)  # 28 x 28 x 32
    decoded = layers.Conv2D(1, 3, activation="sigmoid", padding="same")(
        x
    )  # 28 x 28 x 1
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def main(argv=None):
    args = common.parse_args(__doc__, epochs=8, batch_size=32, argv=argv)
    keras.utils.set_random_seed(args.seed)

    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train.reshape(-1, 28, 28, 1)
    x_test = x_test.reshape(-1, 28, 28, 1)
    x_train_noisy = common.add_noise(x_train, noise_factor, seed=args.seed)
    x_test_noisy = common.add_noise(x_test, noise_factor, seed=args.seed + 1)
    print("x_train.shape=", x_train.shape, ", x_test.shape=", x_test.shape)

    autoencoder, _, _ = build_autoencoder()
    autoencoder.summary(expand_nested=True)

    steps = args.epochs * -(-len(x_train) // args.batch_size)
    learning_rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=1e-2, warmup_steps=steps // 10
    )
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        **common.speed_options(),
    )
    history = autoencoder.fit(
        x_train_noisy,
        x_train,  # the target is the clean image
        epochs=args.epochs,
        batch_size=args.batch_size,
        shuffle=True,
        validation_data=(x_test_noisy, x_test),
    )

    decoded_imgs = autoencoder.predict(x_test_noisy, verbose=0)

    common.plot_reconstructions(
        x_test_noisy, decoded_imgs, args.out / "denoise_ae.png", ("noisy", "denoised")
    )
    lines = common.ruler(x_train, x_test)
    common.plot_history(history, lines, args.out / "denoise_ae_loss.png")
    common.save_model(autoencoder, args.out / "denoise_ae.keras")

    # How practical is it? Noise that is weaker and stronger than in training, beside a
    # blur whose one parameter is chosen anew for each level, on training images.
    levels = np.arange(1, 11) / 10
    psnrs = {"noisy image": [], "Gaussian blur": [], "autoencoder": []}
    for level in levels:
        noisy = common.add_noise(x_test[:2000], level, seed=args.seed + 1)
        blurred = common.gaussian_blur(noisy, common.best_sigma(x_train[:2000], level))
        denoised = autoencoder.predict(noisy, verbose=0)
        for name, imgs in zip(psnrs, (noisy, blurred, denoised), strict=True):
            mse = common.mean_squared_error(x_test[:2000], imgs)
            psnrs[name].append(common.psnr(mse))
    common.plot_lines(
        levels,
        psnrs,
        args.out / "denoise_ae_levels.png",
        xlabel=f"noise factor (trained at {noise_factor})",
        ylabel="PSNR in dB",
    )
    clean = autoencoder.predict(x_test[:2000], verbose=0)
    clean_psnr = common.psnr(common.mean_squared_error(x_test[:2000], clean))
    print(f"PSNR without noise: the input is perfect, autoencoder {clean_psnr:.1f} dB")
    for name, values in psnrs.items():
        print(f"PSNR at noise 0.1 to 1.0, {name}:", *(f"{dB:.1f}" for dB in values))
    common.print_result("denoise_ae", x_test, decoded_imgs)


if __name__ == "__main__":
    common.run(main)

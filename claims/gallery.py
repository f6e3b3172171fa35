"""Gallery: the ten test digits, and below them what each script makes of them.

It needs all seven models in the folder of `--out`, and the `--seed` that denoise_ae.py
was run with, for the same noise. It prints the binary cross-entropy (BCE) of each
script on the whole test set, the number in its last line.

    python claims/gallery.py
"""

import shared  # first: it makes the project's folder importable
import common
import denoise_ae

SHAPES = {  # of an image, as each script's encoder takes it
    "simple_ae": (784,),
    "sparse_ae": (784,),
    "deep_ae": (784,),
    "conv_ae": (28, 28, 1),
    "denoise_ae": (28, 28, 1),
    "seq2seq_ae": (28, 28),
    "vae": (784,),
}


def reconstruct(name, encoder, decoder, images):
    """Return the script's reconstructions of images, (n, 28, 28), in [0, 1]."""
    codes = encoder.predict(images.reshape(-1, *SHAPES[name]), verbose=0)
    if name == "vae":
        codes, _, _ = codes  # The code of an image is the mean of its distribution.
    return decoder.predict(codes, verbose=0).reshape(-1, 28, 28)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    missing = [name for name in SHAPES if not (args.out / f"{name}.keras").is_file()]
    if missing:
        commands = ", ".join(f"python {name}.py" for name in missing)
        raise common.DataError(
            f"models are missing in {args.out}: run {commands} first"
        )
    _, (x_test, _) = common.load_mnist(args.data)

    rows, bces = {"original": x_test[:10]}, {}
    for name in SHAPES:
        _, encoder, decoder = shared.load_model(name, args.out)
        images = x_test
        if name == "denoise_ae":
            # The script's own noise on its test images.
            noise_factor, seed = denoise_ae.noise_factor, args.seed + 1
            images = common.add_noise(x_test, noise_factor, seed)
            rows["noisy"] = images[:10]
        decoded_imgs = reconstruct(name, encoder, decoder, images)
        rows[name] = decoded_imgs[:10]
        bces[name] = common.binary_crossentropy(x_test, decoded_imgs)
        print(f"{name:<10} test BCE {bces[name]:.4f}")
    common.plot_images(rows, args.out / "gallery.png")
    best, worst = min(bces, key=bces.get), max(bces, key=bces.get)
    print(
        f"verdict: the closest to the digits comes {best} ({bces[best]:.4f}), the "
        f"furthest from them stays {worst} ({bces[worst]:.4f})"
    )


if __name__ == "__main__":
    common.run(main)

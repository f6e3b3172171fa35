"""Gallery: the ten first test digits, and below them what each of the seven makes.

python claims/gallery.py       (after all seven scripts)
"""

import experiment
import common
import conv_ae
import deep_ae
import denoise_ae
import numpy as np
import seq2seq_ae
import simple_ae
import sparse_ae
import vae

SCRIPTS = vae, simple_ae, sparse_ae, deep_ae, denoise_ae, conv_ae, seq2seq_ae


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    x_test = experiment.load_images(args).test.x
    noise_factor = denoise_ae.noise_factor
    x_test_noisy = common.add_noise(x_test, noise_factor, seed=args.seed + 1)

    rows = {"original": x_test}
    measured = {}
    for script in SCRIPTS:
        models = experiment.load_models(script, args)
        images = x_test
        if script is denoise_ae:
            images = x_test_noisy
            rows["noisy"] = images
        name = script.__name__
        rows[name] = experiment.reconstruct(models, images)
        measured[name] = {
            "code_size": int(np.prod(models[2].input_shape[1:])),
            "bce": common.binary_crossentropy(x_test, rows[name]),
        }

    table = [[f"{name}.py", *numbers.values()] for name, numbers in measured.items()]
    experiment.print_table(["", "numbers in the code", "BCE"], table)
    first = {name: images[:10] for name, images in rows.items()}
    common.plot_images(first, args.out / "gallery.png")
    experiment.report("gallery", args, **measured)


if __name__ == "__main__":
    main()

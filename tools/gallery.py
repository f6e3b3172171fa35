"""Gallery: the ten test digits, and below them what each script makes of them.

It needs the models of all scripts in the folder of `--out`, and the `--seed` that
denoise_ae.py was run with, for the same noise. It prints the binary cross-entropy (BCE)
on the whole test set, the number in a script's last line, by the size of the code.

    python tools/gallery.py
"""

import importlib
from itertools import pairwise
from math import prod
from pathlib import Path
import sys

sys.path.append(str(Path(__file__).resolve().parent.parent / "claims"))
import base
import common
import record


def scripts_found():
    """Return the names of the scripts in the project's folder, sorted."""
    found = record.programs().items()
    return [name for name, path in found if record.is_script(path)]


def load_models(out):
    """Return {script: its three models}, the smallest code first.

    Raises:
        common.DataError: some are missing, or cannot be read.
    """
    names = scripts_found()
    missing = [name for name in names if not (out / f"{name}.keras").is_file()]
    if missing:
        commands = ", ".join(f"python {name}.py" for name in missing)
        raise common.DataError(f"models are missing in {out}: run {commands} first")
    models = {name: base.load_model(name, out) for name in names}
    return dict(sorted(models.items(), key=lambda item: code_size(item[1])))


def code_size(models):
    """Return how many numbers are in the code of (autoencoder, encoder, decoder)."""
    _, _, decoder = models
    return prod(decoder.input_shape[1:])


def in_words(results):
    """Return a sentence on [(numbers in the code, BCE)]: does a larger one help?"""
    sizes = sorted({size for size, _ in results})
    bces = {size: [bce for own, bce in results if own == size] for size in sizes}
    texts = []
    for size in sizes:
        low, high = min(bces[size]), max(bces[size])
        span = f"{low:.4f}" if low == high else f"{low:.4f} to {high:.4f}"
        texts.append(f"{size} numbers {span}")

    ordered = all(min(bces[a]) > max(bces[b]) for a, b in pairwise(sizes))
    start = "each larger code is" if ordered else "not each larger code is"
    return f"{start} closer to the digits: {', '.join(texts)}"


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    models = load_models(args.out)
    _, (x_test, _) = common.load_mnist(args.data)

    rows = {"original": x_test[:10]}
    clean = []
    bces = {}
    for name, own in models.items():
        images = x_test.reshape(-1, *own[0].output_shape[1:])
        script = importlib.import_module(name)
        # A script that denoises gets its own noise; no training images are needed.
        arrays = base.pairs(script, images[:0], images, args.seed)
        given = arrays.get("x_test_noisy", images)
        if given is not images:
            rows["noisy"] = given[:10]

        size = code_size(own)
        decoded_imgs = base.reconstruct(own, given)
        rows[f"{name}\n{size} numbers"] = decoded_imgs[:10]
        bces[name] = common.binary_crossentropy(images, decoded_imgs)
        if given is images:
            clean.append((size, bces[name]))
        print(f"{name:<10} code {size:>5} numbers | test BCE {bces[name]:.4f}")

    common.plot_images(rows, args.out / "gallery.png")
    base.report("gallery", args, in_words(clean), bce=bces)


if __name__ == "__main__":
    common.run(main)

"""Noise levels: where does the network denoise better than a filter does?

Every fifth test image gets six levels of noise. A blur, total variation and a linear
map are fitted to each level. denoise_ae.py has seen one level, and the same network is
trained here on a level of its own for each image. A lead counts if the 95% interval of
a paired bootstrap leaves out 0.

    python claims/noise_levels.py        (after denoise_ae.py)
"""

import experiment
import common
import denoise_ae
from matplotlib.figure import Figure
import numpy as np
from scipy import ndimage, stats
from skimage.restoration import denoise_tv_chambolle
from sklearn.linear_model import Ridge

LEVELS = 0.1, 0.2, 0.3, 0.5, 0.7, 1.0  # of noise; white is 1
FOR_FILTERS = 500  # images that fit three constants, 392,000 pixels
FILTERS = "blur", "total variation", "linear map"
ONE_LEVEL = f"network, {denoise_ae.noise_factor} only"
ANY_LEVEL = "network, any level"


def blur(images, sigma):
    """Blur images, (n, 28, 28); outside is black, as MNIST's border is."""
    return ndimage.gaussian_filter(images, (0, sigma, sigma), mode="constant")


def total_variation(images, weight):
    """Make images, (n, 28, 28), flat with sharp edges (Chambolle, 2004)."""
    # The default eps, 2e-4, stops too early.
    return np.stack([denoise_tv_chambolle(image, weight, eps=1e-5) for image in images])


def fit_filter(method, strength, noisy, clean):
    """Return a function that filters images and corrects their brightness.

    Noise that is clipped to [0, 1] lifts black and lowers white, which no filter takes
    back: so a gain and an offset are fitted by least squares.
    """
    line = stats.linregress(method(noisy, strength).ravel(), clean.ravel())

    def restore(images):
        brightened = line.slope * method(images, strength) + line.intercept
        return np.clip(brightened, 0, 1)

    return restore


def tune_filter(method, strengths, level, images, seed):
    """Return a filter that is fitted to a level of noise, and its strength."""

    def fitted(strength, clean):
        noisy = common.add_noise(clean, level, seed)
        return fit_filter(method, strength, noisy, clean)

    def error_of(strength, fit, choose):
        restore = fitted(strength, fit.x[:FOR_FILTERS])
        clean = choose.x[:FOR_FILTERS]
        noisy = common.add_noise(clean, level, seed + 1)
        return experiment.mse(clean, restore(noisy))

    strength, _ = experiment.choose(strengths, error_of, images)
    return fitted(strength, images.train.x[:FOR_FILTERS]), strength


def map_linearly(images, level, x_train, seed):
    """Return images by the linear map that brings noisy pixels nearest to clean."""
    noisy = common.add_noise(x_train, level, seed).reshape(-1, 784)
    ridge = Ridge().fit(noisy, x_train.reshape(-1, 784))
    mapped = ridge.predict(images.reshape(-1, 784))
    return np.clip(mapped, 0, 1).reshape(images.shape)


def train_at_any_level(x_train, seed):
    """Return denoise_ae.py's models, trained on a level from 0 to 1 for each image."""
    levels = np.random.default_rng(seed).random((len(x_train), 1, 1))
    noisy = common.add_noise(x_train, levels, seed)
    models, _ = experiment.retrain(denoise_ae, x_train, seed, inputs=noisy)
    return models


def psnr(errors, axis=-1):
    """Return the PSNR in dB of images in [0, 1] with these mean squared errors."""
    return -10 * np.log10(np.mean(errors, axis=axis))


def lead(ours, theirs, seed):
    """Return the lead in dB of MSEs, (n,), and its 95 % interval (paired bootstrap)."""

    def difference(ours, theirs, axis):
        return psnr(ours, axis) - psnr(theirs, axis)

    interval = stats.bootstrap(
        (ours, theirs),
        difference,
        paired=True,
        n_resamples=1000,
        method="percentile",
        rng=seed,
    ).confidence_interval
    dB = float(difference(ours, theirs, axis=-1))
    return {"dB": dB, "low": float(interval.low), "high": float(interval.high)}


def denoise(level, networks, images, seed):
    """Return {method: denoised test images}, "noisy" too, and the filters' strengths.

    seed: for the noise of the training images; the others have seeds of their own.
    """
    noisy = common.add_noise(images.test.x, level, seed + 2)
    outputs = {"noisy": noisy}
    strengths = {}
    for name, method, tried in (
        ("blur", blur, [0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.2]),
        ("total variation", total_variation, [level * n / 10 for n in range(3, 9)]),
    ):
        restore, strengths[name] = tune_filter(method, tried, level, images, seed)
        outputs[name] = restore(noisy)
    outputs["linear map"] = map_linearly(noisy, level, images.train.x, seed)
    for name, models in networks.items():
        outputs[name] = experiment.reconstruct(models, noisy)
    return outputs, strengths


@common.default_style
def plot(results, strips):
    """Draw the leads over the levels, and below one digit through every method."""
    fig = Figure(figsize=(9, 10), layout="constrained")
    top, bottom = fig.subfigures(2, 1, height_ratios=[6, 5])
    axis = top.subplots()
    best = np.array([max(of["psnr"][f] for f in FILTERS) for of in results.values()])
    for name, style in zip(FILTERS, ("--", ":", "-.")):
        psnrs = np.array([of["psnr"][name] for of in results.values()])
        axis.plot(LEVELS, psnrs - best, style, color="gray", label=name)
    for name, color in (ONE_LEVEL, "tab:orange"), (ANY_LEVEL, "tab:blue"):
        leads = [of["leads"][name] for of in results.values()]
        axis.plot(LEVELS, [n["dB"] for n in leads], "o-", color=color, label=name)
        low, high = ([n[end] for n in leads] for end in ("low", "high"))
        axis.fill_between(LEVELS, low, high, color=color, alpha=0.3)
    axis.set_xlabel("noise (standard deviation; white is 1)")
    axis.set_ylabel("dB ahead of the best filter")
    axis.legend()

    names = ["clean", "noisy", *FILTERS, ONE_LEVEL, ANY_LEVEL]
    no_ticks = {"xticks": [], "yticks": []}
    grid = bottom.subplots(len(strips), len(names), subplot_kw=no_ticks)
    for row, (level, images) in zip(grid, strips.items()):
        row[0].set_ylabel(f"noise {level}")
        for cell, name in zip(row, names):
            cell.imshow(images[name], cmap="gray", vmin=0, vmax=1)
            cell.set_frame_on(False)
    for cell, name in zip(grid[0], names):
        cell.set_title(name.replace(" ", "\n", 1), fontsize=10)
    return fig


def measure(level, networks, images, seed):
    """Return a level's numbers, and the first test image by every method.

    "leads" are those over the best filter of the level, "strengths" their constants.
    """
    outputs, strengths = denoise(level, networks, images, seed)
    errors = {}
    for name, output in outputs.items():
        squares = (images.test.x - output) ** 2
        errors[name] = np.mean(squares, axis=(1, 2), dtype=np.float64)
    psnrs = {name: float(psnr(of_images)) for name, of_images in errors.items()}
    best = max(FILTERS, key=psnrs.get)
    leads = {name: lead(errors[name], errors[best], seed) for name in networks}
    outputs["clean"] = images.test.x
    strip = {name: output[0] for name, output in outputs.items()}
    return {"psnr": psnrs, "leads": leads, "strengths": strengths}, strip


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    images = experiment.load_images(args, shape=(28, 28))
    networks = {
        ONE_LEVEL: experiment.load_models(denoise_ae, args),
        ANY_LEVEL: train_at_any_level(images.train.x, args.seed),
    }
    # The two halves of MNIST's test images were written by different people.
    fifth = experiment.Images(images.test.x[::5], images.test.y[::5])
    images = images._replace(test=fifth)

    results = {}
    strips = {}
    for level in LEVELS:
        results[level], strip = measure(level, networks, images, args.seed)
        if level in (0.1, 0.5, 1.0):
            strips[level] = strip
    clean = {}
    for name, models in networks.items():
        copies = experiment.reconstruct(models, images.test.x)
        clean[name] = float(psnr([experiment.mse(images.test.x, copies)]))

    print(f"PSNR in dB of {len(images.test.x):,} test images")
    rows = [[level, *of["psnr"].values()] for level, of in results.items()]
    experiment.print_table(["noise", *results[0.5]["psnr"]], rows, decimals=1)
    print("dB ahead of the best filter, and the 95 % interval")
    for level, of in results.items():
        for name, n in of["leads"].items():
            interval = f"{n['low']:+.2f} to {n['high']:+.2f}"
            print(f"noise {level}, {name}: {n['dB']:+.2f} ({interval})")
    for name, value in clean.items():
        print(f"images without noise, {name}: PSNR {value:.1f} dB")

    plot(results, strips).savefig(args.out / "noise_levels.png", dpi=150)
    experiment.report("noise_levels", args, results=results, clean=clean)


if __name__ == "__main__":
    main()

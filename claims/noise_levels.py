"""Noise levels: where does the network denoise better than a filter does?

The post: 「實際上最常見的應用是,對圖片進行降噪」 (the most common use is denoising).
Six levels of noise, and six methods, on every fifth test image:

- the noisy image, as it is;
- a Gaussian blur and total variation, each with three constants that are fitted to the
  level on 1,000 training images;
- a linear map of 784 to 784 pixels, fitted to the level on all training images;
- denoise_ae.py, which has seen all training images at one level, 0.5;
- the fair entry: the same network, trained by the same function for as many epochs on
  all training images, each with a level of its own, drawn from 0 to 1.

The first four know the level of the images that they are given; the networks do not. A
lead counts only if 95 % of 1,000 draws of the test images, with replacement, agree
about its sign. That is chance among the images; each network is trained once.

    python claims/noise_levels.py
"""

import base
import common
import denoise_ae
import keras
from matplotlib.figure import Figure
import numpy as np
from scipy import ndimage, stats
from skimage.restoration import denoise_tv_chambolle
from sklearn.linear_model import Ridge

LONG = True  # it trains a network as long as denoise_ae.py does

# Not 0: without noise there is nothing to remove.
LEVELS = sorted({0.1, 0.2, 0.3, 0.5, 0.7, 1.0} | {denoise_ae.noise_factor})
FILTERS = ["blur", "total variation", "linear map"]
ONE_LEVEL = f"network, {denoise_ae.noise_factor} only"
ANY_LEVEL = "network, any level"
FOR_FILTERS = 1000  # images that fit three constants; 1,000 have 784,000 pixels


def blur(images, sigma):
    """Blur (n, 28, 28); outside is black, as MNIST's border is. 0: unchanged."""
    return ndimage.gaussian_filter(images, (0, sigma, sigma), mode="constant")


def total_variation(images, weight):
    """Make (n, 28, 28) flat, with sharp edges (Chambolle, 2004); `weight` is not 0."""
    # The default eps, 2e-4, stops too early.
    return np.stack([denoise_tv_chambolle(x, weight, eps=1e-5) for x in images])


def tune(method, strengths, noisy, clean):
    """Return (strength, gain, offset), with which `restore` comes nearest to `clean`.

    Noise that is clipped to [0, 1] lifts black and lowers white, which no filter takes
    back: gain and offset are fitted by least squares, and the best strength is kept.

    `noisy` and `clean` are training images, float32 in [0, 1], (n, 28, 28).
    """
    trials = []
    for strength in strengths:
        filtered = method(noisy, strength)
        fit = stats.linregress(filtered.ravel(), clean.ravel())
        restored = np.clip(fit.slope * filtered + fit.intercept, 0, 1)
        error = base.mse(clean, restored)
        trials.append((error, (float(strength), fit.slope, fit.intercept)))
    _, constants = min(trials)
    return constants


def restore(method, constants, images):
    """Return clip(gain * method(images, strength) + offset, 0, 1)."""
    strength, gain, offset = constants
    return np.clip(gain * method(images, strength) + offset, 0, 1)


def train_at_any_level(x_train, x_test, seed):
    """Train denoise_ae.py's network on levels drawn from 0 to 1, one for each image.

    `x_train` and `x_test` are (n, 28, 28); returns the autoencoder.
    """
    x_train = x_train[..., np.newaxis]
    x_test = x_test[..., np.newaxis]
    draws = np.random.default_rng(seed)
    train_levels = draws.random((len(x_train), 1, 1, 1))
    test_levels = draws.random((len(x_test), 1, 1, 1))
    keras.utils.set_random_seed(seed)
    autoencoder, _, _ = denoise_ae.build_autoencoder()
    denoise_ae.train(
        autoencoder,
        common.add_noise(x_train, train_levels, seed),
        x_train,
        common.add_noise(x_test, test_levels, seed + 1),
        x_test,
        verbose=0,
    )
    return autoencoder


def image_errors(images, outputs):
    """Return each image's mean squared error, of two arrays (n, 28, 28), as (n,)."""
    return np.mean((images - outputs) ** 2, axis=(1, 2), dtype=np.float64)


def psnr(errors):
    """Return the PSNR in dB of images in [0, 1] with these mean squared errors."""
    return -10 * np.log10(np.mean(errors, axis=-1))


def lead(ours, theirs, seed):
    """Return by how many dB we lead, and within what 95 % of 1,000 draws of images.

    Args:
        ours, theirs: mean squared errors of the same images, (n,).

    Returns:
        {"dB", "low", "high"}: PSNR of ours minus PSNR of theirs.
    """
    draws = np.random.default_rng(seed).integers(len(ours), size=(1000, len(ours)))
    drawn = psnr(ours[draws]) - psnr(theirs[draws])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"dB": psnr(ours) - psnr(theirs), "low": low, "high": high}


def sides(leads):
    """Return "ahead at ...; behind at ...", of what `lead` returned at LEVELS."""
    words = {"ahead": [], "behind": [], "not seen to differ": []}
    for level, found in zip(LEVELS, leads):
        if found["low"] > 0:
            words["ahead"].append(str(level))
        elif found["high"] < 0:
            words["behind"].append(str(level))
        else:
            words["not seen to differ"].append(str(level))
    return "; ".join(
        f"{word} at {', '.join(levels)}" for word, levels in words.items() if levels
    )


def verdict(leads):
    """Return where each network leads.

    Args:
        leads: {"one_level", "any_level", "any_over_one"}: what `lead` returned, at each
            of LEVELS; the first two over the best filter of that level.
    """
    own = denoise_ae.noise_factor
    change = leads["any_over_one"][LEVELS.index(own)]["dB"]
    return (
        f"Beside the best filter, fitted to each level, the network that was trained "
        f"at {own} only is {sides(leads['one_level'])}. Trained on every level it is "
        f"{sides(leads['any_level'])}; at {own} that changes its PSNR by "
        f"{change:+.1f} dB."
    )


def draw(psnrs, leads, strips, path):
    """Draw the leads over the levels, and below one digit through every method.

    Args:
        psnrs: {method: PSNR at each of LEVELS}.
        leads: as for `verdict`.
        strips: {level: {method: image}}, at three levels.
        path: the .png file to write.
    """
    fig = Figure(figsize=(10, 11), layout="constrained")
    top, bottom = fig.subfigures(2, 1, height_ratios=[6, 5])
    axis = top.subplots()
    best = np.max([psnrs[name] for name in FILTERS], axis=0)
    for name, style in zip(FILTERS, ("--", ":", "-.")):
        axis.plot(LEVELS, psnrs[name] - best, style, color="0.4", lw=2.5, label=name)
    networks = [
        ("one_level", ONE_LEVEL, "o-", "#D55E00"),
        ("any_level", ANY_LEVEL, "s-", "#0072B2"),
    ]
    for key, name, style, color in networks:
        found = leads[key]
        axis.plot(
            LEVELS, [n["dB"] for n in found], style, color=color, lw=3, label=name
        )
        low = [n["low"] for n in found]
        axis.fill_between(
            LEVELS, low, [n["high"] for n in found], color=color, alpha=0.25
        )
    axis.set_xlabel("noise (standard deviation; white is 1)", fontsize=17)
    axis.set_ylabel("dB ahead of the best filter", fontsize=17)
    axis.tick_params(labelsize=15)
    axis.legend(fontsize=15, loc="lower right")

    names = ["clean", "noisy", *FILTERS, ONE_LEVEL, ANY_LEVEL]
    grid = bottom.subplots(len(strips), len(names))
    for row, (level, images) in zip(grid, strips.items()):
        row[0].set_ylabel(f"noise {level}", fontsize=16)
        for cell, name in zip(row, names):
            cell.imshow(images[name], cmap="gray", vmin=0, vmax=1)
            cell.set(xticks=[], yticks=[], frame_on=False)
    for cell, name in zip(grid[0], names):
        cell.set_title(name.replace(", ", ",\n").replace("total ", "total\n"))
        cell.title.set_fontsize(14)
    common.save(fig, path)


def denoise(level, networks, x_train, x_test, seed):
    """Fit the filters to a level, and denoise the test images by every method.

    Args:
        level: standard deviation of the noise before it is clipped.
        networks: {name: autoencoder}, trained.
        x_train, x_test: clean images, (n, 28, 28).
        seed: for the noise; that of the test images has another one.

    Returns:
        {method: images, (n, 28, 28)}, "noisy" too; and the filters' strengths.
    """
    noisy = common.add_noise(x_train, level, seed)
    few = noisy[:FOR_FILTERS], x_train[:FOR_FILTERS]
    blurring = tune(blur, np.arange(21) / 10, *few)
    flattening = tune(total_variation, level * np.arange(3, 9) / 10, *few)
    ridge = Ridge().fit(noisy.reshape(-1, 784), x_train.reshape(-1, 784))

    noisy = common.add_noise(x_test, level, seed + 1)
    linear = ridge.predict(noisy.reshape(-1, 784)).reshape(noisy.shape)
    outputs = {
        "noisy": noisy,
        "blur": restore(blur, blurring, noisy),
        "total variation": restore(total_variation, flattening, noisy),
        "linear map": np.clip(linear, 0, 1),
    }
    for name, network in networks.items():
        denoised = network.predict(noisy[..., np.newaxis], verbose=0)
        outputs[name] = denoised[..., 0]
    return outputs, {"blur": blurring[0], "total variation": flattening[0]}


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    one_level, _, _ = base.load_model("denoise_ae", args.out)
    (x_train, _), (x_test, _) = base.load_images(args, shape=(28, 28))
    any_level = train_at_any_level(x_train, x_test, args.seed)
    networks = {ONE_LEVEL: one_level, ANY_LEVEL: any_level}
    # The two halves of MNIST's test images were written by different people.
    x_test = x_test[::5]

    errors = {name: [] for name in ("noisy", *FILTERS, *networks)}
    strengths = []
    strips = {}
    for level in LEVELS:
        outputs, strength = denoise(level, networks, x_train, x_test, args.seed)
        strengths.append(strength)
        for name, images in outputs.items():
            errors[name].append(image_errors(x_test, images))
        if level in (0.1, 0.5, 1.0):
            strips[level] = {"clean": x_test[0]}
            strips[level].update({name: images[0] for name, images in outputs.items()})

    psnrs = {name: [psnr(e) for e in of_levels] for name, of_levels in errors.items()}
    leads = {"one_level": [], "any_level": [], "any_over_one": []}
    for place in range(len(LEVELS)):
        best = max(FILTERS, key=lambda name: psnrs[name][place])
        by_filter = errors[best][place]
        by_one = errors[ONE_LEVEL][place]
        by_any = errors[ANY_LEVEL][place]
        leads["one_level"].append(lead(by_one, by_filter, args.seed))
        leads["any_level"].append(lead(by_any, by_filter, args.seed))
        leads["any_over_one"].append(lead(by_any, by_one, args.seed))

    print(f"PSNR in dB of {len(x_test):,} test images at noise", *LEVELS)
    for name, values in psnrs.items():
        print(f"{name:>20}:", *(f"{value:5.1f}" for value in values))
    print("dB ahead of the best filter of a level (95 % of the draws of images)")
    for level, one, any_ in zip(LEVELS, leads["one_level"], leads["any_level"]):
        print(
            f"    at {level}: {ONE_LEVEL} {one['dB']:+.2f} "
            f"({one['low']:+.2f} to {one['high']:+.2f}), {ANY_LEVEL} "
            f"{any_['dB']:+.2f} ({any_['low']:+.2f} to {any_['high']:+.2f})"
        )
    draw(psnrs, leads, strips, args.out / "noise_levels.png")
    base.report(
        "noise_levels",
        args,
        verdict(leads),
        levels=LEVELS,
        psnr=psnrs,
        leads=leads,
        strengths=strengths,
    )


if __name__ == "__main__":
    common.run(main)

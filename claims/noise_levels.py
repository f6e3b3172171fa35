"""Noise levels: where does the network denoise better than a filter does?

The post: 「實際上最常見的應用是,對圖片進行降噪」 (the most common use is denoising).
Eleven levels of noise, from none on: a Gaussian blur, total variation and a linear map,
fitted to each level on training images, and denoise_ae.py, trained at one level.

    python claims/noise_levels.py
"""

import shared  # first: it makes the project's folder importable
import common
import denoise_ae
from matplotlib.figure import Figure
import numpy as np
from scipy import ndimage, stats
from skimage.metrics import peak_signal_noise_ratio as psnr
from skimage.restoration import denoise_tv_chambolle
from sklearn.linear_model import Ridge

NAMES = "noisy image", "Gaussian blur", "total variation", "linear map", "autoencoder"


def blur(images, sigma):
    """Blur (n, 28, 28); outside is black, as MNIST's border is. 0: unchanged."""
    return ndimage.gaussian_filter(images, (0, sigma, sigma), mode="constant")


def total_variation(images, weight):
    """Make (n, 28, 28) flat, with sharp edges (Chambolle, 2004). 0: unchanged."""
    if weight == 0:
        return images
    # The default eps, 2e-4, stops too early.
    return np.stack([denoise_tv_chambolle(x, weight, eps=1e-5) for x in images])


def tune(method, strengths, noisy, clean):
    """Return the function x -> clip(gain * method(x, strength) + offset, 0, 1).

    Noise that is clipped to [0, 1] lifts black and lowers white, which no filter takes
    back: gain and offset are fitted by least squares, and the best strength is kept.

    `noisy` and `clean` are training images, float32 in [0, 1], (n, 28, 28).
    """
    trials = []
    for strength in strengths:
        filtered = method(noisy, strength)
        fit = stats.linregress(filtered.ravel(), clean.ravel())
        # Rounded, so that images that need no change are not changed at all.
        gain, offset = round(fit.slope, 6), round(fit.intercept, 6)
        error = np.mean((np.clip(gain * filtered + offset, 0, 1) - clean) ** 2)
        trials.append((error, strength, gain, offset))
    _, strength, gain, offset = min(trials)
    return lambda x: np.clip(gain * method(x, strength) + offset, 0, 1)


def verdict(psnrs, trained):
    """Return where the network leads; psnrs is {level: dB of NAMES}, one `trained`."""
    leads = {level: dB[-1] - max(dB[:-1]) for level, dB in psnrs.items()}
    ahead = ", ".join(str(level) for level in leads if leads[level] > 0.75)
    behind = ", ".join(str(level) for level in leads if leads[level] < -0.75)
    even = ", ".join(str(level) for level in leads if abs(leads[level]) <= 0.75)
    return (
        f"verdict: at its own noise, {trained}, the network "
        f"{'leads' if leads[trained] > 0 else 'trails'} the best other method by "
        f"{abs(leads[trained]):.1f} dB; it leads at {ahead or 'no level'}, loses at "
        f"{behind or 'no level'}, and is within 0.75 dB at {even or 'no level'}"
    )


def draw(psnrs, strips, path):
    """Draw {level: dB of NAMES} as curves, and below {level: images of one digit}."""
    fig = Figure(figsize=(8, 9), layout="constrained")
    top, bottom = fig.subfigures(2, 1, height_ratios=[5, 4])
    axis = top.subplots()
    styles = "x:C7", "s--C0", "^-.k", "D-C2", "o-C1"
    for name, style, values in zip(NAMES, styles, zip(*psnrs.values())):
        axis.plot(list(psnrs), values, style, lw=2, ms=7, label=name)
    axis.set(xlabel="noise factor", ylabel="PSNR in dB", ylim=(5, 30))
    axis.legend()
    grid = bottom.subplots(3, 6)
    for row, level in zip(grid, (0.1, 0.5, 1.0)):
        row[0].set_ylabel(f"noise {level}")
        for cell, image in zip(row, strips[level]):
            cell.imshow(image, cmap="gray", vmin=0, vmax=1)
            cell.set(xticks=[], yticks=[], frame_on=False)
    for cell, name in zip(grid[0], [*NAMES, "clean image"]):
        cell.set_title(name)
    common.save(fig, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    autoencoder, _, _ = shared.load_model("denoise_ae", args.out)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_test, psnrs, strips = x_test[:2000], {}, {}
    for level in sorted({n / 10 for n in range(11)} | {denoise_ae.noise_factor}):
        # All is fitted on training images, with noise from a seed of its own.
        noisy = common.add_noise(x_train, level, seed=args.seed)
        blurred = tune(blur, np.arange(21) / 10, noisy[:2000], x_train[:2000])
        weights = level * np.arange(3, 9) / 10
        flat = tune(total_variation, weights, noisy[:200], x_train[:200])  # it is slow
        ridge = Ridge().fit(noisy.reshape(-1, 784), x_train.reshape(-1, 784))
        noisy = common.add_noise(x_test, level, seed=args.seed + 1)
        linear = np.clip(ridge.predict(noisy.reshape(-1, 784)), 0, 1)
        linear = linear.reshape(noisy.shape)
        denoised = autoencoder.predict(noisy[..., np.newaxis], verbose=0)[..., 0]
        outputs = noisy, blurred(noisy), flat(noisy), linear, denoised
        with np.errstate(divide="ignore"):  # The PSNR of a perfect image is infinite.
            psnrs[level] = [psnr(x_test, images, data_range=1) for images in outputs]
        strips[level] = [images[0] for images in (*outputs, x_test)]
    print("PSNR in dB, test images 0 to", len(x_test) - 1, "at noise", *psnrs)
    for name, values in zip(NAMES, zip(*psnrs.values())):
        print(f"{name:>15}:", *(f"{value:4.1f}" for value in values))
    draw(psnrs, strips, args.out / "noise_levels.png")
    print(verdict(psnrs, denoise_ae.noise_factor))


if __name__ == "__main__":
    common.run(main)

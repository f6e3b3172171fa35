"""Outliers: does an autoencoder tell what is not like its training data?

The post: what an autoencoder has learnt works only for data like its training data. If
so, an image that comes back badly is an outlier, and the mean squared error of what
comes back tells it from a digit.

- Five networks, three seeds each, see digits that are turned or mirrored, letters,
  pieces of photographs, and one black image. Drawn digits are a control: the letters
  are drawn in the same fonts. No threshold is needed for AUROC, the chance that an
  outlier has the larger error: 1 is perfect, and 0.5 is a guess.
- For an alarm one needs a threshold. Networks that are trained on 55,000 images take
  the error that 5 % of the other 5,000 exceed. They are trained once on all digits and
  ten times without one digit, which they then have to find.

Controls are PCA's error and the number of white pixels.

    python claims/outliers.py        (after the five scripts, with seeds 0, 1 and 2)
"""

import experiment
import common
import conv_ae
import deep_ae
from matplotlib import get_data_path
from matplotlib.figure import Figure
import numpy as np
from PIL import Image, ImageDraw, ImageFont
import simple_ae
from skimage import data
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
import sparse_ae
import vae

SCRIPTS = simple_ae, sparse_ae, deep_ae, conv_ae, vae
PCA_SIZES = 2, 8, 32, 128
EPOCHS = {simple_ae: 3, vae: 5}  # without a digit: ten networks each, so only a few

# What no other digit looks like, and no digit when it is turned or mirrored.
LETTERS = "ACEFHJKMNPRTUVWXYaefhkmnrtuvwx"
TURNABLE = 3, 4, 7
FONTS = "Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "Serif", "Serif-Italic"
PHOTOGRAPHS = (
    *("astronaut", "camera", "cat", "coffee", "coins", "grass", "gravel"),
    *("hubble_deep_field", "moon", "rocket"),
)
HARD = "turned", "mirrored", "letters"  # white strokes on black, as digits are


def draw(character, font):
    """Return a character of DejaVu, drawn as MNIST's are, float32 in [0, 1], (28, 28).

    White on black, the longer side 20 pixels, the centre of mass in the middle.
    """
    path = f"{get_data_path()}/fonts/ttf/DejaVu{font}.ttf"
    large = ImageFont.truetype(path, 200)
    left, top, right, bottom = large.getbbox(character)
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), character, fill=255, font=large)

    shrink = 20 / max(image.size)
    size = [max(1, round(side * shrink)) for side in image.size]
    ink = np.asarray(image.resize(size, Image.Resampling.BOX), np.float32) / 255

    canvas = np.zeros((28, 28), np.float32)
    places = []
    for axis, side in enumerate(ink.shape):
        weights = ink.sum(axis=1 - axis)
        centre = np.average(np.arange(side) + 0.5, weights=weights)
        places.append(min(max(round(14 - centre), 0), 28 - side))
    row, column = places
    canvas[row : row + ink.shape[0], column : column + ink.shape[1]] = ink
    return canvas


def draw_all(characters):
    """Return the characters in all FONTS, (n, 784)."""
    images = [draw(character, font) for font in FONTS for character in characters]
    return np.reshape(images, (-1, 784))


def cut_photographs():
    """Return pieces of scikit-image's photographs, float32 in [0, 1], (n, 784).

    They are grey, a fourth as wide and as high, cut to 28 x 28 without overlap.
    """
    pieces = []
    for name in PHOTOGRAPHS:
        photograph = Image.fromarray(getattr(data, name)()).convert("L").reduce(4)
        pixels = np.asarray(photograph, np.float32) / 255
        rows = pixels.shape[0] // 28
        columns = pixels.shape[1] // 28
        pixels = pixels[: rows * 28, : columns * 28]
        pieces.append(pixels.reshape(rows, 28, columns, 28).swapaxes(1, 2))
    return np.concatenate([piece.reshape(-1, 784) for piece in pieces])


def make_outliers(digits):
    """Return {name: images, (n, 784)}: the sets of outliers, and the drawn digits.

    Args:
        digits: test images and labels; 3, 4 and 7 are turned by 180 degrees or
            mirrored.
    """
    turnable = digits.x[np.isin(digits.y, TURNABLE)].reshape(-1, 28, 28)
    return {
        "turned": turnable[:, ::-1, ::-1].reshape(-1, 784),
        "mirrored": turnable[:, :, ::-1].reshape(-1, 784),
        "letters": draw_all(LETTERS),
        "drawn digits": draw_all("0123456789"),
        "photographs": cut_photographs(),
        "black": np.zeros((1, 784), np.float32),
    }


def squared_errors(images, reconstructions):
    """Return the mean squared error of each image, (n,), of two arrays (n, 784)."""
    return np.mean((images - reconstructions) ** 2, axis=1)


def error_of_network(models):
    """Return a function: images, (n, 784), to a network's error of each, (n,)."""
    return lambda images: squared_errors(images, experiment.reconstruct(models, images))


def error_of_pca(x_train, size):
    """Return a function: images, (n, 784), to the error of PCA of each, (n,)."""
    pca = PCA(size, svd_solver="covariance_eigh").fit(x_train)

    def score(images):
        decoded = pca.inverse_transform(pca.transform(images))
        return squared_errors(images, np.clip(decoded, 0, 1))

    return score


def whiteness(images):
    """Return how white each image is, (n,)."""
    return images.mean(axis=1)


def auroc(inliers, others):
    """Return the chance that an outlier has the larger score, ties half; (n,), (m,)."""
    is_outlier = np.repeat([0, 1], [len(inliers), len(others)])
    return float(roc_auc_score(is_outlier, np.concatenate([inliers, others])))


def aurocs(score, inliers, sets):
    """Return a dict: the mean "score" of the inliers, and the AUROC of each set.

    Args:
        score: a function of images, (n, 784), large for outliers.
        inliers: test images, (n, 784).
        sets: {name: images}. "hard" is the mean of those in HARD, if they are there.
    """
    usual = score(inliers)
    found = {"score": float(usual.mean())}
    for name, images in sets.items():
        found[name] = auroc(usual, score(images))
    if set(HARD) <= set(sets):
        found["hard"] = float(np.mean([found[name] for name in HARD]))
    return found


def over_seeds(script, args, digits, sets):
    """Return `aurocs` of a script's trained networks, as summaries over three seeds."""

    def measure(seed):
        models = experiment.load_models(script, args, seed)
        return aurocs(error_of_network(models), digits, sets)

    return experiment.over_seeds(measure)


def alarms(score, held_out, inliers, sets):
    """Return shares: the "false alarms" of the inliers, and the misses of each set.

    An alarm is a score above the 95th percentile of images that were held out from the
    training.
    """
    threshold = np.percentile(score(held_out), 95)
    found = {"false alarms": float(np.mean(score(inliers) > threshold))}
    for name, images in sets.items():
        found[name] = float(np.mean(score(images) <= threshold))
    return found


def find(digit, images, sets, seed):
    """Return {name: {"auroc", "misses"}} of scores that never saw a digit.

    Args:
        digit: the one that is left out and then is the outlier; None leaves out none.
        images: what `experiment.load_images` returned.
        sets: {name: outliers}, used if no digit is left out.
        seed: for the networks.
    """
    fitted = images.fit.x[images.fit.y != digit]
    held_out = images.choose.x[images.choose.y != digit]
    inliers = images.test.x[images.test.y != digit]
    if digit is not None:
        sets = {"the digit": images.test.x[images.test.y == digit]}

    scores = {}
    for script, epochs in EPOCHS.items():
        models, _ = experiment.retrain(script, fitted, seed, epochs=epochs)
        scores[script.__name__] = error_of_network(models)
    scores["PCA-32"] = error_of_pca(fitted, 32)
    scores["white pixels"] = whiteness
    return {
        name: {
            "auroc": aurocs(score, inliers, sets),
            "misses": alarms(score, held_out, inliers, sets),
        }
        for name, score in scores.items()
    }


@common.default_style
def draw_examples(fig, sets, digits, networks):
    """Draw an image of each set, and what networks make of it.

    Below it stands the share of test digits that come back better.

    Args:
        fig: a matplotlib figure.
        sets: {name: images, (n, 784)}.
        digits: test images, (n, 784).
        networks: {name: models}.
    """
    shown = {
        "a digit": digits[0],
        "turned": sets["turned"][0],
        "mirrored": sets["mirrored"][0],
        "a letter": sets["letters"][LETTERS.index("R")],
        "a drawn digit": sets["drawn digits"][7],
        "a photograph": sets["photographs"][2],
        "black": sets["black"][0],
    }
    images = np.stack(list(shown.values()))
    no_ticks = {"xticks": [], "yticks": []}
    axes = fig.subplots(1 + len(networks), len(shown), subplot_kw=no_ticks)
    for axis, (name, image) in zip(axes[0], shown.items()):
        axis.set_title(name)
        axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
    for row, (name, models) in zip(axes[1:], networks.items()):
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
        usual = error_of_network(models)(digits)
        decoded = experiment.reconstruct(models, images)
        for axis, image, error in zip(row, decoded, squared_errors(images, decoded)):
            axis.imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
            axis.set_xlabel(f"{np.mean(usual < error):.0%}")


@common.default_style
def plot(numbers, sets, digits, networks):
    """Draw the examples, and below them AUROC over the error on digits.

    Args:
        numbers: {name of a score: what `aurocs` returned, as summaries}.
        sets, digits, networks: as for `draw_examples`.
    """
    fig = Figure(figsize=(9, 9), layout="constrained")
    top, bottom = fig.subfigures(2, 1, height_ratios=[5, 6])
    draw_examples(top, sets, digits, networks)

    axis = bottom.subplots()
    line = [numbers[f"PCA-{size}"] for size in PCA_SIZES]
    x = [found["score"]["mean"] for found in line]
    y = [found["hard"]["mean"] for found in line]
    axis.plot(x, y, "s--", color="tab:blue")
    for size, *place in zip(PCA_SIZES, x, y):
        text = f"PCA-{size}"
        axis.annotate(text, place, (0, -16), textcoords="offset points", ha="center")
    for script in SCRIPTS:
        found = numbers[script.__name__]
        x, y = found["score"]["seeds"], found["hard"]["seeds"]
        axis.plot(x, y, "o", color="tab:red")
        place = found["score"]["mean"], found["hard"]["high"]
        text = script.__name__
        axis.annotate(text, place, (0, 8), textcoords="offset points", ha="center")
    axis.axhline(0.5, color="black", ls=":")
    axis.set_xscale("log")
    ticks = [0.002, 0.005, 0.01, 0.02, 0.05]
    axis.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.margins(x=0.1, y=0.12)
    axis.set_xlabel("error on test digits (MSE)")
    axis.set_ylabel("AUROC; a guess has 0.5")
    return fig


def mean_of_digits(found):
    """Return what `find` returned of each digit left out, as the mean of the ten."""
    means = {}
    for name, of_score in found["0"].items():
        means[name] = {}
        for measure, values in of_score.items():
            means[name][measure] = {
                key: float(
                    np.mean([found[str(n)][name][measure][key] for n in range(10)])
                )
                for key in values
            }
    return means


def print_results(numbers, found, sets):
    """Print AUROC by network and set, and then what is found with a threshold."""
    print("AUROC, mean and range of three seeds; score is the mean of test digits")
    columns = ["score", *sets, "hard"]
    rows = [[name, *(row[key] for key in columns)] for name, row in numbers.items()]
    experiment.print_table(["", *columns], rows, decimals=3)

    print("\nshares with a threshold: false alarms of digits, misses of each set")
    keys = ["false alarms", *sets]
    by_score = found["none"].items()
    rows = [[name, *(row["misses"][key] for key in keys)] for name, row in by_score]
    experiment.print_table(["", *keys], rows, decimals=3)

    print("\ntrained without a digit, which is then to be found: AUROC, misses, alarms")
    rows = []
    for digit in [*map(str, range(10)), "mean"]:
        cells = [digit]
        for of_score in found[digit].values():
            cells.append(of_score["auroc"]["the digit"])
            cells.append(of_score["misses"]["the digit"])
            cells.append(of_score["misses"]["false alarms"])
        rows.append(cells)
    head = [text for name in found["0"] for text in (name, "misses", "alarms")]
    experiment.print_table(["", *head], rows, decimals=3)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    images = experiment.load_images(args)
    digits = images.test.x
    sets = make_outliers(images.test)

    numbers = {s.__name__: over_seeds(s, args, digits, sets) for s in SCRIPTS}
    controls = {f"PCA-{n}": error_of_pca(images.train.x, n) for n in PCA_SIZES}
    controls["white pixels"] = whiteness
    for name, score in controls.items():
        found = aurocs(score, digits, sets)
        numbers[name] = {key: experiment.summary([found[key]]) for key in found}

    found = {"none": find(None, images, sets, args.seed)}
    for digit in range(10):
        found[str(digit)] = find(digit, images, sets, args.seed)
    found["mean"] = mean_of_digits(found)

    print_results(numbers, found, sets)
    networks = {s.__name__: experiment.load_models(s, args) for s in (conv_ae, vae)}
    figure = plot(numbers, sets, digits, networks)
    figure.savefig(args.out / "outliers.png", dpi=150)
    experiment.report(
        "outliers",
        args,
        scores=numbers,
        found=found,
        images={name: len(of_set) for name, of_set in sets.items()},
    )


if __name__ == "__main__":
    main()

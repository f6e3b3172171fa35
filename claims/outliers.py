"""Outliers: does an autoencoder tell what is not like its training data?

Then the mean squared error (MSE) of what comes back tells an outlier from a digit.
AUROC is the chance that an outlier has the larger error. The threshold of an alarm is
the error that 5 % of held-out images exceed. At last networks are trained without one
digit, which they then have to find. Controls are PCA's error, the number of white
pixels, and digits drawn in the fonts of the letters.

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
from scipy.ndimage import center_of_mass
import simple_ae
from skimage import data
from skimage.util import montage, view_as_blocks
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
import sparse_ae
import vae

SCRIPTS = simple_ae, sparse_ae, deep_ae, conv_ae, vae
PCA_SIZES = 2, 8, 32, 128
EPOCHS = {simple_ae: 3, vae: 5}  # eleven networks of each are trained, so only a few

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
    large = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVu{font}.ttf", 200)
    left, top, right, bottom = large.getbbox(character)
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), character, fill=255, font=large)
    image.thumbnail((20, 20), Image.Resampling.BOX)

    canvas = np.zeros((28, 28), np.float32)
    row, column = (28 - image.height) // 2, (28 - image.width) // 2
    canvas[row : row + image.height, column : column + image.width] = image
    to_middle = np.rint(13.5 - np.array(center_of_mass(canvas))).astype(int)
    return np.roll(canvas / 255, to_middle.clip(-4, 4), axis=(0, 1))


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
        height, width = (side // 28 * 28 for side in pixels.shape)
        blocks = view_as_blocks(pixels[:height, :width].copy(), (28, 28))
        pieces.append(blocks.reshape(-1, 784))
    return np.concatenate(pieces)


def make_outliers(digits):
    """Return {name: images, (n, 784)} made of test images with labels, and others."""
    turnable = digits.x[np.isin(digits.y, TURNABLE)].reshape(-1, 28, 28)
    return {
        "turned": turnable[:, ::-1, ::-1].reshape(-1, 784),
        "mirrored": turnable[:, :, ::-1].reshape(-1, 784),
        "letters": draw_all(LETTERS),
        "drawn digits": draw_all("0123456789"),
        "photographs": cut_photographs(),
        "black": np.zeros((1, 784), np.float32),
    }


def error_of_network(models):
    """Return a function: images, (n, 784), to a network's MSE of each, (n,)."""
    return lambda images: np.mean(
        (images - experiment.reconstruct(models, images)) ** 2, axis=1
    )


def error_of_pca(x_train, size):
    """Return a function: images, (n, 784), to the MSE of PCA of each, (n,)."""
    pca = PCA(size, svd_solver="covariance_eigh").fit(x_train)

    def score(images):
        decoded = pca.inverse_transform(pca.transform(images)).clip(0, 1)
        return np.mean((images - decoded) ** 2, axis=1)

    return score


def whiteness(images):
    """Return how white each image is, (n,)."""
    return images.mean(axis=1)


def auroc(inliers, others):
    """Return the chance that an outlier has the larger score, ties half; (n,), (m,)."""
    is_outlier = np.repeat([0, 1], [len(inliers), len(others)])
    return float(roc_auc_score(is_outlier, np.concatenate([inliers, others])))


def aurocs(score, inliers, sets):
    """Return {"score": the inliers' mean, set: its AUROC, "hard": the mean of HARD}."""
    usual = score(inliers)
    found = {name: auroc(usual, score(images)) for name, images in sets.items()}
    hard = float(np.mean([found[name] for name in HARD]))
    return {"score": float(usual.mean()), **found, "hard": hard}


def train_scores(images, seed):
    """Return {name: a score}, of networks and PCA that are trained on some images."""
    scores = {}
    for script, epochs in EPOCHS.items():
        models, _ = experiment.retrain(script, images, seed, epochs=epochs)
        scores[script.__name__] = error_of_network(models)
    return {**scores, "PCA-32": error_of_pca(images, 32), "white pixels": whiteness}


def missed(score, held_out, others):
    """Return the share of images that raise no alarm.

    An alarm is a score above the 95th percentile of images that were held out.
    """
    return float(np.mean(score(others) <= np.percentile(score(held_out), 95)))


def leave_out(digit, images, seed):
    """Return {score: {"auroc", "missed"}} of a digit that the scores never saw."""
    fit, choose, usual = (of.x[of.y != digit] for of in images[1:])
    others = images.test.x[images.test.y == digit]
    return {
        name: {
            "auroc": auroc(score(usual), score(others)),
            "missed": missed(score, choose, others),
        }
        for name, score in train_scores(fit, seed).items()
    }


@common.default_style
def plot(numbers, digits, sets, networks):
    """Draw what networks make of examples, and AUROC over the error on digits.

    On an example stands the share of `digits`, (n, 784), that come back better.
    """
    fig = Figure(figsize=(9, 9), layout="constrained")
    top, bottom = fig.subplots(2, 1, height_ratios=[4, 6])
    shown = np.stack([images[0] for images in (digits, *sets.values())])
    rows = [shown]
    for row, models in enumerate(networks.values(), start=1):
        rows.append(experiment.reconstruct(models, shown))
        score = error_of_network(models)
        usual = score(digits)
        for column, error in enumerate(score(shown)):
            share = np.mean(usual < error)
            text = top.text(28 * column + 1, 28 * row + 26, f"{share:.0%}")
            text.set(color="orange", bbox={"color": "black", "pad": 1})
    tiles = montage(np.reshape(rows, (-1, 28, 28)), grid_shape=(len(rows), len(shown)))
    top.imshow(tiles, cmap="gray", vmin=0, vmax=1)
    top.set_xticks(28 * np.arange(len(shown)) + 14, labels=["digit", *sets])
    top.set_yticks(28 * np.arange(len(rows)) + 14, labels=["", *networks])
    top.tick_params(length=0, labeltop=True, labelbottom=False)

    for name, found in numbers.items():
        if name == "white pixels":  # they are no error
            continue
        error, hard = found["score"], found["hard"]
        style, height = ("bs", -16) if name.startswith("PCA") else ("ro", 8)
        bottom.plot(error["seeds"], hard["seeds"], style)
        place = error["mean"], hard["high"]
        bottom.annotate(name, place, (-14, height), textcoords="offset points")
    bottom.axhline(0.5, color="black", ls=":")
    bottom.set(xscale="log", xlabel="error on test digits (MSE)", ylabel="AUROC")
    ticks = [0.002, 0.005, 0.01, 0.02, 0.05]
    bottom.set_xticks(ticks, labels=ticks)
    bottom.minorticks_off()
    bottom.margins(x=0.1, y=0.12)
    return fig


def print_tables(numbers, alarms, left_out):
    """Print the three results of `main`."""
    print("AUROC, mean and range of three seeds; score is the mean of test digits")
    rows = [[name, *found.values()] for name, found in numbers.items()]
    experiment.print_table(["", *numbers["vae"]], rows, decimals=3)
    print("\nfalse alarms of test digits, and the share of each set that is missed")
    rows = [[name, *found.values()] for name, found in alarms.items()]
    experiment.print_table(["", *alarms["vae"]], rows, decimals=3)
    print("\nwithout a digit, which is then to be found: AUROC and the share missed")
    rows = [
        [digit, *(value for found in of.values() for value in found.values())]
        for digit, of in left_out.items()
    ]
    head = [text for name in alarms for text in (name, "missed")]
    experiment.print_table(["", *head], rows, decimals=3)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    images = experiment.load_images(args)
    sets = make_outliers(images.test)

    numbers = {}
    for script in SCRIPTS:

        def measure(seed, script=script):
            models = experiment.load_models(script, args, seed)
            return aurocs(error_of_network(models), images.test.x, sets)

        numbers[script.__name__] = experiment.over_seeds(measure)
    controls = {f"PCA-{size}": error_of_pca(images.train.x, size) for size in PCA_SIZES}
    for name, score in {**controls, "white pixels": whiteness}.items():
        found = aurocs(score, images.test.x, sets)
        numbers[name] = {key: experiment.summary([found[key]]) for key in found}

    alarms = {}
    for name, score in train_scores(images.fit.x, args.seed).items():
        found = {key: missed(score, images.choose.x, sets[key]) for key in sets}
        false_alarms = 1 - missed(score, images.choose.x, images.test.x)
        alarms[name] = {"false alarms": false_alarms, **found}

    left_out = {digit: leave_out(digit, images, args.seed) for digit in range(10)}
    left_out["mean"] = {
        name: {
            key: float(np.mean([of[name][key] for of in left_out.values()]))
            for key in ("auroc", "missed")
        }
        for name in alarms
    }

    print_tables(numbers, alarms, left_out)
    networks = {s.__name__: experiment.load_models(s, args) for s in (conv_ae, vae)}
    fig = plot(numbers, images.test.x, sets, networks)
    fig.savefig(args.out / "outliers.png", dpi=150)
    experiment.report(
        "outliers", args, scores=numbers, alarms=alarms, left_out=left_out
    )


if __name__ == "__main__":
    main()

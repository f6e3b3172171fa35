"""Outliers: can an autoencoder tell what is not like its training data?

The post: 「AutoEncoder 訓練的結果，只能處理跟訓練資料類似的」 (what it has learnt works
only for data like its training data). If so, an image that comes back badly is an
outlier, and its mean squared error (MSE) tells it from a digit. Asked of five networks:

    python simple_ae.py        and sparse_ae.py, deep_ae.py, conv_ae.py, vae.py
    python claims/outliers.py

With `--seeds 3` it judges further trainings, too, those in OUT/seed-1 and OUT/seed-2:

    python simple_ae.py --seed 1 --out outputs/seed-1      and so on

AUROC is the chance that an outlier has a larger error than a test digit: 1 is perfect,
0.5 a guess. The threshold is the 95th percentile of the last 5,000 training images.
Controls: PCA's error, the mean image's, and the amount of white, with the better sign.
simple_ae.py's network is also trained ten times, with one seed, without one digit, and
then shown it.
"""

import base
import common
from matplotlib import get_data_path
from matplotlib.figure import Figure
import numpy as np
import pca
from PIL import Image, ImageDraw, ImageFont
import simple_ae
from skimage import data
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

LONG = "--seeds 3"
NETWORKS = "simple_ae", "sparse_ae", "deep_ae", "conv_ae", "vae"
PCA_SIZES = 2, 8, 32, 128

# What no other digit looks like, and no digit when it is turned or mirrored.
LETTERS = "ACEFHJKMNPRTUVWXYaefhkmnrtuvwx"
TURNABLE = 3, 4, 7
FONTS = "Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "Serif", "Serif-Italic"
PHOTOGRAPHS = (
    *("astronaut", "camera", "cat", "coffee", "coins", "grass", "gravel"),
    *("hubble_deep_field", "moon", "rocket"),
)
HARD = "turned", "mirrored", "letters"  # white strokes on black, as digits are
MARGIN = 0.03  # of AUROC; five seeds of a network lie within it


def load_networks(out, seeds):
    """Return {network: its models with each of the seeds}, in `out` and `out`/seed-N.

    Raises:
        common.DataError: a model is not there, or cannot be read.
    """
    networks = {name: [base.load_model(name, out)] for name in NETWORKS}
    for seed in range(1, seeds):
        folder = out / f"seed-{seed}"
        for name, models in networks.items():
            try:
                models.append(base.load_model(name, folder))
            except common.DataError as error:
                flags = f"--seed {seed} --out {folder}"
                raise common.DataError(f"{error}, with {flags}") from error
    return networks


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


def outliers(x_test, y_test):
    """Return {name: images that are no digits, (n, 784)}, and drawn digits as control.

    Args:
        x_test: images in [0, 1], (n, 784).
        y_test: their digits, (n,); 3, 4 and 7 are turned by 180 degrees and mirrored.
    """
    digits = x_test[np.isin(y_test, TURNABLE)].reshape(-1, 28, 28)
    letters = draw_all(LETTERS)
    return {
        "turned": digits[:, ::-1, ::-1].reshape(-1, 784),
        "mirrored": digits[:, :, ::-1].reshape(-1, 784),
        "letters": letters,
        "drawn digits": draw_all("0123456789"),
        "photographs": cut_photographs(),
        "faint letters": letters / 4,
        "black": np.zeros((1, 784), np.float32),
    }


def errors(images, reconstructions):
    """Return the mean squared error of each image, (n,)."""
    return np.mean((images - reconstructions) ** 2, axis=1)


def by_network(models):
    """Return a score: images, (n, 784), to the errors of a network, (n,)."""

    def score(images):
        shape = models[0].output_shape[1:]
        decoded = base.reconstruct(models, images.reshape(-1, *shape))
        return errors(images, decoded.reshape(-1, 784))

    return score


def controls(x_train, sizes):
    """Return {name: score} of what needs no network, fitted to x_train, (n, 784)."""
    fitted = PCA().fit(x_train)
    mean = x_train.mean(axis=0)

    def by_pca(size):
        return lambda x: errors(x, pca.decode(fitted, fitted.transform(x), size))

    scores = {f"PCA-{size}": by_pca(size) for size in sizes}
    scores["mean image"] = lambda images: errors(images, mean)
    scores["white"] = lambda images: images.mean(axis=1)
    return scores


def auroc(inliers, others):
    """Return the chance that an outlier has the larger score, ties half; (n,), (m,)."""
    is_outlier = np.repeat([0, 1], [len(inliers), len(others)])
    return float(roc_auc_score(is_outlier, np.concatenate([inliers, others])))


def judge(name, score, known, inliers, sets):
    """Return what a score makes of digits and of sets of outliers, a dict.

    Args:
        name: the score's; "white" counts with the better sign and has no threshold.
        score: a function, images (n, 784) to numbers (n,), large for outliers.
        known: training images; above the 95th percentile of their scores is an alarm.
        inliers: test images.
        sets: {name: images}, the outliers.

    Returns:
        `mse` (the mean score of the inliers), `threshold`, `false_alarms` (a share),
        and for each set `auroc` and `misses` (a share), dicts.
    """
    threshold = float(np.percentile(score(known), 95))
    usual = score(inliers)
    result = {
        "mse": float(usual.mean()),
        "threshold": threshold,
        "false_alarms": float(np.mean(usual > threshold)),
        "auroc": {},
        "misses": {},
    }
    for key, images in sets.items():
        unusual = score(images)
        chance = auroc(usual, unusual)
        if name == "white":
            chance = max(chance, 1 - chance)
        result["auroc"][key] = chance
        result["misses"][key] = float(np.mean(unusual <= threshold))
    return result


def leave_out(digit, x_train, y_train, x_test, y_test, args):
    """Return {name: what `judge` returns} of scores that never saw a digit.

    simple_ae.py's network and the controls are fitted to the other nine, less the last
    5,000 training images, which only set the threshold. Then they see the digit.
    """
    held_out = min(5000, len(x_train) // 5)
    others = y_train != digit
    fitted = x_train[:-held_out][others[:-held_out]]
    known = x_train[-held_out:][others[-held_out:]]
    inliers = x_test[y_test != digit]
    sets = {str(digit): x_test[y_test == digit]}

    models, _ = base.train_again(
        simple_ae, fitted, inliers, args.seed, epochs=args.epochs
    )
    scores = {"simple_ae": by_network(models), **controls(fitted, [32])}
    results = {}
    for name, score in scores.items():
        results[name] = judge(name, score, known, inliers, sets)
    return results


def hard_mean(result):
    """Return the mean AUROC of the HARD sets."""
    return float(np.mean([result["auroc"][name] for name in HARD]))


def spread(values):
    """Return the `mean`, `low` and `high` of one value for each seed, a dict."""
    return {"mean": float(np.mean(values)), "low": min(values), "high": max(values)}


def place(name, ranges):
    """Return where a network stands among the others: best, worst or in between.

    Args:
        name: the network's.
        ranges: {network: (low, high)}; where two touch, no difference is seen.
    """
    low, high = ranges[name]
    others = [ranges[other] for other in ranges if other != name]
    if high < min(other_low for other_low, _ in others):
        return "the worst"
    if low > max(other_high for _, other_high in others):
        return "the best"
    return "neither the best nor the worst"


def verdict(judged, left_out):
    """Return the verdict: do better networks find fewer outliers, and which digit not?

    Args:
        judged: {name of a score: what `judge` returned, a list, one for each seed}.
        left_out: {digit: what `leave_out` returned}.
    """
    chances = {}
    ranges = {}
    for name in NETWORKS:
        own = chances[name] = spread([hard_mean(result) for result in judged[name]])
        ranges[name] = own["low"], own["high"]
        if len(judged[name]) == 1:  # the range is not known
            ranges[name] = own["low"] - MARGIN / 2, own["high"] + MARGIN / 2

    mses = {}
    for name in NETWORKS:
        mses[name] = np.mean([result["mse"] for result in judged[name]])
    copiers = {"least": min(mses, key=mses.get), "largest": max(mses, key=mses.get)}
    places = []
    for word, name in copiers.items():
        low, high = f"{chances[name]['low']:.3f}", f"{chances[name]['high']:.3f}"
        found = low if low == high else f"{low} to {high}"
        where = place(name, ranges)
        places.append(f"{name}, with the {word} error on digits, is {where} ({found})")

    seeds = len(judged[NETWORKS[0]])
    how = f"{seeds} seeds"
    if seeds == 1:
        how = f"one seed, so {MARGIN} more or less is no difference"

    linear = {f"PCA-{size}": hard_mean(judged[f"PCA-{size}"][0]) for size in PCA_SIZES}
    best_linear = max(linear, key=linear.get)

    def misses(name, digit):
        return left_out[digit][name]["misses"][str(digit)]

    most = max(left_out, key=lambda digit: misses("simple_ae", digit))
    least = min(left_out, key=lambda digit: misses("simple_ae", digit))
    return (
        f"of {len(NETWORKS)} networks that have to find turned or mirrored digits and "
        f"letters {' and '.join(places)} (mean AUROC; {how}); of PCA's sizes "
        f"{best_linear} is best ({linear[best_linear]:.3f}). Trained "
        f"without one digit, with one seed, simple_ae misses "
        f"{misses('simple_ae', most):.0%} of the {most}s "
        f"and {misses('simple_ae', least):.0%} of the {least}s, PCA-32 "
        f"{misses('PCA-32', most):.0%} and {misses('PCA-32', least):.0%}"
    )


def plot(examples, judged, path):
    """Draw what comes back of some images, and the AUROC over the error on digits.

    Args:
        examples: {name: (image, {network: (its reconstruction, is it an alarm)})}.
        judged: {name of a score: what `judge` returned, a list, one for each seed}.
        path: the .png file to write.
    """
    fig = Figure(figsize=(12, 12), layout="constrained")
    pictures, chart = fig.subfigures(2, 1, height_ratios=[6, 7])
    networks = list(next(iter(examples.values()))[1])
    axes = pictures.subplots(1 + len(networks), len(examples))
    for column, (name, (image, seen)) in zip(axes.T, examples.items()):
        column[0].set_title(name.replace(" ", "\n"), fontsize=17)
        column[0].imshow(image.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
        for axis, (decoded, alarm) in zip(column[1:], seen.values()):
            axis.imshow(decoded.reshape(28, 28), cmap="gray", vmin=0, vmax=1)
            word, color = ("alarm", "#D55E00") if alarm else ("no alarm", "black")
            axis.set_xlabel(word, fontsize=16, color=color)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    for axis, name in zip(axes[:, 0], ["image", *networks]):
        axis.set_ylabel(name, fontsize=17, rotation=0, ha="right", va="center")

    axis = chart.subplots()
    points = {}
    for name, results in judged.items():
        points[name] = [(result["mse"], hard_mean(result)) for result in results]
    line = [points[f"PCA-{size}"][0] for size in PCA_SIZES]
    axis.plot(*zip(*line), "s--", color="#0072B2")
    for size, (x, y) in zip(PCA_SIZES, line):
        axis.annotate(
            f"PCA-{size}", (x, y), (0, -10), textcoords="offset points",
            fontsize=15, color="#0072B2", ha="center", va="top",
        )  # fmt: skip
    for name in NETWORKS:
        axis.plot(*zip(*points[name]), "o", color="#D55E00", markersize=11)
        highest = max(points[name], key=lambda point: point[1])
        axis.annotate(
            name, highest, (0, 10), textcoords="offset points",
            fontsize=18, color="#D55E00", ha="center",
        )  # fmt: skip
    axis.axhline(0.5, color="black", ls=":")
    axis.set_xscale("log")
    ticks = [0.002, 0.005, 0.01, 0.02, 0.05]
    axis.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.margins(x=0.1, y=0.12)
    axis.set_xlabel("error on test digits (MSE): to the left the better", fontsize=18)
    axis.set_ylabel("finds outliers (AUROC; a guess: 0.5)", fontsize=18)
    axis.tick_params(labelsize=15)
    common.save(fig, path)


def show(title, results, keys):
    """Print a table: AUROC and misses of some scores (rows) for sets (columns)."""
    print(f"\n{title}: AUROC / misses at the threshold")
    print(f"{'':<11}{'MSE':<8}{'alarms':<7}" + "".join(f"{key:<15}" for key in keys))
    for name, result in results.items():
        cells = ""
        for key in keys:
            value = f"{result['auroc'][key]:.3f}"
            if name != "white":
                value += f" / {result['misses'][key]:.0%}"
            cells += f"{value:<15}"
        numbers = f"{result['mse']:<8.4f}{result['false_alarms']:<7.1%}"
        print(f"{name:<11}{numbers}{cells}".rstrip())


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=simple_ae.epochs, seeds=1)
    networks = load_networks(args.out, args.seeds)

    (x_train, y_train), (x_test, y_test) = base.load_images(args)
    base.check_labels(y_train, x_train, args)
    base.check_labels(y_test, x_test, args)

    scores = {}
    for name, of_seeds in networks.items():
        scores[name] = [by_network(models) for models in of_seeds]
    for name, score in controls(x_train, PCA_SIZES).items():
        scores[name] = [score]

    sets = outliers(x_test, y_test)
    judged = {}
    for name, of_seeds in scores.items():
        judged[name] = [
            judge(name, score, x_train[-5000:], x_test, sets) for score in of_seeds
        ]
    first = {name: results[0] for name, results in judged.items()}
    show(f"{len(x_test):,} test digits against", first, list(sets))

    hard = {}
    photographs = {}
    print(f"\nAUROC of {', '.join(HARD)} | of photographs; seeds: {args.seeds}")
    for name, results in judged.items():
        hard[name] = spread([hard_mean(result) for result in results])
        photographs[name] = spread([own["auroc"]["photographs"] for own in results])
        cells = [
            f"{own['mean']:.3f} ({own['low']:.3f} to {own['high']:.3f})"
            for own in (hard[name], photographs[name])
        ]
        if name in NETWORKS:
            print(f"{name:<10} {' | '.join(cells)}")

    left_out = {}
    for digit in range(10):
        left_out[digit] = leave_out(digit, x_train, y_train, x_test, y_test, args)
    for name in left_out[0]:
        print(f"\n{name}, fitted without one digit, which it then has to find:")
        for digit, results in left_out.items():
            result = results[name]
            text = f"{digit}: AUROC {result['auroc'][str(digit)]:.3f}"
            if name != "white":
                text += f" | misses {result['misses'][str(digit)]:.0%}"
                text += f" | false alarms {result['false_alarms']:.1%}"
            print(f"  {text}")

    shown = {
        "digit": x_test[0],
        "turned": sets["turned"][0],
        "mirrored": sets["mirrored"][0],
        "letter": sets["letters"][LETTERS.index("R")],
        "drawn digit": sets["drawn digits"][7],
        "photo": sets["photographs"][2],
        "faint letter": sets["faint letters"][LETTERS.index("R")],
        "black": sets["black"][0],
    }
    images = np.stack(list(shown.values()))
    examples = {name: (image, {}) for name, image in shown.items()}
    for network in "conv_ae", "vae":
        models = networks[network][0]
        decoded = base.reconstruct(
            models, images.reshape(-1, *models[0].output_shape[1:])
        ).reshape(-1, 784)
        alarms = errors(images, decoded) > first[network]["threshold"]
        for (_, seen), own, alarm in zip(examples.values(), decoded, alarms):
            seen[network] = own, bool(alarm)
    plot(examples, judged, args.out / "outliers.png")

    base.report(
        "outliers",
        args,
        verdict(judged, left_out),
        scores=judged,
        hard=hard,
        photographs=photographs,
        left_out={str(digit): results for digit, results in left_out.items()},
        images={name: len(images) for name, images in sets.items()},
    )


if __name__ == "__main__":
    common.run(main)

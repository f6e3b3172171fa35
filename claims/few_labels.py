"""Few labels: does a code that was learnt without labels help when labels are few?

The post: 「Encoder 的效果等同於做 Dimension Reduction」 (encoding is like dimension
reduction), into a space 「更能精簡的描述這群數據」 (that describes the data tersely).
If that is so, a classifier should need fewer labels there. So logistic regression is
fitted to 10 to 1,000 labelled training images: to the codes of four scripts, and as
controls to the pixels, to PCA's numbers and to what sparse_ae.py's encoder makes of
them before it is trained. A small dense network learns from the pixels alone.

All are tuned in one way: strength of the penalty, and each feature or all of them
together scaled to unit variance, whatever is best on the last 5,000 training images.
Those need labels as well, which somebody with 10 labels has not; every side has them.

    python simple_ae.py
    python sparse_ae.py
    python deep_ae.py
    python vae.py
    python claims/few_labels.py
"""

import warnings

import base
import common
import keras
from matplotlib.figure import Figure
import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
import sparse_ae

LONG = True  # about five minutes on one core
SIZES = [10, 30, 100, 300, 1000]  # labels, the same number of each digit
DRAWS = 5
STRENGTHS = [0.001, 0.01, 0.1, 1.0]  # of the penalty beside the mean loss
SCRIPTS = ["simple_ae", "deep_ae", "sparse_ae", "vae"]
FROM_SCRATCH = "dense network"


def draw_labels(labels, size, random):
    """Return the indices of `size` images, as many of each digit, without repeats.

    Args:
        labels: the digits, (n,).
        size: a multiple of 10.
        random: a NumPy Generator.
    """
    each = size // 10
    chosen = []
    for digit in range(10):
        those = np.flatnonzero(labels == digit)
        chosen.append(random.choice(those, each, replace=False))
    return np.concatenate(chosen)


def scaled(features, x_train):
    """Return features, each to unit variance and all together, by x_train: two arrays.

    Args:
        features: of any images, (n, m).
        x_train: of the training images, (k, m); their labels are not needed.
    """
    centred = features - x_train.mean(axis=0)
    deviations = x_train.std(axis=0)
    together = np.sqrt(np.mean(deviations**2))
    each = np.where(deviations > 0, deviations, 1)  # a pixel that is always black
    return centred / each, centred / together


def classifier(name, strength, size, seed):
    """Return what is fitted to `size` labelled images, with a penalty of `strength`."""
    if name == FROM_SCRATCH:
        return MLPClassifier(
            (128,),
            solver="lbfgs",
            alpha=strength * size,  # scikit-learn divides it by the number of images
            max_iter=50,
            random_state=seed,
        )
    return LogisticRegression(C=1 / (strength * size), max_iter=100)


def accuracies(name, features, labels, draws, seed):
    """Return the test accuracy of each draw, in the setting that is best to validate.

    Args:
        name: of the features, or FROM_SCRATCH.
        features: a dict, "train", "validation" and "test" to (n, m).
        labels: a dict, the same names to digits, (n,).
        draws: indices of training images that are labelled, a list of arrays.
        seed: of the network's weights.

    Returns:
        a list of shares of right answers, one for each draw.
    """
    versions = {
        part: scaled(images, features["train"]) for part, images in features.items()
    }
    best_validation = -1.0
    best = None
    for scaling in range(2):
        x = {part: arrays[scaling] for part, arrays in versions.items()}
        for strength in STRENGTHS:
            fitted = []
            for draw in draws:
                one = classifier(name, strength, len(draw), seed)
                with warnings.catch_warnings():  # enough steps is not all of them
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    fitted.append(one.fit(x["train"][draw], labels["train"][draw]))
            validation = np.mean(
                [one.score(x["validation"], labels["validation"]) for one in fitted]
            )
            if validation > best_validation:
                best_validation = validation
                best = x["test"], fitted

    x_test, fitted = best
    return [float(one.score(x_test, labels["test"])) for one in fitted]


def spread(values):
    """Return the mean, the lowest and the highest of a list, and the list, a dict."""
    return {
        "mean": float(np.mean(values)),
        "low": min(values),
        "high": max(values),
        "draws": list(values),
    }


def wins(ours, theirs):
    """Return in how many draws one `spread` is above another."""
    return sum(a > b for a, b in zip(ours["draws"], theirs["draws"], strict=True))


def verdict(accuracy):
    """Return who is best with how many labels, and whether each draw says so.

    Args:
        accuracy: {name: {number of labels as a string: `spread`}}.
    """
    best = []
    always_better = []
    sizes = list(accuracy["pixels"])
    for size in sizes:
        means = {name: of[size]["mean"] for name, of in accuracy.items()}
        winner = max(means, key=means.get)
        best.append(f"{winner} with {size} ({means[winner]:.1%})")
        sparse = accuracy["sparse_ae"][size]
        rivals = [of[size] for name, of in accuracy.items() if name != "sparse_ae"]
        if all(wins(sparse, rival) == len(sparse["draws"]) for rival in rivals):
            always_better.append(size)
    carried = f"with {', '.join(always_better)} labels" if always_better else "nowhere"
    pixels = accuracy["pixels"]
    return (
        f"best on the mean of the draws are {', '.join(best)}; pixels have "
        f"{pixels[sizes[0]]['mean']:.1%} with {sizes[0]} and "
        f"{pixels[sizes[-1]]['mean']:.1%} with {sizes[-1]}. The sparse code beats all "
        f"others in every draw {carried}."
    )


def draw_gains(accuracy, path):
    """Draw by how many points a code beats the pixels, the mean and range of the draws.

    Args:
        accuracy: as for `verdict`.
        path: the .png file to write.
    """
    styles = {
        "sparse_ae": ("#D55E00", "o", "sparse_ae's code"),
        "deep_ae": ("#0072B2", "^", "deep_ae's code"),
        "simple_ae": ("#009E73", "D", "simple_ae's code"),
        "PCA-32": ("#CC79A7", "s", "PCA-32"),
        "untrained sparse_ae": ("#E69F00", "P", "sparse_ae's, untrained"),
        FROM_SCRATCH: ("#555555", "v", "dense net on pixels"),
    }
    sizes = list(accuracy["pixels"])
    axis = Figure(figsize=(9, 6.5), layout="constrained").subplots()
    axis.axhline(0, color="black", lw=1.5)
    for shift, (name, (color, marker, label)) in enumerate(styles.items(), start=-2):
        draws = np.array([accuracy[name][size]["draws"] for size in sizes])
        pixels = np.array([accuracy["pixels"][size]["draws"] for size in sizes])
        gains = 100 * (draws - pixels)  # in the same draw
        means = gains.mean(axis=1)
        reach = [means - gains.min(axis=1), gains.max(axis=1) - means]
        places = np.arange(len(sizes)) + 0.09 * shift
        axis.errorbar(
            places, means, reach, fmt=f"-{marker}", ms=9, lw=2, color=color, label=label
        )
    axis.set_xticks(range(len(sizes)), sizes, fontsize=17)
    axis.tick_params(axis="y", labelsize=15)
    axis.set_xlabel("labelled images", fontsize=17)
    axis.set_ylabel("points of accuracy above pixels", fontsize=17)
    axis.spines[["top", "right"]].set_visible(False)
    axis.figure.legend(loc="outside upper center", ncols=3, fontsize=15, frameon=False)
    common.save(axis.figure, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    keras.utils.set_random_seed(args.seed)
    encoders = {name: base.load_model(name, args.out)[1] for name in SCRIPTS}
    encoders["untrained sparse_ae"] = sparse_ae.build_autoencoder()[1]

    (x_train, y_train), (x_test, y_test) = base.load_images(args)
    base.check_labels(y_train, x_train, args)
    base.check_labels(y_test, x_test, args)
    kept = len(x_train) - min(5000, len(x_train) // 4)
    images = {"train": x_train[:kept], "validation": x_train[kept:], "test": x_test}
    labels = {"train": y_train[:kept], "validation": y_train[kept:], "test": y_test}

    features = {"pixels": images}
    for size in 32, 128:
        pca = PCA(size, random_state=args.seed).fit(images["train"])
        features[f"PCA-{size}"] = {
            part: pca.transform(some) for part, some in images.items()
        }
    for name, encoder in encoders.items():
        features[name] = {
            part: base.encode(encoder, some) for part, some in images.items()
        }
    features[FROM_SCRATCH] = images

    random = np.random.default_rng(args.seed)
    smallest = np.bincount(labels["train"]).min()
    sizes = [size for size in SIZES if size <= 10 * smallest]
    if not sizes:
        raise common.DataError("this needs training images of each digit")
    draws = {
        size: [draw_labels(labels["train"], size, random) for _ in range(DRAWS)]
        for size in sizes
    }

    print(f"test accuracy, mean (lowest to highest) of {DRAWS} draws of labels")
    accuracy = {}
    for name, of in features.items():
        accuracy[name] = {
            str(size): spread(accuracies(name, of, labels, draws[size], args.seed))
            for size in sizes
        }
        print(f"{name}, {of['train'].shape[1]} numbers", flush=True)
        for size, found in accuracy[name].items():
            print(
                f"{size:>8} labels: {found['mean']:.3f} "
                f"({found['low']:.3f} to {found['high']:.3f})"
            )

    draw_gains(accuracy, args.out / "few_labels.png")
    base.report("few_labels", args, verdict(accuracy), accuracy=accuracy)


if __name__ == "__main__":
    common.run(main)

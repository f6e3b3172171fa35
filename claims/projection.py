"""Projection: is a code of two numbers a better map of the data than PCA or t-SNE?

The post says that for looking at data an autoencoder's projection does the same as
PCA or t-SNE, but better (「功能跟 PCA ... 或 t-SNE 一樣,但效果更好」). So here are
three maps of the test images, from PCA, t-SNE and the model of vae.py, and for each
the accuracy of a k-nearest-neighbour classifier (k = 5). That is about two numbers:
claims/neighbours.py compares longer codes.

    python claims/projection.py
"""

import time
import shared  # first: it makes the project's folder importable
import common
import keras
from matplotlib import patheffects
from matplotlib.figure import Figure
import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

# Paul Tol's "muted" colours and black, in an order that keeps digits that lie close on
# the maps (4, 7, 9; 3, 5, 8) apart for colour-blind readers too. Ten colours are more
# than anybody can be sure of, so each digit is written on the maps as well.
COLORS = [
    "#44AA99", "#CC6677", "#AA4499", "#117733", "#882255",
    "#332288", "#999933", "#DDCC77", "#000000", "#88CCEE",
]  # fmt: skip


def neighbour_accuracy(codes, labels, seed):
    """Return how often the 5 nearest neighbours vote for the right digit, 0 to 1.

    5-fold cross-validation, with the images shuffled: the neighbours of a fold are
    looked for in the other four.

    Args:
        codes: (n, 2); labels: integers, (n,); seed: of the shuffling.
    """
    folds = KFold(5, shuffle=True, random_state=seed)
    return cross_val_score(KNeighborsClassifier(5), codes, labels, cv=folds).mean()


def verdict(accuracies):
    """Return which part of the post's sentence holds; {name of the map: accuracy}."""
    vae = accuracies["VAE"]
    parts = [
        f"{'better' if vae > accuracies[name] else 'worse'} than {name} "
        f"({vae:.1%} against {accuracies[name]:.1%})"
        for name in ("PCA", "t-SNE")
    ]
    return f"verdict: as a map of two numbers the VAE's code is {' and '.join(parts)}"


def draw(maps, labels, path):
    """Draw maps, {title: codes, (n, 2)}, each digit's name at its cluster's median."""
    fig = Figure(figsize=(13.5, 5.5), layout="constrained")
    for axis, (title, codes) in zip(fig.subplots(1, len(maps)), maps.items()):
        # In the order of the images, so that no digit hides another.
        axis.scatter(*codes.T, s=3, c=np.array(COLORS)[labels], rasterized=True)
        for digit in np.unique(labels):
            x, y = np.median(codes[labels == digit], axis=0)
            name = axis.text(x, y, str(digit), fontsize=21)
            name.set(weight="bold", ha="center", va="center")
            name.set_path_effects([patheffects.withStroke(linewidth=5, foreground="w")])
        axis.set_title(title, fontsize=17)
        axis.set(xticks=[], yticks=[])
    common.save(fig, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    keras.utils.set_random_seed(args.seed)
    _, encoder, _ = shared.load_model("vae", args.out)
    (x_train, _), (x_test, y_test) = common.load_mnist(args.data)
    if y_test is None:
        raise common.DataError("the maps need labels: the data has no array y_test")
    if (latent_dim := encoder.output[0].shape[-1]) != 2:
        raise common.DataError(f"a map needs 2 numbers, vae.keras has {latent_dim}")
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)

    started = time.perf_counter()
    pca = PCA(2, random_state=args.seed).fit(x_train)
    fitting = time.perf_counter() - started

    def run_tsne(images):
        """Return t-SNE's map, of 50 principal components, as scikit-learn advises."""
        n = len(images)  # fewer than 120 images need smaller settings than these
        components = PCA(min(50, n), random_state=args.seed).fit_transform(images)
        tsne = TSNE(perplexity=min(30, n / 4), random_state=args.seed)
        return tsne.fit_transform(components)

    methods = {
        "PCA": pca.transform,
        "t-SNE": run_tsne,
        "VAE": lambda images: encoder.predict(images, verbose=0)[0],  # the mean
    }
    maps, accuracies = {}, {}
    for name, project in methods.items():
        started = time.perf_counter()
        codes = project(x_test)
        seconds = time.perf_counter() - started
        accuracies[name] = neighbour_accuracy(codes, y_test, args.seed)
        result = f"{accuracies[name]:.1%} by 5 neighbours"
        maps[f"{name}: {result}\n{seconds:.1f} s for {len(x_test):,} images"] = codes
        print(f"{name}: {result}, {seconds:.1f} s for {len(x_test):,} images")
    print(f"before that, PCA was fitted on the training images in {fitting:.1f} s, and")
    print("vae.py trained; scikit-learn's t-SNE cannot project a new image, nor decode")
    draw(maps, y_test, args.out / "projection.png")
    print(verdict(accuracies))


if __name__ == "__main__":
    common.run(main)

"""Maps: is a code of two numbers a better map of the digits than PCA or t-SNE?

A map is scored by its own points, the first 5,000 test images: for how many do the five
nearest others vote for its digit? Codes of 32 numbers are scored so, too.

    python claims/maps_2d.py       (after deep_ae.py and vae.py, with seeds 0, 1 and 2)
"""

from functools import partial

import experiment
import common
import deep_ae
import keras
from matplotlib.figure import Figure
import numpy as np
from scipy.stats import binomtest, mode
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
import vae

MAPPED = 5000  # t-SNE is slow
PAIRS = [  # the first of a pair is tested against the second
    ("autoencoder", "PCA"),
    ("autoencoder", "PCA, 50 numbers, t-SNE"),
    ("code of 32 numbers", "784 pixels"),
    ("code of 32 numbers", "PCA, 32 numbers"),
]

# Paul Tol's "muted" colours and black, in an order that keeps digits which lie close on
# the maps apart for colour-blind readers too.
COLORS = ["#44AA99", "#CC6677", "#AA4499", "#117733", "#882255"]
COLORS += ["#332288", "#999933", "#DDCC77", "#000000", "#88CCEE"]


def nearest(codes):
    """Return the indices of the five nearest others of each code, (n, 5)."""
    # Without an argument, kneighbors leaves a point out of its own neighbours.
    return NearestNeighbors(n_neighbors=5).fit(codes).kneighbors(return_distance=False)


def are_right(codes, labels):
    """Return of which points the five nearest others vote for the digit, bool (n,).

    Of two digits with as many votes the smaller one wins.
    """
    return mode(labels[nearest(codes)], axis=1).mode == labels


def paired_test(ours, theirs):
    """Return what an exact McNemar test says of two classifiers of the same images.

    Of the images that only one of them gets right, each has half if they are equally
    good. `p` is the probability of a split at least as uneven as this one.
    """
    wins = int(np.sum(ours & ~theirs))
    losses = int(np.sum(theirs & ~ours))
    p = binomtest(wins, wins + losses).pvalue
    return {"wins": wins, "losses": losses, "p": float(p)}


def build_without_relu():
    """Return deep_ae.py's models for two numbers, which may be negative too."""
    autoencoder, encoder, decoder = deep_ae.build_autoencoder(encoding_dim=2)
    encoder.layers[-1].activation = keras.activations.linear
    return autoencoder, encoder, decoder


def networks_of(args, sets, seed):
    """Return {name: a function that makes codes of images}, of one seed's networks."""
    retrain = partial(experiment.retrain, deep_ae, sets.train.x, seed)
    flat, _ = retrain(build=partial(deep_ae.build_autoencoder, encoding_dim=2))
    without_relu, _ = retrain(build=build_without_relu)
    networks = {
        "autoencoder": flat,
        "autoencoder without relu": without_relu,
        "VAE": experiment.load_models(vae, args, seed),
        "code of 32 numbers": experiment.load_models(deep_ae, args, seed),
    }
    return {name: partial(experiment.encode, of[1]) for name, of in networks.items()}


def score_new_images(projections, sets):
    """Return {"NAME, new": the share of test images that five training images get}."""
    found = {}
    for name, project in projections.items():
        classifier = KNeighborsClassifier(5).fit(project(sets.train.x), sets.train.y)
        score = classifier.score(project(sets.test.x), sets.test.y)
        found[f"{name}, new"] = float(score)
    return found


@common.default_style
def plot_maps(maps, labels):
    """Draw six maps, {name: (n, 2)}, with a legend of the digits."""
    fig = Figure(figsize=(10, 6.5), layout="constrained")
    for axis, (name, codes) in zip(fig.subplots(2, 3).flat, maps.items()):
        for digit, color in enumerate(COLORS):
            points = codes[labels == digit]
            axis.scatter(*points.T, s=2, color=color, label=digit)
            text = axis.text(*np.median(points, axis=0), digit, size=15, weight="bold")
            text.set(ha="center", va="center")
            text.set_bbox({"color": "white", "alpha": 0.6, "pad": 0.5})
        # The outermost hundredth, on each side, may lie outside the frame.
        low, high = np.percentile(codes, [1, 99], axis=0)
        axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[])
        axis.set_title(name)
    fig.legend(*axis.get_legend_handles_labels(), loc="outside right", markerscale=6)
    return fig


@common.default_style
def plot_neighbours(images, labels, codes):
    """Draw ten images and below each its five nearest; another digit has a frame."""
    fig = Figure(figsize=(10, 6.5), layout="constrained")
    axes = fig.subplots(6, 10, subplot_kw={"xticks": [], "yticks": []})
    for column, five in enumerate(nearest(codes)[:10]):
        for row, index in enumerate([column, *five]):
            axis = axes[row, column]
            axis.imshow(images[index].reshape(28, 28), cmap="gray", vmin=0, vmax=1)
            is_wrong = labels[index] != labels[column]
            axis.spines[:].set(color="C1", linewidth=4, visible=is_wrong)
    names = ["image", *(f"neighbour {place}" for place in range(1, 6))]
    for name, axis in zip(names, axes[:, 0]):
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14)
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    labels = sets.test.y[:MAPPED]
    images = sets.test.x[:MAPPED]
    pca = PCA(50, random_state=args.seed).fit(sets.train.x)
    fixed = {
        "PCA": lambda images: pca.transform(images)[:, :2],
        "PCA, 32 numbers": lambda images: pca.transform(images)[:, :32],
        "784 pixels": lambda images: images,
    }
    maps = {name: project(images) for name, project in fixed.items()}
    right = {name: are_right(codes, labels) for name, codes in maps.items()}
    scores = {name: float(votes.mean()) for name, votes in right.items()}
    scores |= score_new_images(fixed, sets)
    kept = []  # of each seed, the maps and which of their points are right

    def measure(seed):
        networks = networks_of(args, sets, seed)
        own = {name: project(images) for name, project in networks.items()}
        tsne = TSNE(init="random", random_state=seed)
        own["PCA, 50 numbers, t-SNE"] = tsne.fit_transform(pca.transform(images))
        own["code of 32 numbers, t-SNE"] = tsne.fit_transform(own["code of 32 numbers"])
        is_right = {name: are_right(codes, labels) for name, codes in own.items()}
        kept.append((maps | own, right | is_right))
        found = {name: float(votes.mean()) for name, votes in is_right.items()}
        return found | score_new_images(networks, sets)

    scores |= experiment.over_seeds(measure)
    tests = [
        {"ours": a, "theirs": b, "seeds": [paired_test(r[a], r[b]) for _, r in kept]}
        for a, b in PAIRS
    ]

    rows = [[name, scores[name], scores.get(f"{name}, new", "")] for name in kept[0][0]]
    experiment.print_table(["", "among test images", "among training images"], rows)
    for test in tests:
        print(f"{test['ours']} against {test['theirs']}: {test['seeds']}")

    maps, _ = kept[0]
    flat = {name: codes for name, codes in maps.items() if codes.shape[1] == 2}
    plot_maps(flat, labels).savefig(args.out / "maps_2d.png")
    fig = plot_neighbours(images, labels, maps["code of 32 numbers"])
    fig.savefig(args.out / "maps_2d_neighbours.png")
    experiment.report("maps_2d", args, scores=scores, tests=tests)


if __name__ == "__main__":
    main()

"""Projection: is a code of two numbers a better map of the data than PCA or t-SNE?

The post says that for looking at data an autoencoder's projection does the same as
PCA or t-SNE, but better: 「功能跟 PCA ... 或 t-SNE 一樣,但效果更好」. Its source, the
Keras blog's "Building Autoencoders in Keras" (2016), says nearly the opposite: "For 2D
visualization specifically, t-SNE (pronounced "tee-snee") is probably the best algorithm
around", and advises to compress the images to 32 numbers first, by an autoencoder.

So here are five maps of the test images: PCA; a plain autoencoder of two numbers, by
deep_ae.py's own functions; the two means of vae.py; t-SNE of 50 principal components,
as scikit-learn advises; and the source's advice, t-SNE of deep_ae.py's 32 numbers.

A map is scored by its own points: how often the 5 nearest ones vote for a point's
digit, the point itself left out. The same votes among the 784 pixels and the 32 numbers
are the controls, and the same autoencoder without the relu on its code, which keeps
both numbers from falling below 0.

t-SNE's maps are drawn three times, from three random starts, and for the source's
advice with three trainings of deep_ae.py, too. (From PCA's start, scikit-learn's
default, the random state changes nothing.) As t-SNE is slow, all maps are of the first
5,000 test images.

t-SNE is fitted to the very images that it is scored on, and it has no place for a new
one; the others are fitted to training images. For these there is a second score: the
neighbours of a test image are looked for among the training images.

    python claims/projection.py
"""

import json
import time

import base
import common
import deep_ae
import keras
from matplotlib import patheffects
from matplotlib.figure import Figure
import numpy as np
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

LONG = True  # it trains four autoencoders, and t-SNE is slow
MAPPED = 5000  # test images, the first
RUNS = 3  # of t-SNE

# Paul Tol's "muted" colours and black, in an order that keeps digits that lie close on
# the maps (4, 7, 9; 3, 5, 8) apart for colour-blind readers too. Ten colours are more
# than anybody can be sure of, so each digit is written on the maps as well.
COLORS = [
    "#44AA99", "#CC6677", "#AA4499", "#117733", "#882255",
    "#332288", "#999933", "#DDCC77", "#000000", "#88CCEE",
]  # fmt: skip


def right_votes(codes, labels):
    """Return for which points the 5 nearest others vote for the right digit.

    Of two digits with as many votes the smaller one wins, on every map.

    Args:
        codes: (n, numbers); labels: integers, (n,).

    Returns:
        bool, (n,).
    """
    # Without an argument, kneighbors does not count a point among its own neighbours.
    neighbours = NearestNeighbors(n_neighbors=5).fit(codes)
    nearest = neighbours.kneighbors(return_distance=False)
    return stats.mode(labels[nearest], axis=1).mode == labels


def compare(ours, theirs):
    """Return "better than", "worse than" or "not seen to differ from".

    Args:
        ours, theirs: for each image whether a map is right about it, bool, (n,). Of the
            images that only one is right about, each map would have half by chance: a
            difference counts if it is above two standard errors of that.
    """
    wins = int((ours & ~theirs).sum())
    losses = int((theirs & ~ours).sum())
    if abs(wins - losses) <= 2 * np.sqrt(wins + losses):
        return "not seen to differ from"
    return "better than" if wins > losses else "worse than"


def spread(scores):
    """Return the mean, the lowest and the highest of a list, a dict."""
    return {"mean": float(np.mean(scores)), "low": min(scores), "high": max(scores)}


def as_text(scores):
    """Return a `spread` as "95.2%, 95.1% to 95.4%"."""
    return f"{scores['mean']:.1%}, {scores['low']:.1%} to {scores['high']:.1%}"


def verdict(right, repeated):
    """Return which part of the post's sentence holds.

    Args:
        right: {name of a map: for each image whether its neighbours are right}.
        repeated: of both maps by t-SNE, {name: `spread` of the scores of its runs}.
    """
    plain = right["autoencoder, 2 numbers"]
    alone, both = repeated["PCA-50, t-SNE"], repeated["32 numbers, t-SNE"]
    answer = "not seen to differ from"
    if both["low"] > alone["high"]:
        answer = "better than"
    if both["high"] < alone["low"]:
        answer = "worse than"
    return (
        f"As a map a plain autoencoder of two numbers ({plain.mean():.1%} by 5 "
        f"neighbours) is {compare(plain, right['PCA'])} PCA "
        f"({right['PCA'].mean():.1%}) and {compare(plain, right['PCA-50, t-SNE'])} "
        f"PCA-50, then t-SNE ({right['PCA-50, t-SNE'].mean():.1%}). In {RUNS} runs "
        f"each an autoencoder of 32 numbers, then t-SNE, as the post's source advises "
        f"({as_text(both)}), is {answer} PCA-50, then t-SNE ({as_text(alone)})."
    )


def linear_code():
    """Return deep_ae.py's models for 2 numbers, which may be negative too."""
    autoencoder, encoder, decoder = deep_ae.build_autoencoder(encoding_dim=2)
    encoder.layers[-1].activation = keras.activations.linear
    return autoencoder, encoder, decoder


def recorded_seconds(name, out):
    """Return how long a script's run took, or None if it is not on record.

    The script writes that into `name`.json, beside its model.
    """
    path = out / f"{name}.json"
    if not path.is_file():
        return None
    return json.loads(path.read_text(encoding="utf-8"))["seconds"]


def run_tsne(codes, seed):
    """Return t-SNE's map, (n, 2), of codes, (n, numbers)."""
    perplexity = min(30, len(codes) / 4)  # 30 is the default; it must be below n
    tsne = TSNE(perplexity=perplexity, init="random", random_state=seed)
    return tsne.fit_transform(codes)


def densest(points):
    """Return the place in the list of the point, of (n, 2), in the densest crowd.

    It is the one to whom the nearest tenth of all points is nearest.
    """
    count = len(points) // 10 + 1
    neighbours = NearestNeighbors(n_neighbors=count).fit(points)
    distances, _ = neighbours.kneighbors(points)
    return distances[:, -1].argmin()


def push_apart(places, distance):
    """Return places, (n, 2), in the unit square, of which no two are within `distance`.

    Those that are move away from each other by little steps.
    """
    angles = np.arange(len(places))  # so that two in one place have a way to go
    places = places + 1e-6 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for _ in range(1000):
        between = places[:, None] - places
        gaps = np.linalg.norm(between, axis=2)
        np.fill_diagonal(gaps, np.inf)
        missing = np.maximum(0, 1.01 * distance - gaps)
        if gaps.min() >= distance:
            break
        places = places + (0.5 * (missing / gaps)[..., None] * between).sum(axis=1)
        places = np.clip(places, 0.05, 0.95)
    return places


def draw_map(axis, codes, labels):
    """Draw a map, (n, 2), in the unit square, each digit's name where it is densest.

    Names that would cover each other are pushed apart, with a line to their place.
    """
    # The outermost hundredth, on each side, may lie outside the frame.
    low, high = np.percentile(codes, [1, 99], axis=0)
    points = 0.05 + 0.9 * (codes - low) / (high - low + 1e-12)
    digits = np.unique(labels)

    # By ranks, so that a corner into which a map crowds everything is no crowd.
    ranks = stats.rankdata(points, axis=0) / len(points)
    anchors = []
    for digit in digits:
        own = np.flatnonzero(labels == digit)
        anchors.append(points[own[densest(ranks[own])]])
    anchors = np.clip(anchors, 0.05, 0.95)
    places = push_apart(anchors, distance=0.11)

    # In the order of the images, so that no digit hides another.
    axis.scatter(*points.T, s=2, c=np.array(COLORS)[labels], rasterized=True)
    outline = [patheffects.withStroke(linewidth=4, foreground="white")]
    for digit, anchor, place in zip(digits, anchors, places):
        if np.linalg.norm(anchor - place) > 0.02:
            (line,) = axis.plot(*zip(anchor, place), color="black", lw=1.5)
            line.set_path_effects(outline)
        name = axis.text(*place, str(digit), fontsize=20, weight="bold")
        name.set(ha="center", va="center", path_effects=outline)
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=[], yticks=[])


def draw(maps, scores, seconds, labels, path):
    """Draw the maps, and in a last panel the scores as bars.

    Args:
        maps: {name: codes, (n, 2)}, five of them.
        scores: {name: share of right votes}, of the maps and of the controls.
        seconds: {name: from the images to the map, such as "60 s"}, where it is known.
        labels: integers, (n,).
        path: the .png file to write.
    """
    fig = Figure(figsize=(10, 8), layout="constrained")
    *axes, last = fig.subplots(2, 3).flat
    for axis, (name, codes) in zip(axes, maps.items()):
        draw_map(axis, codes, labels)
        title = f"{name}\n{scores[name]:.1%}, {seconds.get(name, '? s')}"
        axis.set_title(title, fontsize=16)

    names = sorted(scores, key=scores.get)
    colors = ["#56B4E9" if name in maps else "#CCCCCC" for name in names]
    last.barh(names, [scores[name] for name in names], color=colors)
    for place, name in enumerate(names):
        last.text(0.02, place, name, fontsize=14, va="center")
    last.set(xlim=(0, 1), yticks=[], xticks=[0, 0.5, 1])
    last.set_xticklabels(["0%", "50%", "100%"], fontsize=14)
    last.set_title("right by 5 neighbours\n(grey: control)", fontsize=16)
    common.save(fig, path)


def fit_maps(vae_encoder, x_train, x_test, args):
    """Fit what makes a map of any images.

    Args:
        vae_encoder: that of vae.py, trained.
        x_train, x_test: images, (n, 784).
        args: what `common.parse_args` returned.

    Returns:
        {name: function from images to a map, (n, 2)}; the PCA, of 50 components;
        and {name: seconds, or None}.
    """
    started = time.perf_counter()
    pca = PCA(min(50, len(x_train)), random_state=args.seed).fit(x_train)
    pca_seconds = time.perf_counter() - started

    started = time.perf_counter()
    (_, plain_encoder, _), _ = base.train_again(
        deep_ae,
        x_train,
        x_test,
        args.seed,
        models=lambda: deep_ae.build_autoencoder(encoding_dim=2),
    )
    plain_seconds = time.perf_counter() - started

    projections = {
        "PCA": lambda images: pca.transform(images)[:, :2],
        "autoencoder, 2 numbers": lambda images: base.encode(plain_encoder, images),
        "VAE, 2 means": lambda images: base.encode(vae_encoder, images),
    }
    seconds = {
        "PCA": pca_seconds,
        "autoencoder, 2 numbers": plain_seconds,
        "VAE, 2 means": recorded_seconds("vae", args.out),
    }
    return projections, pca, seconds


def deep_codes(deep_encoder, x_train, x_test, seed):
    """Return the 32 numbers of x_test by RUNS trainings, a list; the first is given."""
    encoders = [deep_encoder]
    for run in range(1, RUNS):
        (_, encoder, _), _ = base.train_again(deep_ae, x_train, x_test, seed + run)
        encoders.append(encoder)
    return [base.encode(encoder, x_test) for encoder in encoders]


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    _, vae_encoder, _ = base.load_model("vae", args.out)
    _, deep_encoder, _ = base.load_model("deep_ae", args.out)
    (x_train, y_train), (x_test, y_test) = base.load_images(args)
    x_test = x_test[:MAPPED]
    y_test = y_test if y_test is None else y_test[:MAPPED]
    base.check_labels(y_train, x_train, args)
    base.check_labels(y_test, x_test, args)
    latent_dim = vae_encoder.output[0].shape[-1]
    if latent_dim != 2:
        raise common.DataError(f"a map needs 2 numbers, vae.keras has {latent_dim}")

    projections, pca, seconds = fit_maps(vae_encoder, x_train, x_test, args)
    maps = {name: project(x_test) for name, project in projections.items()}

    seconds["PCA-50, t-SNE"] = seconds["PCA"]
    seconds["32 numbers, t-SNE"] = recorded_seconds("deep_ae", args.out)
    deep = deep_codes(deep_encoder, x_train, x_test, args.seed)
    repeated = {}
    inputs_of = {
        "PCA-50, t-SNE": [pca.transform(x_test)] * RUNS,
        "32 numbers, t-SNE": deep,
    }
    for name, inputs in inputs_of.items():
        started = time.perf_counter()
        drawn = [run_tsne(codes, args.seed + run) for run, codes in enumerate(inputs)]
        if seconds[name] is not None:
            seconds[name] += (time.perf_counter() - started) / RUNS
        maps[name] = drawn[0]
        repeated[name] = spread(
            [float(right_votes(codes, y_test).mean()) for codes in drawn]
        )

    (_, linear_encoder, _), _ = base.train_again(
        deep_ae, x_train, x_test, args.seed, models=linear_code
    )
    controls = {
        "784 pixels": x_test,
        "32 numbers": deep[0],
        "2, without relu": base.encode(linear_encoder, x_test),
    }
    right = {
        name: right_votes(codes, y_test) for name, codes in {**maps, **controls}.items()
    }
    scores = {name: float(votes.mean()) for name, votes in right.items()}
    unseen = {}
    for name, project in projections.items():
        neighbours = KNeighborsClassifier(5).fit(project(x_train), y_train)
        unseen[name] = float(neighbours.score(maps[name], y_test))
    # A relu unit that is 0 for every image would leave a line, not a map.
    active = (maps["autoencoder, 2 numbers"] > 0).mean(axis=0)

    times = {
        name: f"{spent:,.0f} s" for name, spent in seconds.items() if spent is not None
    }
    print(f"right by 5 neighbours among {len(x_test):,} test images, and seconds:")
    for name, score in scores.items():
        print(f"    {name:>22}: {score:.1%}  {times.get(name, '')}")
    print(f"the same in {RUNS} runs, mean and range:")
    for name, of in repeated.items():
        print(f"    {name:>22}: {as_text(of)}")
    print("right by 5 neighbours among the training images:")
    for name, score in unseen.items():
        print(f"    {name:>22}: {score:.1%}")
    units = ", ".join(f"{share:.1%}" for share in active)
    print(f"images that the two units of the plain autoencoder react to: {units}")

    draw(maps, scores, times, y_test, args.out / "projection.png")
    base.report(
        "projection",
        args,
        verdict(right, repeated),
        accuracy=scores,
        repeated=repeated,
        accuracy_unseen=unseen,
        map_seconds=seconds,
        active=active,
    )


if __name__ == "__main__":
    common.run(main)

"""Neighbours: do near codes mean similar images?

The post: 「有些時候我們會用這個新空間來判斷每筆資料之間的接近程度」 (sometimes this new
space is used to tell how near the data are to each other). Asked twice of the code of
deep_ae.py, the pixels, and PCA of the same size: how many of an image's five nearest
have its digit, and how well does a 5-nearest-neighbour (5-NN) classifier do?

    python deep_ae.py
    python claims/neighbours.py
"""

import shared  # first: it makes the project's folder importable
import common
import numpy as np
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors


def nearest(codes, k):
    """Return the indices of the k nearest others of each code, (n, k), nearest first.

    Args:
        codes: (n, d), compared by Euclidean distance.
        k: at most n - 1.
    """
    # kneighbors() without an argument leaves the query itself out.
    model = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=-1).fit(codes)
    return model.kneighbors(return_distance=False)


def right_guesses(train_codes, y_train, test_codes, y_test):
    """Return whether the 5 nearest training images vote for the label, bool (n,).

    Args:
        train_codes, test_codes: (m, d) and (n, d), compared by Euclidean distance.
        y_train, y_test: digits, (m,) and (n,).
    """
    # For many numbers a search tree is slower than all the distances.
    model = KNeighborsClassifier(n_neighbors=5, algorithm="brute", n_jobs=-1)
    return model.fit(train_codes, y_train).predict(test_codes) == y_test


def compare(ours, theirs):
    """Return a word for one classifier's right guesses, bool (n,), beside another's.

    An exact McNemar test: of the images that only one of the two gets right, each has
    half of them if they are equally good. That must have a probability under 5 %.
    """
    wins, losses = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    if wins == losses or binomtest(wins, wins + losses).pvalue >= 0.05:
        return "as good as"
    return "better than" if wins > losses else "worse than"


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    _, encoder, _ = shared.load_model("deep_ae", args.out)
    (x_train, y_train), (x_test, y_test) = common.load_mnist(args.data)
    if y_train is None or y_test is None:
        raise common.DataError(f"the data file {args.data} has no labels to compare")
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    train_codes = encoder.predict(x_train, verbose=0)
    test_codes = encoder.predict(x_test, verbose=0)
    size = test_codes.shape[1]

    pca = PCA(size, random_state=args.seed).fit(x_train)
    inputs = {
        "784 pixels": (x_train, x_test),
        f"PCA-{size}": (pca.transform(x_train), pca.transform(x_test)),
        f"code, {size} numbers": (train_codes, test_codes),
    }
    neighbours = [nearest(test, k=5) for _, test in inputs.values()]
    by_code = neighbours[-1]
    rows = {"query": x_test[:10]}
    for place in range(5):
        rows[f"neighbour {place + 1}"] = x_test[by_code[:10, place]]
    common.plot_images(rows, args.out / "neighbours.png")
    shown = y_test[by_code[:10]] == y_test[:10, None]
    print(f"{shown.sum()} of the {shown.size} shown have the query's digit")

    print("of the five nearest test images, with the query's digit | 5-NN accuracy:")
    same = [np.mean(y_test[indices] == y_test[:, None]) for indices in neighbours]
    guesses = []
    for (name, (train, test)), share in zip(inputs.items(), same):
        guesses.append(right_guesses(train, y_train, test, y_test))
        print(f"{name:<17} {share:.1%} | {guesses[-1].mean():.2%}")
    pixels, linear, code = guesses
    print(
        f"verdict: {same[2]:.1%} of the five nearest codes have the query's digit "
        f"(pixels {same[0]:.1%}, PCA {same[1]:.1%}); for a classifier the code is "
        f"{compare(code, pixels)} the pixels and {compare(code, linear)} PCA"
    )


if __name__ == "__main__":
    common.run(main)

"""Neighbours: do near codes mean similar images?

The post: 「有些時候我們會用這個新空間來判斷每筆資料之間的接近程度」 (sometimes this new
space is used to tell how near the data are to each other). Asked twice of the code of
deep_ae.py, trained with three seeds, of the pixels, and of PCA of the same size: how
many of an image's five nearest have its digit, and how well does a 5-nearest-neighbour
(5-NN) classifier do?

    python deep_ae.py
    python claims/neighbours.py
"""

import base
import common
import deep_ae
import numpy as np
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

LONG = True  # deep_ae.py's training twice
RETRAINED = 2  # further seeds


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
    """Return what an exact McNemar test makes of two classifiers, a dict.

    Of the images that only one of the two gets right, each has half of them if they are
    equally good; `p` is the probability of a split at least as uneven as this one.

    Args:
        ours, theirs: right guesses, bool (n,), of the same images.

    Returns:
        `wins` and `losses` (images that only one gets right), and `p`.
    """
    wins = int(np.sum(ours & ~theirs))
    losses = int(np.sum(~ours & theirs))
    p = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return {"wins": wins, "losses": losses, "p": p}


def in_words(tests, other):
    """Return what the tests of all seeds, a list of `compare`s, show together."""
    ps = [test["p"] for test in tests]
    better = [test["wins"] > test["losses"] for test in tests]
    if max(ps) < 0.05 and len(set(better)) == 1:
        word = "better" if better[0] else "worse"
        return f"{word} than {other} with every seed (p at most {max(ps):.2g})"
    return f"not seen to differ from {other} with every seed (p up to {max(ps):.2g})"


def wrong_neighbours(labels, by_code, shown):
    """Return {query: its neighbours with another digit}, of the first `shown` queries.

    Args:
        labels: digits, (n,).
        by_code: what `nearest` returned, (n, k).
    """
    wrong = np.sum(labels[by_code[:shown]] != labels[:shown, None], axis=1)
    return {query: int(count) for query, count in enumerate(wrong) if count}


def verdict(measured, tests):
    """Return the verdict.

    Args:
        measured: {"pixels", "pca": a dict, "code": a list of them, one a seed}, each
            with `same` (the share of neighbours with the query's digit) and `accuracy`.
        tests: {"pixels", "pca": a list of `compare`, one a seed}.
    """
    shares = [own["same"] for own in measured["code"]]
    places = []
    for key, name in ("pixels", "pixels"), ("pca", "PCA"):
        other = measured[key]["same"]
        if min(shares) > other:
            word = "more than"
        elif max(shares) < other:
            word = "fewer than"
        else:
            word = "about as many as"
        places.append(f"{word} with {name} ({other:.1%})")
    classifier = [in_words(tests["pixels"], "pixels"), in_words(tests["pca"], "PCA")]
    return (
        f"{min(shares):.1%} to {max(shares):.1%} of the five nearest codes have the "
        f"query's digit, {' and '.join(places)}"
        f"; for a 5-NN classifier the code is {' and '.join(classifier)}"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=deep_ae.epochs)
    models = base.load_model("deep_ae", args.out)
    (x_train, y_train), (x_test, y_test) = base.load_images(args)
    base.check_labels(y_train, x_train, args)
    base.check_labels(y_test, x_test, args)

    encoders = [models[1]]
    for seed in range(args.seed + 1, args.seed + RETRAINED + 1):
        again, _ = base.train_again(
            deep_ae, x_train, x_test, seed=seed, epochs=args.epochs
        )
        encoders.append(again[1])

    size = encoders[0].output_shape[-1]
    pca = PCA(size, random_state=args.seed).fit(x_train)
    inputs = {
        "784 pixels": (x_train, x_test),
        f"PCA-{size}": (pca.transform(x_train), pca.transform(x_test)),
    }
    for seed, encoder in enumerate(encoders, start=args.seed):
        codes = base.encode(encoder, x_train), base.encode(encoder, x_test)
        inputs[f"code, seed {seed}"] = codes

    print("of the five nearest test images, with the query's digit | 5-NN accuracy:")
    neighbours = []
    guesses = []
    measured = []
    for name, (train, test) in inputs.items():
        neighbours.append(nearest(test, k=5))
        guesses.append(right_guesses(train, y_train, test, y_test))
        same = float(np.mean(y_test[neighbours[-1]] == y_test[:, None]))
        accuracy = float(guesses[-1].mean())
        measured.append({"same": same, "accuracy": accuracy})
        print(f"{name:<17} {same:.1%} | {accuracy:.2%}")

    tests = {}
    for name, theirs in zip(("pixels", "pca"), guesses):
        tests[name] = [compare(ours, theirs) for ours in guesses[2:]]
        for test in tests[name]:
            print(
                f"code against {name}: only the code is right {test['wins']} times, "
                f"only the other {test['losses']} times, p = {test['p']:.3g}"
            )

    by_code = neighbours[2]
    rows = {"query": x_test[:10]}
    for place in range(5):
        rows[f"neighbour {place + 1}"] = x_test[by_code[:10, place]]
    common.plot_images(rows, args.out / "neighbours.png")
    wrong = wrong_neighbours(y_test, by_code, 10)
    places = [f"{count} of test image {query}" for query, count in wrong.items()]
    print(f"wrong neighbours in the picture: {', '.join(places) or 'none'}")
    one = {str(y_test[query]): count for query, count in wrong.items()}

    pixels, linear, *codes = measured
    measured = {"pixels": pixels, "pca": linear, "code": codes}
    base.report(
        "neighbours",
        args,
        verdict(measured, tests),
        measured=measured,
        tests=tests,
        same={
            "low": min(own["same"] for own in codes),
            "high": max(own["same"] for own in codes),
        },
        wrong_neighbours={str(query): count for query, count in wrong.items()},
        all_wrong_of=one if len(wrong) == 1 else {},  # {digit of the only query: count}
    )


if __name__ == "__main__":
    common.run(main)

"""claims/neighbours.py: whose neighbours are shown, who votes, and the verdict."""

import common
import keras
import numpy as np
import pytest

pytest.importorskip("sklearn")
import deep_ae
import neighbours as claim
from sklearn.decomposition import PCA


def by_hand(codes, query):
    """The other codes' indices, nearest first."""
    distances = ((codes - codes[query]) ** 2).sum(axis=1)
    distances[query] = -1  # the query is the first, and left out
    return np.argsort(distances, kind="stable")[1:]


def test_the_nearest_are_not_the_query_itself():
    codes = np.random.default_rng(0).random((40, 3), np.float32)
    nearest = claim.nearest(codes, 5)
    assert nearest.shape == (40, 5)
    for query in range(40):
        assert nearest[query].tolist() == by_hand(codes, query)[:5].tolist()
    same = np.zeros((8, 3), np.float32)  # of equal codes, too, the query is left out
    for query, others in enumerate(claim.nearest(same, 5)):
        assert query not in others and len(set(others)) == 5


def vote(train_codes, y_train, codes):
    """Each code's digit by its 5 nearest training codes; a tie goes to the lower."""
    nearest = [((train_codes - code) ** 2).sum(axis=1).argsort()[:5] for code in codes]
    return np.array([np.bincount(y_train[five]).argmax() for five in nearest])


def test_the_five_nearest_training_images_vote():
    random = np.random.default_rng(0)
    train, test = random.random((200, 3)), random.random((300, 3))
    y_train, y_test = random.integers(0, 3, 200), random.integers(0, 3, 300)
    right = claim.right_guesses(train, y_train, test, y_test)
    np.testing.assert_array_equal(right, vote(train, y_train, test) == y_test)


def test_better_and_worse_are_no_chance():
    few, many = np.zeros(100, bool), np.zeros(100, bool)
    few[:10] = many[:10] = True
    assert claim.compare(few, many) == "as good as"  # the same
    many[10:15] = True  # 5 to 0 has a probability of 6 %, 6 to 0 of 3 %
    assert claim.compare(few, many) == claim.compare(many, few) == "as good as"
    many[15] = True
    assert claim.compare(many, few) == "better than"
    assert claim.compare(few, many) == "worse than"


def test_what_is_drawn_and_printed(tiny_npz, tmp_path, drawn, capsys, monkeypatch):
    monkeypatch.setattr(deep_ae, "encoding_dim", 7)
    keras.utils.set_random_seed(0)
    autoencoder, encoder, _ = deep_ae.build_autoencoder()
    autoencoder.save(tmp_path / "deep_ae.keras")
    claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    text = capsys.readouterr().out

    (x_train, y_train), (x_test, y_test) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    codes = encoder.predict(x_test, verbose=0)
    rows = drawn["neighbours.png"]
    assert list(rows) == ["query", *(f"neighbour {place}" for place in range(1, 6))]
    np.testing.assert_array_equal(rows["query"], x_test[:10])
    shown = []
    for query in range(20):
        indices = by_hand(codes, query)[:5]
        shown.append(y_test[indices] == y_test[query])
        for place, index in enumerate(indices, start=1):
            if query < 10:
                image = rows[f"neighbour {place}"][query]
                np.testing.assert_array_equal(image, x_test[index])
    assert f"{np.sum(shown[:10])} of the 50 shown have the query's digit" in text

    pca = PCA(7, svd_solver="full").fit(x_train)
    for name, transform in {
        "784 pixels": lambda images: images,
        "PCA-7": pca.transform,
        "code, 7 numbers": lambda images: encoder.predict(images, verbose=0),
    }.items():
        train, test = transform(x_train), transform(x_test)
        right = vote(train, y_train, test) == y_test
        near = np.array([by_hand(test, query)[:5] for query in range(20)])
        same = np.mean(y_test[near] == y_test[:, np.newaxis])
        assert f"{name:<17} {same:.1%} | {right.mean():.2%}\n" in text
    assert text.splitlines()[-1].startswith("verdict: ")


def test_the_verdict_names_the_right_side(
    tiny_npz, tmp_path, drawn, capsys, monkeypatch
):
    deep_ae.build_autoencoder()[0].save(tmp_path / "deep_ae.keras")
    for right, words in (
        ({784: 0, 32: 20}, "the code is better than the pixels and"),
        ({784: 20, 32: 0}, "the code is worse than the pixels and as good as PCA"),
    ):
        monkeypatch.setattr(
            claim,
            "right_guesses",
            lambda train, *_, right=right: np.arange(20) < right[train.shape[1]],
        )
        claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
        assert words in capsys.readouterr().out.splitlines()[-1]


def test_what_is_missing_is_named(tiny_arrays, tiny_npz, tmp_path):
    with pytest.raises(common.DataError, match="run python deep_ae.py first"):
        claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    deep_ae.build_autoencoder()[0].save(tmp_path / "deep_ae.keras")
    del tiny_arrays["y_test"]
    np.savez(tmp_path / "no_labels.npz", **tiny_arrays)
    with pytest.raises(common.DataError, match="no_labels.npz has no labels"):
        claim.main(["--data", f"{tmp_path}/no_labels.npz", "--out", str(tmp_path)])

"""claims/projection.py: three maps, one protocol, names where the digits are."""

import pytest

pytest.importorskip("sklearn")
import common
import vae
import keras
from matplotlib import patheffects
from matplotlib.colors import to_rgba_array
import numpy as np
import projection
from sklearn.decomposition import PCA

random = np.random.default_rng(0)


def test_codes_that_are_apart_are_all_right_and_random_ones_a_tenth():
    labels = random.permutation(np.arange(1000) % 10)
    apart = np.stack([labels, labels**2], axis=1) + 0.01 * random.random((1000, 2))
    assert projection.neighbour_accuracy(apart, labels, seed=0) == 1
    anywhere = projection.neighbour_accuracy(random.random((1000, 2)), labels, seed=0)
    assert anywhere == pytest.approx(0.1, abs=0.04)


def test_the_folds_are_shuffled():
    # Sorted by digit and unshuffled, a fold would hold two digits that no other has.
    labels = np.sort(np.arange(500) % 10)
    apart = np.stack([labels, labels], axis=1) + 0.01 * random.random((500, 2))
    assert projection.neighbour_accuracy(apart, labels, seed=0) == 1


def save_untrained(out):
    """Save an untrained VAE in the folder `out`; return its encoder."""
    keras.utils.set_random_seed(1)
    autoencoder, encoder, _ = vae.build_autoencoder()
    autoencoder.save(out / "vae.keras")
    return encoder


def test_three_maps_one_protocol(tiny_npz, tmp_path, monkeypatch, drawn, capsys):
    encoder, calls = save_untrained(tmp_path), []
    monkeypatch.setattr(
        projection,
        "neighbour_accuracy",
        lambda *args: calls.append(args) or len(calls) / 10,
    )
    flags = ["--data", str(tiny_npz), "--out", str(tmp_path), "--seed", "5"]
    projection.main(flags)

    (x_train, _), (x_test, y_test) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    assert len(calls) == 3
    for codes, labels, seed in calls:
        assert codes.shape == (20, 2) and seed == 5
        np.testing.assert_array_equal(labels, y_test)
    (pca, *_), _, (means, *_) = calls
    expected = PCA(2).fit(x_train).transform(x_test)  # fitted on training images
    np.testing.assert_allclose(np.abs(pca), np.abs(expected), atol=1e-3)
    expected = encoder.predict(x_test, verbose=0)[0]
    np.testing.assert_allclose(means, expected, atol=1e-5)

    axes = drawn["projection.png"].get_axes()
    for axis, name, (codes, *_), text in zip(
        axes, ("PCA", "t-SNE", "VAE"), calls, ("10.0%", "20.0%", "30.0%"), strict=True
    ):
        assert axis.get_title().startswith(f"{name}: {text}")
        np.testing.assert_allclose(axis.collections[0].get_offsets(), codes)
    printed = capsys.readouterr().out
    assert "PCA: 10.0% by 5 neighbours" in printed and "VAE: 30.0% by 5" in printed
    assert printed.splitlines()[-1] == projection.verdict(
        {"PCA": 0.1, "t-SNE": 0.2, "VAE": 0.3}
    )


def test_points_have_their_digits_colour_and_names_stand_at_the_medians(
    tmp_path, drawn
):
    labels = np.arange(30) % 10
    codes = random.random((2, 30, 2))
    projection.draw(dict(zip("ab", codes)), labels, tmp_path / "map.png")
    axis, _ = drawn["map.png"].get_axes()
    colors = to_rgba_array(projection.COLORS)
    assert len(np.unique(colors, axis=0)) == 10
    assert len(axis.texts) == 10
    points = axis.collections[0].get_facecolors()
    np.testing.assert_array_equal(points, colors[labels])
    for digit, text in enumerate(axis.texts):
        assert text.get_text() == str(digit)
        # of three images, so that the median is not the mean
        median = np.median(codes[0, digit::10], axis=0)
        np.testing.assert_allclose(text.get_position(), median)
        (outline,) = text.get_path_effects()[:1]
        assert isinstance(outline, patheffects.withStroke)


def test_no_labels_or_another_size_is_one_sentence(
    tiny_arrays, tiny_npz, tmp_path, monkeypatch
):
    monkeypatch.setattr(projection, "PCA", None)  # no work is begun
    save_untrained(tmp_path)
    del tiny_arrays["y_test"]
    np.savez(tmp_path / "unlabelled.npz", **tiny_arrays)
    flags = ["--out", str(tmp_path), "--data"]
    with pytest.raises(common.DataError, match="labels"):
        projection.main([*flags, str(tmp_path / "unlabelled.npz")])
    monkeypatch.setattr(vae, "latent_dim", 3)
    save_untrained(tmp_path)
    with pytest.raises(common.DataError, match="vae.keras has 3"):
        projection.main([*flags, str(tiny_npz)])


def test_the_verdict_flips():
    text = projection.verdict({"PCA": 0.4, "t-SNE": 0.95, "VAE": 0.8})
    assert "better than PCA (80.0% against 40.0%)" in text
    assert "worse than PCA" not in text
    assert "worse than t-SNE (80.0% against 95.0%)" in text
    text = projection.verdict({"PCA": 0.8, "t-SNE": 0.7, "VAE": 0.75})
    assert "worse than PCA (75.0% against 80.0%)" in text
    assert "and better than t-SNE (75.0% against 70.0%)" in text

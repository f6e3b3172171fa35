"""claims/outliers.py: its images, AUROC and threshold, by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import outliers as claim


def test_auroc_by_hand():
    assert claim.auroc(np.array([1, 2, 3]), np.array([4, 5])) == 1
    assert claim.auroc(np.array([1, 2, 3]), np.array([0])) == 0
    # of six pairs the outlier has more in three, and as much in one
    assert claim.auroc(np.array([1, 2, 3]), np.array([2, 4])) == pytest.approx(4.5 / 6)


def test_alarms_are_above_the_95th_percentile_of_known_images():
    known = np.arange(101.0)[:, None]  # the score is the pixel: the threshold is 95
    inliers = np.array([[0], [95], [96], [99]])
    sets = {"odd": np.array([[94], [95], [97], [200.0]])}
    for name in "net", "white":
        found = claim.judge(name, lambda images: images[:, 0], known, inliers, sets)
        assert found["threshold"] == pytest.approx(95)
        assert found["false_alarms"] == 0.5 and found["misses"]["odd"] == 0.5
        assert found["mse"] == 72.5
    sets = {"odd": -sets["odd"]}
    found = [
        claim.judge(name, lambda images: images[:, 0], known, inliers, sets)
        for name in ("net", "white")
    ]
    assert found[0]["auroc"]["odd"] == 0  # an error that is small is no alarm
    assert found[1]["auroc"]["odd"] == 1  # of the white the better sign counts


def test_characters_are_drawn_as_digits_are():
    for font in claim.FONTS:
        for character in "RT7":
            image = claim.draw(character, font)
            assert image.shape == (28, 28) and image.dtype == np.float32
            assert image.max() <= 1 and image.min() == 0
            assert np.any((image > 0.1) & (image < 0.9))  # anti-aliased
            filled = [np.flatnonzero(image.any(axis=axis)) for axis in (0, 1)]
            assert max(np.ptp(places) + 1 for places in filled) in (19, 20)
            centre = np.average(np.indices((28, 28)).reshape(2, -1), 1, image.ravel())
            # to the nearest pixel, if the box allows it: the T touches the border
            assert abs(centre - 13.5).max() <= (0.51 if character != "T" else 3)


def test_the_sets_hold_what_their_names_say():
    x_test = np.random.default_rng(0).random((10, 784), np.float32)
    sets = claim.outliers(x_test, np.arange(10))
    seven = x_test[7].reshape(28, 28)
    np.testing.assert_array_equal(sets["turned"][2], np.rot90(seven, 2).ravel())
    np.testing.assert_array_equal(sets["mirrored"][2], np.fliplr(seven).ravel())
    assert len(sets["turned"]) == 3
    assert not set(claim.LETTERS) & set("BGILOQSZbgiloqsz")  # look like digits
    assert len(sets["photographs"]) > 150 and sets["photographs"].std() > 0.1
    assert sets["black"].max() == 0


def test_controls_by_hand():
    x_train = np.random.default_rng(0).random((40, 784), np.float32)
    scores = claim.controls(x_train, [2])
    images = x_train[:3]
    difference = images - x_train.mean(axis=0)
    by_hand = np.mean(difference**2, axis=1)
    np.testing.assert_allclose(scores["mean image"](images), by_hand, rtol=1e-5)
    assert np.all(scores["PCA-2"](images) < by_hand)
    np.testing.assert_allclose(scores["white"](images), images.mean(axis=1))


def test_models_of_other_seeds_are_in_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(claim.base, "load_model", lambda name, out: (name, out))
    found = claim.load_networks(tmp_path, 3)
    folders = [tmp_path, tmp_path / "seed-1", tmp_path / "seed-2"]
    assert found["vae"] == [("vae", folder) for folder in folders]
    assert claim.load_networks(tmp_path, 1)["vae"] == [("vae", tmp_path)]

    def missing(name, out):
        if out != tmp_path:
            raise claim.common.DataError(f"run python {name}.py first")

    monkeypatch.setattr(claim.base, "load_model", missing)
    flags = "simple_ae.py first, with --seed 1 --out .*seed-1$"
    with pytest.raises(claim.common.DataError, match=flags):
        claim.load_networks(tmp_path, 2)


def judged(**chances):
    """Return what `judge` returned with each seed: AUROCs of networks, by hand."""
    mses = {"simple_ae": 0.01, "sparse_ae": 0.008, "deep_ae": 0.005}
    mses |= {"conv_ae": 0.002, "vae": 0.03}
    results = {}
    for name in (*claim.NETWORKS, *(f"PCA-{size}" for size in claim.PCA_SIZES)):
        results[name] = [
            {"mse": mses.get(name, 0.1), "auroc": dict.fromkeys(claim.HARD, chance)}
            for chance in chances.get(name, [0.8])
        ]
    results["PCA-8"][0]["auroc"] = dict.fromkeys(claim.HARD, 0.85)
    return results


def test_the_verdict_flips():
    left_out = {
        digit: {
            "simple_ae": {"misses": {str(digit): share}},
            "PCA-32": {"misses": {str(digit): share / 2}},
        }
        for digit, share in {0: 0.7, 1: 1.0, 2: 0.5}.items()
    }

    def says(**chances):
        return claim.verdict(judged(**chances), left_out)

    found = says(simple_ae=[0.8, 0.8], conv_ae=[0.6, 0.65], vae=[0.85, 0.9])
    assert "conv_ae, with the least error on digits, is the worst (0.600 to" in found
    assert "vae, with the largest error on digits, is the best (0.850 to" in found
    assert "(mean AUROC; 2 seeds)" in found
    assert "PCA-8 is best (0.850)" in found
    assert "100% of the 1s and 50% of the 2s, PCA-32 50% and 25%" in found
    found = says(simple_ae=[0.8, 0.8], conv_ae=[0.9, 0.95], vae=[0.1, 0.2])
    assert "digits, is the best (0.900" in found
    assert "digits, is the worst (0.100" in found

    # The ranges touch.
    assert "neither" in says(conv_ae=[0.6, 0.81], vae=[0.85, 0.9])
    # With one seed a margin stands for the range.
    found = says(conv_ae=[0.79], vae=[0.84])
    assert "conv_ae, with the least error on digits, is neither" in found
    assert "vae, with the largest error on digits, is the best" in found
    assert "one seed, so 0.03 more or less is no difference" in found

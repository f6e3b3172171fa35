"""claims/pca.py: PCA is NumPy's, what it needs, and the verdict."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
import pca as claim
from sklearn.decomposition import PCA


def test_pca_is_numpys_svd():
    random = np.random.default_rng(0)
    x_train = random.random((300, 784), np.float32) ** 3
    x_test = 9 * random.standard_normal((20, 784), dtype=np.float32)
    pca = PCA().fit(x_train)
    mean = x_train.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(x_train - mean, full_matrices=False)
    by_hand = (x_test - mean) @ directions[:5].T @ directions[:5] + mean
    assert by_hand.min() < 0 and by_hand.max() > 1  # there is something to clip
    for low in 0, 0.02:
        decoded = claim.decode(pca, pca.transform(x_test), 5, low)
        np.testing.assert_allclose(decoded, by_hand.clip(low, 1 - low), atol=3e-4)


def test_the_known_values_of_the_baselines(mnist):
    (x_train, _), (x_test, _) = mnist
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    pca = PCA().fit(x_train)
    codes = pca.transform(x_test)
    for size, bce, mse in (2, 0.2303, 0.0555), (32, 0.1174, 0.0152):
        errors = claim.errors(x_test, claim.decode(pca, codes, size))
        assert errors == pytest.approx({"bce": bce, "mse": mse}, abs=5e-5)


def test_how_many_numbers_made_up_images_need():
    random = np.random.default_rng(0)
    directions = np.linalg.qr(random.standard_normal((784, 3)))[0].T
    images = 0.5 + random.uniform(-1, 1, (50, 3)) * [3, 2, 1] @ directions  # 3 numbers
    images = images.astype(np.float32)
    assert 0 < images.min() and images.max() < 1
    pca = PCA().fit(images)
    two = claim.errors(images, claim.decode(pca, pca.transform(images), 2))
    for measure in "bce", "mse":
        assert claim.needed(pca, images, measure, 9) == 1
        assert claim.needed(pca, images, measure, two[measure]) == 2
        assert claim.needed(pca, images, measure, two[measure] - 1e-6) == 3
        assert claim.needed(pca, images, measure, -1) is None


def test_the_best_margin_is_that_of_the_best_bce():
    random = np.random.default_rng(0)
    images = np.where(random.random((200, 784)) < 0.2, 1, 0).astype(np.float32)
    images[:, ::2] *= 0.99
    pca = PCA().fit(images)
    low = claim.best_margin(pca, images, 3)
    codes = pca.transform(images)
    bces = {
        margin: claim.errors(images, claim.decode(pca, codes, 3, margin))["bce"]
        for margin in (0, 1e-4, 1e-2)
    }
    found = claim.errors(images, claim.decode(pca, codes, 3, low))["bce"]
    assert found <= min(bces.values())


def test_the_verdict_says_what_brings_the_gain():
    pca, network = {"bce": 0.12, "mse": 0.015}, {"bce": 0.10, "mse": 0.010}
    steps = {"+ BCE": {"bce": 0.101}, "+ sigmoid": {"bce": 0.11}}
    says = claim.verdict(pca, steps, network, 0.993)
    assert "has 95% of that gain (50% if trained by MSE)" in says and "99.3%" in says
    assert "its MSE lower" in says
    assert "not below PCA's" in claim.verdict(network, steps, pca, 0.993)

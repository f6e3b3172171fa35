"""claims/pca.py: PCA is NumPy's, what it needs, and tied weights are tied."""

import pytest

pytest.importorskip("sklearn")
import keras
import numpy as np
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
    for margin in 0, 0.02:
        decoded = claim.decode(pca, pca.transform(x_test), 5, margin)
        np.testing.assert_allclose(decoded, by_hand.clip(margin, 1 - margin), atol=3e-4)


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


@pytest.mark.parametrize("name", claim.NETWORKS)
def test_a_network_is_what_its_name_says(name):
    code, output, loss = claim.NETWORKS[name]
    _, encoder, decoder = claim.build(name)
    x = np.random.default_rng(1).random((4, 784), np.float32)
    assert (encoder.predict(x, verbose=0).min() < 0) == (code == "linear")
    codes = np.random.default_rng(2).normal(0, 50, (4, 32))
    decoded = decoder.predict(codes, verbose=0)
    assert (decoded.min() < 0 and decoded.max() > 1) == (output == "linear")
    assert ("relu" in name or name.startswith("simple_ae")) == (code == "relu")
    assert ("by MSE" in name or name == "+ sigmoid") == (loss == claim.MSE)


def test_tied_weights_are_one_matrix_and_stay_one():
    autoencoder, encoder, decoder = claim.build("simple_ae, tied")
    assert autoencoder.count_params() == 784 * 32 + 32 + 784
    x = np.random.default_rng(0).random((64, 784), np.float32)
    before = encoder.layers[-1].kernel.numpy()
    autoencoder.compile("adam", "binary_crossentropy")
    autoencoder.fit(x, x, epochs=2, verbose=0)
    kernel, bias = encoder.layers[-1].get_weights()
    assert np.abs(kernel - before).max() > 1e-4
    codes = np.maximum(x @ kernel + bias, 0)
    logits = codes @ kernel.T + decoder.layers[-1].bias.numpy()
    expected = keras.ops.sigmoid(logits)
    np.testing.assert_allclose(autoencoder.predict(x, verbose=0), expected, atol=1e-5)


def test_a_rate_is_chosen_by_the_loss_that_is_trained_with(monkeypatch):
    sets = claim.experiment.Sets(
        *(claim.experiment.Images(np.full((12, 784), x), None) for x in (1, 2, 3, 4))
    )
    trained = []
    monkeypatch.setattr(claim, "train", lambda *a: trained.append(a) or (a, None))
    monkeypatch.setattr(claim.experiment, "encode", lambda *_: np.array([0, 1]))
    monkeypatch.setattr(
        claim.experiment, "reconstruct", lambda models, images: images * models[0][1]
    )
    by = {"bce": lambda rate: abs(rate - 0.01), "mse": lambda rate: abs(rate - 0.02)}
    monkeypatch.setattr(
        claim,
        "errors",
        lambda images, decoded: {k: by[k](decoded[0, 0] / images[0, 0]) for k in by},
    )
    for name, (_, _, loss) in claim.NETWORKS.items():
        trained.clear()
        row, digits = claim.measure(name, sets, [3, 4, 5], 0.0)
        assert row["rate"] == (0.01 if loss == claim.BCE else 0.02)
        chosen_by, ended = trained[:-3], trained[-3:]
        assert {a[3][0, 0] for a in chosen_by} == {2} and ended[0][3][0, 0] == 1
        assert [a[:3] for a in ended] == [(name, row["rate"], n) for n in (3, 4, 5)]
        assert digits[0, 0] == pytest.approx(min(4 * row["rate"], 1))

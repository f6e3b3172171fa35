"""claims/pca.py: PCA is NumPy's, where it crosses the network, and the verdict."""

import common
import numpy as np
import pytest

pytest.importorskip("sklearn")
import shared
import simple_ae
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
        np.testing.assert_allclose(decoded, by_hand.clip(low, 1 - low), atol=1e-4)


def test_the_known_values_of_the_baselines(mnist):
    (x_train, _), (x_test, _) = mnist
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    pca = PCA().fit(x_train)
    codes = pca.transform(x_test)
    for size, known in (2, (0.2303, 0.0555)), (32, (0.1174, 0.0152)):
        errors = claim.errors(x_test, claim.decode(pca, codes, size))
        assert errors == pytest.approx(known, abs=5e-5)


def test_the_crossing_point_of_made_up_images():
    random = np.random.default_rng(0)
    directions = np.linalg.qr(random.standard_normal((784, 3)))[0].T
    images = 0.5 + random.uniform(-1, 1, (50, 3)) * [3, 2, 1] @ directions  # 3 numbers
    images = images.astype(np.float32)
    assert 0 < images.min() and images.max() < 1
    pca = PCA().fit(images)
    for measure in 0, 1:
        two = claim.errors(images, claim.decode(pca, pca.transform(images), 2))[measure]
        assert claim.crossing(pca, images, measure, 9) == 1
        assert claim.crossing(pca, images, measure, two) == 2
        assert claim.crossing(pca, images, measure, two - 1e-6) == 3
        assert claim.crossing(pca, images, measure, -1) is None


def test_the_face_is_an_image():
    face = claim.load_face()
    assert face.shape == (1, 784) and face.dtype == np.float32
    assert 0 <= face.min() < 0.2 and 0.8 < face.max() <= 1


def run(tiny_npz, tmp_path, capsys):
    claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])
    return capsys.readouterr().out


def test_what_is_drawn_and_printed(tiny_npz, tmp_path, drawn, capsys):
    simple_ae.build_autoencoder()[0].save(tmp_path / "simple_ae.keras")
    text = run(tiny_npz, tmp_path, capsys)
    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    autoencoder, _, _ = shared.load_model("simple_ae", tmp_path)
    decoded = autoencoder.predict(x_test, verbose=0)
    images = np.concatenate([x_test[:10], claim.load_face()])

    rows = drawn["pca.png"]
    assert list(rows) == ["original", "PCA-32", "autoencoder"]
    np.testing.assert_array_equal(rows["original"], images)
    pca = PCA(32, svd_solver="full").fit(x_train)
    by_pca = pca.inverse_transform(pca.transform(images)).clip(0, 1)
    np.testing.assert_allclose(rows["PCA-32"], by_pca, atol=1e-4)
    np.testing.assert_allclose(rows["autoencoder"][:10], decoded[:10], atol=1e-5)

    table = {
        line.rsplit(maxsplit=2)[0]: line.split()[-2:] for line in text.splitlines()[1:8]
    }
    names = ["PCA-2", "PCA-32", "PCA-128", "simple_ae, 32", "floor"]
    assert list(table) == ["untrained sigmoid", "mean image", *names]
    assert table["untrained sigmoid"][0] == "0.6931"
    assert table["floor"][1] == "0.0000"
    bce, mse = claim.errors(x_test, decoded)
    assert table["simple_ae, 32"] == [f"{bce:.4f}", f"{mse:.4f}"]
    face, by_pca = images[10:], by_pca[10:]
    mses = [np.mean((face - y) ** 2) for y in (rows["autoencoder"][10:], by_pca)]
    assert f"face: MSE {mses[0]:.4f} by the network, {mses[1]:.4f} by PCA-32" in text
    verdict = text.splitlines()[-1]
    assert verdict.startswith("verdict: ") and verdict.count("worse (") >= 2


def test_the_verdict_flips(tiny_npz, tmp_path, drawn, capsys, monkeypatch):
    class Perfect:  # its output is its input
        output_shape = None, 32

        def predict(self, images, verbose):
            return images

    monkeypatch.setattr(shared, "load_model", lambda *_: (Perfect(), Perfect(), None))
    verdict = run(tiny_npz, tmp_path, capsys).splitlines()[-1]
    assert verdict.count("better (") == 3 and "worse" not in verdict


def test_a_missing_model_is_named(tiny_npz, tmp_path):
    with pytest.raises(common.DataError, match="run python simple_ae.py first"):
        claim.main(["--data", str(tiny_npz), "--out", str(tmp_path)])

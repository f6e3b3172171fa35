"""simple_ae.py: one seed, one result; the comparison with PCA."""

import common
import numpy as np

import simple_ae


def run(tiny_npz, out, capsys, seed):
    simple_ae.main(
        [*f"--epochs 2 --batch-size 8 --seed {seed} --data".split(), str(tiny_npz)]
        + ["--out", str(out)]
    )
    lines = capsys.readouterr().out.splitlines()
    return [line.rpartition("|")[0] or line for line in lines if " BCE " in line]


def test_the_same_seed_gives_the_same_numbers(tiny_npz, tmp_path, drawn_rows, capsys):
    first = run(tiny_npz, tmp_path, capsys, seed=3)
    assert len(first) == 3
    assert run(tiny_npz, tmp_path, capsys, seed=3) == first
    assert run(tiny_npz, tmp_path, capsys, seed=4) != first


def test_the_rows_beside_pca(tiny_npz, tmp_path, drawn_rows, capsys):
    printed = run(tiny_npz, tmp_path, capsys, seed=0)
    rows = drawn_rows["simple_ae_baselines.png"]
    assert list(rows) == ["original", "PCA", "autoencoder"]

    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    face = common.load_face()
    images = np.concatenate([x_test[:10], face[np.newaxis]]).reshape(11, 784)
    np.testing.assert_array_equal(rows["original"], images)
    pca = common.PCA(x_train, 32)
    np.testing.assert_allclose(rows["PCA"], pca.decode(pca.encode(images)), atol=1e-5)
    mse = common.mean_squared_error(x_test, pca.decode(pca.encode(x_test)))
    face_mse = common.mean_squared_error(images[10:], rows["PCA"][10:])
    assert f"MSE {mse:.4f}; face MSE {face_mse:.4f}" in printed[0]

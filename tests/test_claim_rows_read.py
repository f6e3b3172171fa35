"""claims/rows_read.py: the first rows only, read by the decoder and by a regression."""

import pytest

pytest.importorskip("sklearn")
import common
import seq2seq_ae
import keras
import numpy as np
import rows_read

random = np.random.default_rng(0)


def test_the_regression_reads_rows_that_the_state_holds():
    rows = random.random((300, 2, 28), np.float32)
    states = rows.reshape(300, -1) @ random.standard_normal((56, 56))
    read = rows_read.read_out(states[:200], rows[:200], states[200:])
    assert read.shape == (100, 2, 28)
    assert rows_read.mse(rows[200:], read) < 1e-4


def test_from_noise_it_reads_no_more_than_the_mean_image():
    rows = random.random((600, 2, 28), np.float32)
    noise = random.standard_normal((600, 20))
    read = rows_read.read_out(noise[:500], rows[:500], noise[500:])
    mean_image = rows_read.mse(rows[500:], rows[:500].mean(axis=0))
    assert rows_read.mse(rows[500:], read) == pytest.approx(mean_image, rel=0.03)


def test_what_is_read_is_clipped():
    rows = np.round(random.random((60, 1, 28)))
    states = random.standard_normal((60, 40)) + 9 * rows.reshape(60, -1)[:, :1]
    read = rows_read.read_out(states, rows, 100 * states)
    assert read.min() >= 0 and read.max() <= 1


def test_the_first_rows_only_and_fitted_on_training_images(
    tiny_npz, tmp_path, monkeypatch, drawn, capsys
):
    calls = []

    def spy(train_states, train_rows, test_states):
        calls.append((train_states, train_rows, test_states))
        return read_out(train_states, train_rows, test_states)

    read_out = rows_read.read_out
    monkeypatch.setattr(rows_read, "read_out", spy)
    keras.utils.set_random_seed(0)
    _, encoder, decoder = models = seq2seq_ae.build_autoencoder()
    models[0].save(tmp_path / "seq2seq_ae.keras")
    rows_read.main(["--data", str(tiny_npz), "--out", str(tmp_path)])

    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    pictures = drawn["rows_read.png"]
    expected = ["original"]
    for read in 7, 14, 21, 28:
        expected += [f"{read} rows: decoder", f"{read} rows: ridge"]
    assert list(pictures) == expected
    np.testing.assert_array_equal(pictures["original"], x_test[:10])

    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("verdict: ")
    for read, (train_states, train_rows, states) in zip((7, 14, 21, 28), calls):
        np.testing.assert_array_equal(train_rows, x_train[:, :read])
        for images, part in (x_train, train_states), (x_test, states):
            first = encoder.predict(images[:, :read], verbose=0)
            np.testing.assert_allclose(part, first, atol=1e-5)
        decoded = decoder.predict(states, verbose=0)
        drawn_rows = pictures[f"{read} rows: decoder"]
        np.testing.assert_allclose(drawn_rows, decoded[:10], atol=1e-5)
        ridge = pictures[f"{read} rows: ridge"]
        rows = read_out(train_states, train_rows, states)
        np.testing.assert_allclose(ridge[:, :read], rows[:10], atol=1e-5)
        assert ridge.shape == (10, 28, 28) and np.isnan(ridge[:, read:]).all()

        bce = common.binary_crossentropy(x_test[:, :read], decoded[:, :read])
        whole = common.binary_crossentropy(x_test, decoded)
        assert f"BCE of those {bce:.4f}, of 28 {whole:.4f}" in printed
        mean_image = np.mean((x_test[:, :read] - x_train.mean(axis=0)[:read]) ** 2)
        ridge_mse = np.mean((x_test[:, :read] - rows) ** 2)
        assert (
            f"ridge regression {ridge_mse:.4f}, mean image {mean_image:.4f}" in printed
        )


def test_the_verdict_flips():
    final = {28: (0.001, 0.01, 0.07)}
    # 69.6 % is a lower bound: rounded down, or it would claim too much.
    hidden = rows_read.verdict({7: (0.09, 0.01, 0.05), 14: (0.08, 0.0304, 0.1)} | final)
    assert "the 7, 14 rows read the state holds at least 80%, 69%;" in hidden
    assert "shows less than that after 7, 14 of them" in hidden
    assert hidden.endswith("no better than the mean image after 7")
    shown = rows_read.verdict({7: (0.01, 0.05, 0.05), 14: (0.02, 0.1, 0.1)} | final)
    assert "holds at least 0%, 0%; the decoder shows less than that after none" in shown
    assert shown.endswith("no better than the mean image after none")

"""seq2seq_ae.py: what the encoder has read is all that the decoder knows."""

import common
import keras
import numpy as np

import seq2seq_ae


def test_any_number_of_rows_can_be_read():
    keras.utils.set_random_seed(0)
    _, encoder, decoder = seq2seq_ae.build_autoencoder()
    x = np.random.default_rng(0).random((3, 28, 28), np.float32)
    codes = [encoder.predict(x[:, :read], verbose=0) for read in (7, 14, 28)]
    for code in codes:
        assert code.shape == (3, 128) and np.abs(code).max() < 1  # tanh
        assert decoder.predict(code, verbose=0).shape == (3, 28, 28)
    assert np.abs(codes[0] - codes[1]).max() > 1e-3  # each row changes the state


def test_the_figure_decodes_the_first_rows_only(tiny_npz, tmp_path, drawn_rows):
    seq2seq_ae.main(["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)])
    rows = drawn_rows["seq2seq_ae_rows.png"]
    assert list(rows) == ["original", *(f"{n} rows read" for n in (7, 14, 21, 28))]

    _, (x_test, _) = common.load_mnist(tiny_npz)
    model = keras.models.load_model(tmp_path / "seq2seq_ae.keras")
    np.testing.assert_array_equal(rows["original"], x_test[:10])
    for read in 7, 14, 21, 28:
        decoded = model.predict(x_test[:10, :read], verbose=0)
        np.testing.assert_allclose(rows[f"{read} rows read"], decoded, atol=1e-5)

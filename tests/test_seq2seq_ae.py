"""seq2seq_ae.py: rows are read one after the other, and the state is all there is."""

import keras
import numpy as np
import seq2seq_ae


def test_any_number_of_rows_can_be_read_and_their_order_counts():
    keras.utils.set_random_seed(0)
    autoencoder, encoder, decoder = seq2seq_ae.build_autoencoder()
    x = np.random.default_rng(0).random((3, 28, 28), np.float32)
    codes = [encoder.predict(x[:, :read], verbose=0) for read in (7, 14, 28)]
    for code in codes:
        assert code.shape == (3, 128) and np.abs(code).max() < 1  # tanh
        assert decoder.predict(code, verbose=0).shape == (3, 28, 28)
    assert np.abs(codes[0] - codes[1]).max() > 1e-3  # each row changes the state
    upside_down = encoder.predict(x[:, ::-1], verbose=0)
    assert np.abs(codes[2] - upside_down).max() > 1e-3
    assert autoencoder.predict(x[:, :7], verbose=0).shape == (3, 28, 28)

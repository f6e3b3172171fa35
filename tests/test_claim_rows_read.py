"""claims/rows_read.py: what a regression reads from an LSTM, and who is beside whom."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import numpy as np
import rows_read
import seq2seq_ae

random = np.random.default_rng(0)


def test_the_regression_reads_rows_that_the_state_holds():
    rows = random.random((300, 2, 28), np.float32)
    states = rows.reshape(300, -1) @ random.standard_normal((56, 56))
    read = rows_read.read_out(states[:200], rows[:200], states[200:])
    share = rows_read.share_held(rows[200:], read, rows[:200].mean(axis=0))
    assert share > 0.999


def test_from_noise_it_reads_no_more_than_the_mean_image():
    rows = random.random((600, 2, 28), np.float32)
    noise = random.standard_normal((600, 20))
    read = rows_read.read_out(noise[:500], rows[:500], noise[500:])
    share = rows_read.share_held(rows[500:], read, rows[:500].mean(axis=0))
    assert share == pytest.approx(0, abs=0.03)


def test_the_share_of_a_guess_half_way():
    rows = np.array([0.0, 1.0]).reshape(2, 1, 1)
    mean = np.array([[0.5]])
    assert rows_read.share_held(rows, rows, mean) == 1
    assert rows_read.share_held(rows, mean, mean) == 0
    # errors of 0.25 in place of 0.5: a quarter of the variance is left
    assert rows_read.share_held(rows, 0.25 + rows / 2, mean) == pytest.approx(0.75)
    assert rows_read.share_held(rows, 1 - rows, mean) == pytest.approx(-3)


def test_the_code_and_the_cell_are_the_encoders_own():
    _, encoder, _ = seq2seq_ae.build_autoencoder()
    images = random.random((5, 14, 28), np.float32)
    output, cell = rows_read.with_cell(encoder).predict(images, verbose=0)
    np.testing.assert_allclose(output, encoder.predict(images, verbose=0), atol=1e-6)
    # The output is a gate, between 0 and 1, times the tanh of the cell.
    gate = output / np.tanh(cell)
    assert cell.shape == output.shape and gate.min() > 0 and gate.max() < 1


def test_it_is_read_by_what_training_images_teach(monkeypatch):
    monkeypatch.setattr(rows_read, "STEPS", (14,))
    _, encoder, _ = seq2seq_ae.build_autoencoder()
    x_train, x_test = random.random((60, 28, 28), np.float32), np.eye(28)[None]
    shares, readings = rows_read.probe(encoder, x_train, x_test)

    states = [encoder.predict(x[:, :14], verbose=0) for x in (x_train, x_test)]
    expected = rows_read.read_out(states[0], x_train[:, :14], states[1])
    np.testing.assert_allclose(readings[14], expected, atol=1e-4)
    mean_rows = x_train[:, :14].mean(axis=0)
    share = rows_read.share_held(x_test[:, :14], expected, mean_rows)
    assert shares["output"] == [pytest.approx(share, abs=1e-3)]


def test_a_difference_must_be_larger_than_the_runs_own():
    assert rows_read.compare([0.09, 0.08], [0.05, 0.06]) == "worse than"
    assert rows_read.compare([0.05, 0.06], [0.09, 0.08]) == "better than"
    assert rows_read.compare([0.05, 0.06], [0.067, 0.068]).startswith("not seen")
    assert rows_read.compare([0.067, 0.068], [0.05, 0.06]).startswith("not seen")


def test_the_verdict_has_both_controls():
    bces = {"in_order": [0.07, 0.071], "shuffled": [0.09, 0.091], "dense": [0.06, 0.06]}
    text = rows_read.verdict([0.96, 0.83, 0.79, 0.7], [0.93, 0.78, 0.65, 0.6], bces)
    assert "at least 96%, 83%, 79%; before any training 93%, 78%, 65%." in text
    assert "(BCE 0.0700 and 0.0710) is better than one that reads them shuffled" in text
    assert "worse than a dense network (0.0600 and 0.0600)" in text

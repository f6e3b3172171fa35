"""claims/sparsity.py: the measure by hand, TopK, and what the networks differ in."""

import pytest

pytest.importorskip("sklearn")
import keras
import numpy as np
import sparse_ae
import sparsity

LABELS = np.tile(np.arange(10), 200)


def test_zeros_share_a_bin_and_the_others_are_spread_over_nine():
    activations = np.concatenate([np.zeros(100), np.arange(1.0, 91.0)])
    counts = np.bincount(sparsity.into_bins(activations))
    assert counts.tolist() == [100] + 9 * [10]


def test_specialisation_by_hand():
    random = np.random.default_rng(0)
    of_fives = 1.0 * (LABELS == 5)
    all_but_ones = 1.0 * (LABELS != 1)
    of_anything = random.random(len(LABELS))
    dead = 0 * of_fives
    of_two_digits = 1.0 * (LABELS < 2)
    codes = np.stack([of_fives, all_but_ones, of_anything, dead, of_two_digits], axis=1)
    found = sparsity.specialisation(codes, LABELS)
    assert found[0] == pytest.approx(1)
    # It tells most of the 1s, which do not excite it, and 3% of the others.
    assert found[1] < 0.05
    assert found[2] < 0.03
    assert np.isnan(found[3])
    # H(is it a 0?) is 0.325 nats; with the unit known it is a fifth of ln 2.
    assert found[4] == pytest.approx(1 - 0.2 * np.log(2) / 0.3251, abs=1e-3)


def test_topk_keeps_the_largest_numbers():
    codes = np.float32([[1, 4, 2, 3], [0, 0, 0, 5], [9, 8, 7, 6]])
    kept = keras.ops.convert_to_numpy(sparsity.TopK(2)(codes))
    assert kept.tolist() == [[0, 4, 0, 3], [0, 0, 0, 5], [9, 8, 0, 0]]
    layer = sparsity.TopK.from_config(sparsity.TopK(2).get_config())
    assert layer.k == 2


def test_topk_has_no_penalty_and_as_many_units():
    autoencoder, encoder, decoder = sparsity.build_topk()
    images = np.random.default_rng(0).random((20, 784), "float32")
    codes = encoder.predict(images, verbose=0)
    assert np.sum(codes > 0, axis=1).max() == sparsity.KEPT == 31
    assert codes.shape[1] == sparse_ae.encoding_dim
    decoded = decoder.predict(codes, verbose=0)
    together = autoencoder.predict(images, verbose=0)
    assert together == pytest.approx(decoded, abs=1e-5)
    for models in (autoencoder, encoder, decoder), sparsity.without_penalties():
        models[0](images)
        assert sum(float(loss) for loss in models[0].losses) == 0

"""claims/collapse.py: today's penalty by hand, and the collapse in a small training."""

import keras
import numpy as np
import pytest

pytest.importorskip("sklearn")
import collapse
import common


def test_the_penalty_of_today_is_per_image():
    keras.utils.set_random_seed(0)
    _, encoder = collapse.build_autoencoder(10e-5)
    x = np.random.default_rng(0).random((4, 784), np.float32)
    by_hand = 1e-4 * encoder.predict(x, verbose=0).sum(axis=1).mean()
    for images in x, np.tile(x, (32, 1)):  # a batch of 4, one of 128
        encoder(images)
        assert float(encoder.losses[-1]) == pytest.approx(by_hand, rel=1e-4)


def test_the_sum_switches_the_code_off_and_the_division_does_not(mnist):
    (x_train, _), (x_test, _) = mnist
    x_train = x_train[:10000].reshape(-1, 784)
    x_test = x_test[:2000].reshape(-1, 784)
    assert list(collapse.PENALTIES.values()) == pytest.approx([1e-4, 128e-4])
    active = []
    for l1 in collapse.PENALTIES.values():
        keras.utils.set_random_seed(0)
        autoencoder, encoder = collapse.build_autoencoder(l1)
        history = collapse.train(autoencoder, x_train, x_test, epochs=2).history
        codes = encoder.predict(x_test, verbose=0)
        active.append(np.mean(codes > 0))

        # The curve is without the penalty, val_loss with it. Keras weighs the last
        # batch, which is smaller, like the others.
        bce = common.binary_crossentropy(x_test, autoencoder.predict(x_test, verbose=0))
        penalty = l1 * codes.sum(axis=1).mean()
        assert penalty > 0
        found = history["val_binary_crossentropy"][-1]
        assert found == pytest.approx(bce, abs=1e-4)
        assert history["val_loss"][-1] == pytest.approx(bce + penalty, abs=3e-4)
    assert active[0] > 0.3 and active[1] < 0.01


def test_the_verdict_flips():
    learns = {"active": 0.8, "bce": 0.11}
    dead = {"active": 0.0001, "bce": 0.3}
    says = collapse.verdict(learns, dead, 0.2625)
    assert says.startswith("the sum over the batch is enough")
    assert "0.01% of the code is active, BCE 0.3000" in says
    poor = {"active": 0.8, "bce": 0.3}
    assert "is not what switches" in collapse.verdict(learns, learns, 0.2625)
    for pair in (dead, dead), (dead, poor), (poor, dead):  # it never learns
        assert "is not shown here" in collapse.verdict(*pair, 0.2625)

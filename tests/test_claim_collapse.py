"""claims/collapse.py: today's penalty, and the post's collapse in a small training."""

import re
import pytest

pytest.importorskip("sklearn")
import common
import collapse
import keras
from keras import layers, regularizers
import numpy as np


def test_the_penalty_of_today_is_per_image():
    keras.utils.set_random_seed(0)
    layer = layers.Dense(
        32, activation="relu", activity_regularizer=regularizers.L1(10e-5)
    )
    x = np.random.default_rng(0).random((4, 784), np.float32)
    by_hand = 1e-4 * np.maximum(layer(x).numpy(), 0).sum(axis=1).mean()
    assert float(layer.losses[0]) == pytest.approx(by_hand, rel=1e-5)
    layer(np.tile(x, (32, 1)))  # the same images again: a batch of 128
    assert float(layer.losses[-1]) == pytest.approx(by_hand, rel=1e-5)


@pytest.fixture(scope="module")
def measured(mnist):
    """For both penalties: active share, codes, reconstructions, and both losses."""
    (x_train, _), (x_test, _) = mnist
    x_train, x_test = (x[:10000].reshape(-1, 784) for x in (x_train, x_test))
    results = []
    for l1 in collapse.PENALTIES.values():
        keras.utils.set_random_seed(0)
        history, codes, decoded = collapse.train(l1, 2, x_train, x_test)
        logs = {name: values[-1] for name, values in history.history.items()}
        results.append((l1, codes, decoded, logs))
    return x_test, results


def test_the_sum_switches_the_code_off_and_the_division_does_not(measured):
    _, ((_, divided, varied, _), (_, summed, alike, _)) = measured
    assert np.mean(summed > 0) < 0.01
    assert np.mean(divided > 0) > 0.3
    # With the code at 0 every digit gets the same picture.
    assert alike.std(axis=0).mean() < 0.001
    assert varied.std(axis=0).mean() > 0.01


def test_the_bce_is_without_the_penalty_and_val_loss_with_it(measured):
    x_test, results = measured
    assert [l1 for l1, *_ in results] == pytest.approx([1e-4, 128e-4])
    for l1, codes, decoded, logs in results:
        bce = common.binary_crossentropy(x_test, decoded)
        assert logs["val_binary_crossentropy"] == pytest.approx(bce, abs=1e-4)
        penalty = l1 * codes.sum(axis=1).mean()
        # abs: Keras weighs the last batch, which is smaller, like the others
        assert logs["val_loss"] == pytest.approx(bce + penalty, abs=3e-4)
        assert penalty > 0


def test_the_verdict_flips():
    learns, dead = (0.8, 0.11), (0.0001, 0.3)
    says = collapse.verdict(learns, dead, 0.2625)
    assert says.startswith("verdict: the sum over the batch is the reason")
    assert "0.01% of the code is active, BCE 0.3000" in says
    for pair in (learns, learns), (dead, dead), (dead, learns), ((0.8, 0.3), dead):
        assert "is not the reason" in collapse.verdict(*pair, 0.2625)


def test_what_it_prints_and_draws(tiny_npz, tmp_path, capsys, drawn, mnist):
    flags = ["--data", str(tiny_npz), "--out", str(tmp_path), "--epochs", "3"]
    collapse.main(flags)
    mean, divided, summed, verdict = capsys.readouterr().out.splitlines()
    assert mean.startswith("the mean training image for every digit: test BCE 0.")
    assert divided.startswith(
        "L1(0.0001), as divided by batch size, 3 epochs: test BCE"
    )
    assert summed.startswith("L1(0.0128), as summed over batch, 3 epochs: test BCE")
    assert verdict.startswith("verdict: ")
    bce, val_loss = re.findall(r"0\.\d{4}(?=,)", divided)
    assert float(val_loss) > float(bce)  # by the penalty
    curves, pictures = drawn["collapse.png"].subfigs
    *lines, line_of_mean = curves.axes[0].get_lines()
    for line, printed in zip(lines, (divided, summed), strict=True):
        assert line.get_xdata().tolist() == [1, 2, 3]
        assert f"test BCE {line.get_ydata()[-1]:.4f}," in printed
    assert mean.endswith(f"{line_of_mean.get_ydata()[0]:.4f}")
    (_, _), (x_test, _) = common.load_mnist(tiny_npz)
    shown = [axis.get_images()[0].get_array() for axis in pictures.axes[:10]]
    np.testing.assert_array_equal(shown, x_test[:10])
    assert len(pictures.axes) == 30

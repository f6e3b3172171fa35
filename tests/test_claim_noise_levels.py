"""claims/noise_levels.py: filters tuned on pairs, levels drawn, leads with a range."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import base
import common
import denoise_ae
import noise_levels
import numpy as np

METHODS = [noise_levels.blur, noise_levels.total_variation]


def strokes(n):
    """Return n images, float32, with a white stroke each, (n, 28, 28)."""
    images = np.zeros((n, 28, 28), np.float32)
    for i in range(n):
        images[i, 5:23, 6 + i : 9 + i] = 1
    return images


def test_the_fit_undoes_brightness_and_contrast():
    clean = strokes(4)
    dull = 0.5 * clean + 0.3
    constants = noise_levels.tune(noise_levels.blur, [0, 0.5], dull, clean)
    assert constants == pytest.approx((0, 2, -0.6), abs=1e-4)
    restored = noise_levels.restore(noise_levels.blur, constants, dull)
    np.testing.assert_allclose(restored, clean, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_tuned_filter_beats_the_noise_and_any_single_strength(method):
    clean = strokes(8)
    noisy = common.add_noise(clean, 0.3, seed=3)
    strengths = [0.01, 0.1, 0.2, 0.8]

    def error(tried):
        constants = noise_levels.tune(method, tried, noisy, clean)
        return base.mse(clean, noise_levels.restore(method, constants, noisy))

    errors = [error([strength]) for strength in strengths]
    assert error(strengths) == min(errors) < errors[0] < base.mse(clean, noisy)


@pytest.mark.parametrize("method", METHODS)
def test_an_image_is_filtered_by_itself(method):
    noisy = common.add_noise(strokes(3), 0.3)
    np.testing.assert_array_equal(method(noisy, 0.4)[1:2], method(noisy[1:2], 0.4))


def test_the_fair_network_sees_every_level_and_the_scripts_own_training(monkeypatch):
    seen = []
    monkeypatch.setattr(
        denoise_ae, "train", lambda *args, **options: seen.append((args, options))
    )
    gray = np.full((500, 28, 28), 0.5, np.float32)
    noise_levels.train_at_any_level(gray, gray[:50], seed=0)
    (_, noisy, clean, noisy_test, clean_test), options = seen[0]
    assert options == {"verbose": 0}  # as many epochs as the script's
    np.testing.assert_array_equal(clean[..., 0], gray)
    assert noisy_test.shape == clean_test.shape == (50, 28, 28, 1)
    # Before clipping the noise of 0.05 to 0.15 has that deviation; 0 to 1 is uniform.
    deviations = noisy.std(axis=(1, 2, 3))
    assert np.quantile(deviations, 0.1) == pytest.approx(0.1, abs=0.03)
    assert deviations.min() < 0.02
    strong = common.add_noise(gray[:50], 0.95).std()
    assert np.mean(deviations > strong) == pytest.approx(0.05, abs=0.03)


def test_psnr_is_of_the_mean_error_and_a_lead_has_its_range():
    errors = np.array([0.1, 0.001])
    assert noise_levels.psnr(errors) == pytest.approx(-10 * np.log10(0.0505))
    ours = np.full(400, 0.01)
    lead = noise_levels.lead(ours, 10 * ours, seed=0)
    assert [lead[key] for key in ("dB", "low", "high")] == pytest.approx([10, 10, 10])
    # Half the images twice as good, half twice as bad: nobody leads.
    theirs = np.tile([0.005, 0.02], 200)
    lead = noise_levels.lead(ours, theirs, seed=0)
    assert lead["dB"] == pytest.approx(10 * np.log10(1.25))
    # The error of a mean of 400 numbers that deviate by 0.0075, in dB.
    width = 2 * 1.96 * 10 / np.log(10) * 0.0075 / 20 / 0.0125
    assert lead["high"] - lead["low"] == pytest.approx(width, rel=0.1)


def test_the_verdict_follows_the_ranges():
    ahead, behind = {"dB": 2, "low": 1, "high": 3}, {"dB": -2, "low": -3, "high": -1}
    unclear = {"dB": 1, "low": -1, "high": 3}
    assert noise_levels.LEVELS == [0.1, 0.2, 0.3, 0.5, 0.7, 1.0]
    leads = {
        "one_level": [behind, behind, unclear, ahead, ahead, behind],
        "any_level": [ahead] * 6,
        "any_over_one": [ahead] * 3 + [behind] + [ahead] * 2,
    }
    text = noise_levels.verdict(leads)
    one_level, any_level = text.split("Trained on every level")
    assert "ahead at 0.5, 0.7; behind at 0.1, 0.2, 1.0; not seen to" in one_level
    assert "ahead at 0.1, 0.2, 0.3, 0.5, 0.7, 1.0; at 0.5" in any_level
    assert "behind" not in any_level
    assert text.endswith("-2.0 dB.")

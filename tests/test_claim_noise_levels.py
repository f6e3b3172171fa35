"""claims/noise_levels.py: filters tuned on pairs, levels drawn, leads with a range."""

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import experiment
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
    restore = noise_levels.fit_filter(lambda images, _: images, 1, dull, clean)
    np.testing.assert_allclose(restore(dull), clean, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_strength_is_chosen_on_held_out_images(method):
    parts = [experiment.Images(strokes(8), None) for _ in range(2)]
    test = experiment.Images(np.full((8, 28, 28), np.nan), None)  # never looked at
    images = experiment.Sets(parts[0], *parts, test)
    strengths = [0.01, 0.1, 0.2, 0.8]
    restore, strength = noise_levels.tune_filter(method, strengths, 0.3, images, seed=3)

    def error(tried):
        noisy = common.add_noise(strokes(8), 0.3, seed=3)
        tuned = noise_levels.fit_filter(method, tried, noisy, strokes(8))
        noisy = common.add_noise(strokes(8), 0.3, seed=4)
        return experiment.mse(strokes(8), tuned(noisy))

    assert error(strength) == min(error(tried) for tried in [strength, *strengths])
    noisy = common.add_noise(strokes(8), 0.3, seed=9)
    assert experiment.mse(strokes(8), restore(noisy)) < 0.9 * error(0.01)


@pytest.mark.parametrize("method", METHODS)
def test_an_image_is_filtered_by_itself(method):
    noisy = common.add_noise(strokes(3), 0.3)
    np.testing.assert_array_equal(method(noisy, 0.4)[1:2], method(noisy[1:2], 0.4))


def test_the_network_for_any_level_sees_them_all(monkeypatch):
    seen = []
    monkeypatch.setattr(
        experiment, "retrain", lambda *args, **named: (seen.append((args, named)), 0)
    )
    gray = np.full((500, 28, 28), 0.5, np.float32)
    noise_levels.train_at_any_level(gray, seed=0)
    (script, targets, seed), named = seen[0]
    assert (script, seed, list(named)) == (denoise_ae, 0, ["inputs"])  # as the script
    np.testing.assert_array_equal(targets, gray)
    # Before clipping the noise of 0.05 to 0.15 has that deviation; 0 to 1 is uniform.
    deviations = named["inputs"].std(axis=(1, 2))
    assert np.quantile(deviations, 0.1) == pytest.approx(0.1, abs=0.03)
    assert deviations.min() < 0.02
    strong = common.add_noise(gray[:50], 0.95).std()
    assert np.mean(deviations > strong) == pytest.approx(0.05, abs=0.03)


def test_a_lead_is_over_the_best_filter_of_the_level(monkeypatch):
    errors = {"noisy": 0.5, "blur": 0.4, "total variation": 0.2, "linear map": 0.3}
    outputs = {name: np.full((9, 28, 28), error) for name, error in errors.items()}
    outputs["network"] = np.full((9, 28, 28), 0.1)
    monkeypatch.setattr(noise_levels, "denoise", lambda *_: (outputs, {}))
    test = experiment.Images(np.zeros((9, 28, 28)), None)
    images = experiment.Sets(None, None, None, test)
    numbers, _ = noise_levels.measure(0.5, ["network"], images, 0)
    assert numbers["psnr"]["blur"] == pytest.approx(-10 * np.log10(0.16))
    assert numbers["leads"]["network"]["dB"] == pytest.approx(10 * np.log10(4))


def test_psnr_is_of_the_mean_error_and_a_lead_has_its_interval():
    errors = np.array([0.1, 0.001])
    assert noise_levels.psnr(errors) == pytest.approx(-10 * np.log10(0.0505))
    ours = np.linspace(0.001, 0.1, 400)
    lead = noise_levels.lead(ours, 10 * ours, seed=0)  # by pairs always ten times less
    assert list(lead.values()) == pytest.approx([10, 10, 10])
    # Half the images twice as good, half twice as bad: nobody leads by much.
    ours = np.full(400, 0.01)
    lead = noise_levels.lead(ours, np.tile([0.005, 0.02], 200), seed=0)
    assert lead["dB"] == pytest.approx(10 * np.log10(1.25))
    # The error of a mean of 400 numbers that deviate by 0.0075, in dB.
    width = 2 * 1.96 * 10 / np.log(10) * 0.0075 / 20 / 0.0125
    assert lead["high"] - lead["low"] == pytest.approx(width, rel=0.1)

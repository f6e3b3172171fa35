"""claims/noise_levels.py: filters tuned on training images, one noise for all."""

import pytest

pytest.importorskip("sklearn")
import common
import denoise_ae
import noise_levels
import numpy as np
from sklearn.linear_model import Ridge


def strokes(n):
    """Return n images, float32, with a white stroke each, (n, 28, 28)."""
    images = np.zeros((n, 28, 28), np.float32)
    for i in range(n):
        images[i, 5:23, 6 + i : 9 + i] = 1
    return images


@pytest.mark.parametrize("name", ["blur", "total_variation"])
def test_the_fit_undoes_brightness_and_contrast(name):
    clean = strokes(4)
    method = getattr(noise_levels, name)
    restore = noise_levels.tune(method, [0, 0.5], 0.5 * clean + 0.3, clean)
    np.testing.assert_allclose(restore(0.5 * clean + 0.3), clean, atol=1e-4)


@pytest.mark.parametrize("name", ["blur", "total_variation"])
def test_clean_images_stay_exactly_as_they_are(name, mnist):
    clean = mnist[0][0][:4]
    restore = noise_levels.tune(getattr(noise_levels, name), [0, 0.5], clean, clean)
    np.testing.assert_array_equal(restore(clean), clean)


@pytest.mark.parametrize("name", ["blur", "total_variation"])
def test_a_tuned_filter_beats_the_noise_and_any_single_strength(name):
    clean, method = strokes(8), getattr(noise_levels, name)
    noisy = common.add_noise(clean, 0.3, seed=3)
    strengths = [0, 0.1, 0.2, 0.8]

    def error(tried):
        return np.mean(
            (noise_levels.tune(method, tried, noisy, clean)(noisy) - clean) ** 2
        )

    errors = [error([strength]) for strength in strengths]
    assert error(strengths) == min(errors) < errors[0] < np.mean((noisy - clean) ** 2)


@pytest.mark.parametrize("name", ["blur", "total_variation"])
def test_an_image_is_filtered_by_itself(name):
    noisy = common.add_noise(strokes(3), 0.3)
    method = getattr(noise_levels, name)
    np.testing.assert_array_equal(method(noisy, 0.4)[1:2], method(noisy[1:2], 0.4))


def test_tuned_on_training_images_and_scored_on_one_noise_for_all(
    tiny_npz, tmp_path, monkeypatch, drawn, capsys
):
    tuned = []  # (strengths, noisy, clean) of each call, and the images filtered then

    def tune(method, strengths, noisy, clean):
        tuned.append((method, strengths, noisy, clean, []))
        return lambda images: tuned[-1][-1].append(images) or images

    monkeypatch.setattr(noise_levels, "tune", tune)
    model = denoise_ae.build_autoencoder()[0]
    model.save(tmp_path / "denoise_ae.keras")
    flags = ["--data", str(tiny_npz), "--out", str(tmp_path), "--seed", "7"]
    noise_levels.main(flags)

    (x_train, _), (x_test, _) = common.load_mnist(tiny_npz)
    levels = [n / 10 for n in range(11)]
    assert len(tuned) == 2 * len(levels)
    for i, (method, strengths, noisy, clean, _) in enumerate(tuned):
        level = levels[i // 2]
        assert method is (noise_levels.blur, noise_levels.total_variation)[i % 2]
        np.testing.assert_array_equal(clean, x_train)
        np.testing.assert_array_equal(noisy, common.add_noise(x_train, level, seed=7))
        # no filter at all is among the choices where there is no noise
        assert level > 0 or min(strengths) == 0

    axis, *cells = drawn["noise_levels.png"].get_axes()
    curves = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    assert list(curves) == list(noise_levels.NAMES)
    pixels = x_train.reshape(-1, 784)
    for i, level in enumerate(levels):
        ridge = Ridge().fit(common.add_noise(pixels, level, seed=7), pixels)
        noisy = common.add_noise(x_test, level, seed=8)  # not the noise of the tuning
        denoised = model.predict(noisy[..., np.newaxis], verbose=0)[..., 0]
        linear = ridge.predict(noisy.reshape(-1, 784)).clip(0, 1)
        outputs = [noisy] * 3 + [linear.reshape(noisy.shape), denoised]
        for name, images in zip(noise_levels.NAMES, outputs, strict=True):
            mse = np.mean((images - x_test) ** 2, dtype=np.float64)
            dB = -10 * np.log10(mse) if mse > 0 else np.inf
            assert curves[name][i] == pytest.approx(dB, abs=1e-3)

    # the strips: one digit through all methods, at three levels
    pictures = [cell.get_images()[0].get_array() for cell in cells]
    assert len(pictures) == 3 * 6
    for level, strip in zip((0.1, 0.5, 1.0), np.reshape(pictures, (3, 6, 28, 28))):
        noisy = common.add_noise(x_test, level, seed=8)[:1]
        np.testing.assert_array_equal(strip[:3], np.repeat(noisy, 3, axis=0))
        network = model.predict(noisy[..., np.newaxis], verbose=0)[0, ..., 0]
        np.testing.assert_allclose(strip[4], network, atol=1e-5)
        np.testing.assert_array_equal(strip[5], x_test[0])
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("verdict: ")
    assert "noisy image:  inf" in printed


def test_the_verdict_flips():
    ahead, behind = [9, 12, 11.5, 10, 14.25], [9, 15, 14, 16.5, 14]
    perfect, even = [np.inf] * 3 + [60, 20], [9, 14, 11.5, 10, 13.75]
    text = noise_levels.verdict({0.0: perfect, 0.1: behind, 0.4: even, 0.5: ahead}, 0.5)
    assert "leads the best other method by 2.2 dB" in text
    assert text.endswith(
        "leads at 0.5, loses at 0.0, 0.1, and is within 0.75 dB at 0.4"
    )
    text = noise_levels.verdict({0.1: ahead, 0.5: behind}, 0.5)
    assert "trails the best other method by 2.5 dB" in text
    assert "leads at 0.1, loses at 0.5, and" in text
    text = noise_levels.verdict({0.5: behind}, 0.5)
    assert "leads at no level, loses at 0.5, and is within 0.75 dB at no level" in text

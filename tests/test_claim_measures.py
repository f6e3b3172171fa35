"""The measures of the claims, by hand."""

import io
from types import SimpleNamespace
import zlib

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import experiment
import common
import few_labels
import jpeg
import keras
import maps_2d
import noise_levels
import numpy as np
import outliers
import papers
import pca
from PIL import Image
import sampling
from scipy import stats
from scipy.integrate import quad
import simple_ae
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
import sparsity


def test_measures_of_few_numbers_by_hand():
    digits = experiment.Images(np.eye(4), np.array([0, 1, 2, 0]))
    by_place = SimpleNamespace(predict=lambda x, **options: x)
    assert few_labels.share_wrong(by_place, digits) == 0.25

    found = {"a": (10, 0.04), "b": (20, 0.05), "c": (20, 0.02), "d": (30, 0.02)}
    assert jpeg.undominated(found) == ["a", "c"]
    levels = {8: (10, 0.0106), 16: (15, 0.0105), 32: (20, 0.0101)}
    assert jpeg.fewest_levels(levels, 0.01) == 16  # 5 % more at most
    curve = [(10, 0.04), (40, 0.01), (80, 0.001)]  # first bytes * MSE is 0.4
    assert jpeg.bytes_at(0.02, curve) == pytest.approx(20)  # logarithms are linear
    assert jpeg.bytes_at(0.05, curve) is jpeg.bytes_at(0.0005, curve) is None

    wins, losses = np.arange(10) < 6, np.arange(10) == 6
    by_hand = {"wins": 6, "losses": 1, "p": pytest.approx(2 * 8 / 2**7)}
    assert maps_2d.paired_test(~losses, ~wins) == by_hand

    assert sampling.kinds(np.arange(10)) == pytest.approx(10)
    assert sampling.kinds(np.array([0, 9, 0, 9])) == pytest.approx(2)
    assert outliers.auroc([1, 2, 3], [4, 5]) == 1
    # of six pairs the outlier has more in three, and as much in one
    assert outliers.auroc([1, 2, 3], [2, 4]) == pytest.approx(4.5 / 6)
    held_out = np.arange(101)  # the threshold is 95
    assert outliers.missed(np.array, held_out, [94, 95, 96, 0]) == 0.75
    kept = sparsity.TopK(2)(np.float32([[1, 4, 2, 3], [0, 0, 0, 5], [9, 8, 7, 6]]))
    assert np.array(kept).tolist() == [[0, 4, 0, 3], [0, 0, 0, 5], [9, 8, 0, 0]]


def by_svd(x_train, x, size):
    """Return PCA by NumPy: the numbers of images, the axes, the mean image."""
    mean = x_train.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(x_train - mean, full_matrices=False)[2][:size]
    return (x - mean) @ axes.T, axes, mean


def test_pca_is_numpys_and_clipped():
    x_train = np.random.default_rng(0).random((50, 784), np.float32) ** 3
    x_test = 3 * x_train[:20] - 1
    numbers, axes, mean = by_svd(x_train, x_test, 30)
    decoded = numbers @ axes + mean
    assert decoded.min() < 0 and decoded.max() > 1  # there is something to clip

    of_all = PCA().fit(x_train)
    for margin in 0, 0.02:
        found = pca.decode(of_all, of_all.transform(x_test), 30, margin)
        np.testing.assert_allclose(found, decoded.clip(margin, 1 - margin), atol=3e-4)


def test_how_many_numbers_made_up_images_need():
    random = np.random.default_rng(0)
    directions = np.linalg.qr(random.standard_normal((784, 3)))[0].T
    images = 0.5 + random.uniform(-1, 1, (50, 3)) * [3, 2, 1] @ directions  # 3 numbers
    images = images.astype(np.float32)
    assert 0 < images.min() and images.max() < 1
    of_all = PCA().fit(images)
    two = pca.errors(images, pca.decode(of_all, of_all.transform(images), 2))
    for measure in "bce", "mse":
        assert pca.needed(of_all, images, measure, 9) == 1
        assert pca.needed(of_all, images, measure, two[measure]) == 2
        assert pca.needed(of_all, images, measure, two[measure] - 1e-6) == 3
        assert pca.needed(of_all, images, measure, -1) is None


@pytest.mark.parametrize("kind", few_labels.GRIDS)
def test_a_classifier_learns_from_a_draw_and_is_judged_by_test_images(kind):
    labels = np.arange(60) % 3
    x = np.eye(3)[labels] * 8 + np.random.default_rng(0).standard_normal((60, 3))
    part = experiment.Images(x, labels)
    test = experiment.Images(x, np.where(np.arange(60) < 15, 9, labels))
    images = experiment.Sets(part, part, part, test)
    draws = [np.arange(9), np.arange(9, 18)]
    accuracies, _ = few_labels.classify(kind, (x, x, x), images, draws)
    assert accuracies == [0.75, 0.75]  # a quarter has a label that was never seen


@pytest.mark.parametrize("options", [{"quality": 10}, {"qtables": [[40] * 64]}])
def test_one_file_has_every_image_as_a_file_of_its_own_would(tiny_arrays, options):
    images = tiny_arrays["x_test"]  # 20, on a sheet of 5 x 5
    size, mse = jpeg.measure_jpeg(images, **options)
    decoded = np.zeros(images.shape)  # the border comes back black
    files = [jpeg.jpeg_bytes(image[2:26, 2:26], **options) for image in images]
    for image, data in zip(decoded, files):
        image[2:26, 2:26] = np.asarray(Image.open(io.BytesIO(data)))
    assert mse == pytest.approx(np.mean((images / 255 - decoded / 255) ** 2), rel=1e-6)
    assert size < np.mean([len(data) for data in files]) / 2  # the header is shared


def test_the_bytes_and_the_error_of_a_code():
    x = np.random.default_rng(0).random((40, 784), np.float32)
    keras.utils.set_random_seed(0)
    models = simple_ae.build_autoencoder()
    found = jpeg.measure(jpeg.code_coder(models, x), x[:20], [64])

    codes = models[1].predict(x, verbose=0)
    largest = codes.max(axis=0)
    steps = np.where(largest > 0, largest, 1) / 63
    rounded = np.floor(codes[:20] / steps + 0.5).clip(max=63)
    packed = zlib.compress(rounded.T.astype(np.uint8).tobytes(), 9)
    decoded = models[2].predict((rounded * steps).astype(np.float32), verbose=0)
    mse = np.mean((x[:20] - decoded) ** 2)
    assert found[64] == (len(packed) / 20, pytest.approx(mse, rel=1e-3))
    for weights in models[2].get_weights():  # they went through float16
        np.testing.assert_array_equal(weights, weights.astype(np.float16))


def test_pca_is_rounded_and_packed_in_the_same_way(mnist):
    x_train = mnist[0][0][:500].reshape(-1, 784)
    x_test = mnist[1][0][:100].reshape(-1, 784)
    found = jpeg.measure(jpeg.pca_coder(x_train), x_test, [(24, 0.5)])[24, 0.5]
    numbers, axes, mean = by_svd(x_train, x_test, 24)
    numbers = np.rint(numbers / 0.5)
    packed = len(zlib.compress(numbers.T.astype(np.int8).tobytes(), 9)) / 100
    mse = np.mean((x_test - np.clip(numbers * 0.5 @ axes + mean, 0, 1)) ** 2)
    # Signs are free, and change the bytes a little.
    assert found == (pytest.approx(packed, rel=0.02), pytest.approx(mse, rel=1e-3))


def test_the_five_nearest_others_vote():
    # On a line: six points of digit 3, and far away six of which one is a 1.
    places = np.concatenate([np.arange(6), 100 + np.arange(6)])
    codes = np.stack([places, 0 * places], axis=1).astype(float)
    right = maps_2d.are_right(codes, np.array([3] * 6 + [1] + [2] * 5))
    assert right.tolist() == [True] * 6 + [False] + [True] * 5
    for place, five in enumerate(maps_2d.nearest(codes)):
        assert place not in five


def test_how_the_neighbours_of_drawn_images_agree():
    images = np.concatenate([np.arange(5), 10 + np.arange(5), 20 + np.arange(5)])
    labels = [1, 1, 2, 2, 2] + [2, 2, 2, 3, 3] + 5 * [2]
    classifier = KNeighborsClassifier(5).fit(images[:, None], labels)
    found = sampling.judge(classifier, np.array([[2], [12], [22]]))
    assert found == {"kinds": pytest.approx(1), "agree": pytest.approx(1 / 3)}


def test_distance_from_a_normal_distribution():
    codes = np.random.default_rng(0).standard_normal((100_000, 2))
    assert sampling.distance_from_normal(codes) < 0.02
    assert sampling.distance_from_normal(np.full((9, 2), 7.0)) == pytest.approx(0.99)
    codes[:, 1] = 0  # ten cells of a hundred
    assert sampling.distance_from_normal(codes) == pytest.approx(0.9, abs=0.01)


def test_codes_are_drawn_from_what_the_table_says():
    random = np.random.default_rng(0)
    centres = 10.0 * np.array([(x, y) for x in range(5) for y in (1, 2)])
    codes = np.repeat(centres, 200, axis=0) + 0.1 * random.standard_normal((2000, 2))

    normal = sampling.draw("VAE", codes, None, seed=0)
    assert normal.mean(axis=0) == pytest.approx([0, 0], abs=0.2)
    assert normal.std(axis=0) == pytest.approx([1, 1], abs=0.2)

    def near(components):  # the share that lies at one of the ten centres
        drawn = sampling.draw("VAE", codes, components, seed=0)
        return np.mean(np.linalg.norm(drawn[:, None] - centres, axis=2).min(1) < 1)

    assert near(1) < 0.2 and near(10) > 0.9
    assert sampling.draw("plain", codes - 20, 1, seed=0).min() == 0  # a relu


@pytest.mark.parametrize("method", [noise_levels.blur, noise_levels.total_variation])
def test_a_strength_is_chosen_and_fitted_by_the_same_noise(method, monkeypatch):
    """One noise, of seed 3, is to fit, and another one to choose."""
    clean = np.zeros((8, 28, 28), np.float32)
    clean[:, 5:23, 12:15] = 1  # a stroke
    noisy = {seed: common.add_noise(clean, 0.3, seed) for seed in (3, 4)}
    np.testing.assert_array_equal(method(noisy[3], 0.4)[:1], method(noisy[3][:1], 0.4))
    monkeypatch.setattr(common, "add_noise", lambda images, level, seed: noisy[seed])
    sets = experiment.Sets(*[experiment.Images(clean, None)] * 3, None)
    strengths = [0.01, 0.1, 0.2, 0.8]
    _, strength = noise_levels.tune_filter(method, strengths, 0.3, sets, seed=3)

    def error(tried):
        tuned = noise_levels.fit_filter(method, tried, noisy[3], clean)
        return experiment.mse(clean, tuned(noisy[4]))

    assert error(strength) == min(error(tried) for tried in [strength, *strengths])


def test_a_lead_has_the_interval_of_pairs():
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


def test_what_is_left_out_is_never_trained_on_and_then_is_the_outlier(monkeypatch):
    def train_scores(images, seed):
        assert np.unique(images).tolist() == list(range(100, 109))
        return {"net": lambda images: images[:, 0]}

    monkeypatch.setattr(outliers, "train_scores", train_scores)
    digits = np.arange(10)  # the pixel is the digit, and 100 more in `fit`
    parts = (digits[:, None] + more for more in (0, 100, 0, 0))
    images = experiment.Sets(*(experiment.Images(part, digits) for part in parts))
    assert outliers.leave_out(9, images, seed=0) == {"net": {"auroc": 1, "missed": 0}}


def test_the_sets_of_outliers_hold_what_their_names_say():
    x_test = np.random.default_rng(0).random((10, 784), np.float32)
    sets = outliers.make_outliers(experiment.Images(x_test, np.arange(10)))
    seven = x_test[7].reshape(28, 28)
    np.testing.assert_array_equal(sets["turned"][2], np.rot90(seven, 2).ravel())
    np.testing.assert_array_equal(sets["mirrored"][2], np.fliplr(seven).ravel())
    assert len(sets["turned"]) == 3
    assert not set(outliers.LETTERS) & set("BGILOQSZbgiloqsz")  # look like digits
    assert len(sets["photographs"]) > 150 and sets["photographs"].std() > 0.1


def test_log_p_is_the_integral_over_both_numbers_of_the_code():
    """Two pixels, both white with probability 1 / (1 + exp(-z1 - 2 z2 - 1))."""

    def predict(codes, **options):
        return np.repeat(1 / (1 + np.exp(-codes @ [[1], [2]] - 1)), 2, axis=1)

    def density(t):  # z1 + 2 z2 + 1 is normal, with the variance 1 + 4
        return stats.norm.pdf(t, 1, 5**0.5) / (1 + np.exp(-t)) ** 2

    images = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])
    found = papers.log_p(SimpleNamespace(predict=predict), images)
    assert found[3] == pytest.approx(np.log(quad(density, -20, 20)[0]), abs=1e-4)
    assert found[1] == pytest.approx(found[2], abs=1e-6)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-4)


def test_a_pixel_is_white_as_often_as_it_is_bright():
    drawn = papers.black_or_white(np.float32([[0, 0.25, 0.75, 1]] * 20_000), seed=0)
    assert set(np.unique(drawn)) == {0, 1}
    assert drawn.mean(axis=0) == pytest.approx([0, 0.25, 0.75, 1], abs=0.01)
    assert np.ptp(drawn, axis=0).tolist() == [0, 1, 1, 0]


def test_specialisation_by_hand():
    activations = np.concatenate([np.zeros(100), np.arange(1.0, 91.0)])
    counts = np.bincount(sparsity.into_bins(activations))
    assert counts.tolist() == [100] + 9 * [10]  # zeros share a bin

    labels = np.tile(np.arange(10), 200)
    units = {
        "of fives": labels == 5,
        "of all but ones": labels != 1,
        "of anything": np.random.default_rng(0).random(len(labels)),
        "dead": 0 * labels,
        "of two digits": labels < 2,
    }
    codes = np.stack([1.0 * unit for unit in units.values()], axis=1)
    found = dict(zip(units, sparsity.specialisation(codes, labels)))
    assert found["of fives"] == pytest.approx(1)
    # It tells most of the 1s, which do not excite it, and 3% of the others.
    assert found["of all but ones"] < 0.05
    assert found["of anything"] < 0.03
    assert np.isnan(found["dead"])
    # H(is it a 0?) is 0.325 nats; with the unit known it is a fifth of ln 2.
    by_hand = 1 - 0.2 * np.log(2) / 0.3251
    assert found["of two digits"] == pytest.approx(by_hand, abs=1e-3)

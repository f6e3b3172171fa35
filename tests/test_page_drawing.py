"""The page's JavaScript under node, without a browser: layers, drawings, words."""

import math
import re

from conftest import PROJECT
import keras
from keras import layers
import numpy as np
import page_tools
from page_tools import MODELS, build, halves, node
import pytest

# A 3 as the points of a stroke, 0 to 1 on the pad.
THREE = [(0.32, 0.2), (0.66, 0.2), (0.47, 0.45), (0.68, 0.65), (0.5, 0.85), (0.3, 0.8)]


@pytest.fixture(scope="module")
def images():
    """A digit, noise everywhere, and nothing."""
    digit = page_tools.read_site().x_test[0]
    noisy = np.random.default_rng(0).random((28, 28), dtype=np.float32)
    return np.stack([digit, noisy, np.zeros((28, 28), np.float32)])


def assert_agrees(network, autoencoder, images):
    """Check that the page's layers compute from images what Keras does."""
    rows = node(
        """(network => {
          const spread = network.spread ? [network.spread] : [];
          for (const layer of [...network.encoder, ...network.decoder, ...spread]) {
            layer.weights = layer.weights.map(readWeight);
          }
          return images.map(image => {
            image = Float32Array.from(image);
            const code = run(network.encoder, image);
            const spread = network.spread && spreadOf(network, image);
            return [code, run(network.decoder, code), spread, codeLength(network)];
          });
        })(network)""",
        network=network,
        images=images.reshape(-1, 784).tolist(),
    )
    codes, answers, spreads, lengths = zip(*rows)
    wanted_codes, wanted = (x.reshape(3, -1) for x in halves(autoencoder, images))
    assert set(lengths) == {wanted_codes.shape[1]}
    scale = max(1, np.abs(wanted_codes).max())
    np.testing.assert_allclose(codes, wanted_codes, atol=2e-5 * scale)
    np.testing.assert_allclose(answers, wanted, atol=2e-5)
    if "spread" in network:
        encoder = autoencoder.get_layer("encoder")
        log_var = keras.ops.convert_to_numpy(encoder(images.reshape(-1, 784))[1])
        np.testing.assert_allclose(spreads, np.exp(log_var / 2), rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_networks_agree_with_keras(images, name):
    site = page_tools.read_site()
    assert_agrees(site.networks[name], site.models[name], images)


def test_an_eighth_network_of_other_shapes(images):
    image, code = keras.Input((28, 28, 1)), keras.Input((2,))
    x = layers.Conv2D(3, 5, padding="valid", activation="silu")(image)  # 24 x 24
    x = layers.MaxPooling2D(5, strides=3, padding="same")(x)  # 8 x 8
    x = layers.Conv2D(4, 4, 3, padding="same", activation="tanh")(x)  # 3 x 3
    x = layers.Dense(2)(layers.Dropout(0.5)(layers.Flatten()(x)))
    encoder = keras.Model(image, x, name="encoder")
    x = layers.Dense(12, activation="relu")(code)
    x = layers.UpSampling2D(3)(layers.Reshape((2, 2, 3))(x))  # 6 x 6
    x = layers.Conv2DTranspose(2, 4, 2, padding="valid")(x)  # 14 x 14
    x = layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid")(x)
    decoder = keras.Model(code, x, name="decoder")
    autoencoder = keras.Model(image, decoder(encoder(image)))
    rng = np.random.default_rng(8)
    autoencoder.set_weights([rng.normal(0, 0.3, x.shape) for x in autoencoder.weights])
    network, _ = build.describe_network("eighth", autoencoder, images)
    page_tools.take_weights(autoencoder, network)
    assert_agrees(network, autoencoder, images)


def test_a_drawing_becomes_an_image_like_mnists():
    small = [[0.1 + 0.3 * x, 0.5 + 0.3 * y] for x, y in THREE]
    flat = [[0.1, 0.5], [0.9, 0.5]]
    drawings = [[THREE], [small], [flat], [[[0.2, 0.9]]], []]
    code = "drawings.map(toMnist)"
    images = np.reshape(node(code, drawings=drawings), (5, 28, 28))
    for image in images[:3]:
        rows, columns = np.nonzero(image)
        assert image.min() == 0 and image.max() == 1
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        for pixels in rows, columns:
            middle = np.average(pixels + 0.5, weights=image[rows, columns])
            assert 14 <= middle <= 15  # as MNIST's
    assert images[3].sum() == pytest.approx(np.pi * 1.3**2, rel=0.1)  # a dot
    assert not images[4].any()
    long = "Array.from({length: 200000}, (_, i) => [i % 97 / 97, i % 89 / 89])"
    assert sum(node(f"toMnist([{long}])")) > 100  # is no error
    # A third of a pixel is near.
    before = "[undefined, [0.5, 0.49], [0.5, 0.48]]"
    far = node(f"{before}.map(point => isFarFrom([0.5, 0.5], point))")
    assert far == [True, False, True]


def test_strokes_are_painted_where_they_are():
    image = np.reshape(node("painted([[[3, 2], [13, 6]]], 20)"), (20, 20))
    assert image[2, 3] == image[4, 8] == image[5, 12] == 1
    assert not image[:2, 9:].any() and not image[6:, :7].any()
    area = 2.6 * np.hypot(10, 4) + np.pi * 1.3**2  # a pen of 2.6 pixels, round ends
    assert image.sum() == pytest.approx(area, rel=0.03)


def test_strokes_as_text_come_back_as_they_were():
    strokes = [[[0, 1], [0.4, 0.2]], [[1, 0]]]  # on the grid of 1 / 1295
    assert node("strokesFromText(strokesToText(strokes))", strokes=strokes) == strokes
    assert node("[-1, 0.5, 2].map(onGrid)") == [0, 648 / 1295, 1]
    foreign = ["", "abc", "abcde", "abcd.", ".abcd", "ABCD", "ab d", "abcd..abcd"]
    read = "texts.filter(text => strokesFromText(text) !== undefined)"
    assert node(read, texts=foreign) == []
    assert node("PICTURES.face()[0] !== PICTURES.face()[0]")  # nobody spoils the face


def test_noise_is_the_same_for_everybody():
    noise = np.array(node("[1, 2, 3].map(noiseOf)"))
    assert np.abs(np.corrcoef(noise) - np.eye(3)).max() < 0.12
    assert noise.mean() == pytest.approx(0, abs=0.06)
    assert noise.std() == pytest.approx(1, abs=0.05)
    # T. Ettinger's generator with seed 1, as published.
    first = node("(random => [random(), random(), random()])(generator(1))")
    np.testing.assert_allclose(first, [0.6270739, 0.0027357, 0.5274470], atol=1e-6)
    length = math.sqrt(-2 * math.log(1 - first[0]))
    assert noise[0, 0] == pytest.approx(length * math.cos(2 * math.pi * first[1]))
    noisy = node("withNoise([0.2, 0.5, 0.9], 0.5, [-1, 0.5, 1])")
    np.testing.assert_allclose(noisy, [0, 0.75, 1])


def test_sizes_and_errors_are_drawn_to_scale():
    for numbers, width in (2, 16), (128, 128), (1568, 1568):  # 2 would not be seen
        svg = node("hourglass(n)", n=numbers)
        left, right = re.search(r"M(\d+) 0H(\d+)", svg).groups()
        assert int(right) - int(left) == 784
        line = re.search(r'rect x="[\d.]+" y="38" width="([\d.]+)"', svg)
        assert float(line[1]) == width

    texts = node("[0, 0.0005, 0.002, 0.01, 0.05, 0.2, 1].map(errorBar)")
    widths = [float(text.removesuffix("%")) for text in texts]
    assert widths[:2] == [0, 0] and widths[-2:] == [100, 100]
    assert widths[2] == pytest.approx(100 * math.log(4) / math.log(400), abs=0.1)
    assert min(np.diff(widths[1:-1])) > 20  # digits are told apart


def test_blue_is_above_0_and_orange_below():
    colors = node("[2, -2, 0].map(value => signedColor(value, 2))")
    assert colors == [[86, 180, 233], [230, 159, 0], [0, 0, 0]]
    words = node("WORDS")
    assert "Blue is above 0, and orange is below" in words["en"]["mapsName"]
    assert "藍色大於 0，橘色小於 0" in words["zh-TW"]["mapsName"]


def test_a_point_of_the_plane_is_its_digit_in_its_color():
    plane = {"codes": [1, 2, -3, -3], "limit": 4}
    written, colors = node(
        """(() => {
          const written = [];
          const context = {scale() {}, fillRect() {}, fillText(text, x, y) {
            written.push([String(text), x, y, this.fillStyle]);
          }};
          globalThis.document = {createElement: () => ({getContext: () => context})};
          paintPoints(plane, [7, 3], 80, 1);
          return [written, COLORS];
        })()""",
        plane=plane,
    )
    assert len(set(colors)) == 10
    # The first number goes to the right, the second one up.
    assert written == [["7", 50, 20, colors[7]], ["3", 10, 70, colors[3]]]
    at = "[[50 / 80, 20 / 80], [11 / 80, 68 / 80], [0.5, 0.5]]"
    found = node(f"{at}.map(z => digitAt(z, plane, 80) ?? 'none')", plane=plane)
    assert found == [0, 1, "none"]
    codes = [*range(-49, 50), 9000]
    assert node("planeLimit(codes)", codes=codes) == pytest.approx(49 * 1.1)
    plane = {"codes": [0, 0, 0.1, 0, 0, 0.1, 0.1, 0.1, 2, 1]}
    labels = [4, 4, 9, 9, 4]  # the last has no other digit near it
    assert node("home(4, plane, labels)", plane=plane, labels=labels) == [2, 1]


def test_a_number_is_found_where_it_is_painted():
    shape = [4, 3, 5]  # rows, columns, maps
    places, cell = node(
        """(layout => [Array.from({length: 60}, (_, number) => {
          const [left, top] = cellCorner(number, shape, layout);
          const canvas = {clientWidth: 700, clientHeight: 260};
          const at = [(left + layout.cell / 2) / 700, (top + layout.cell / 2) / 260];
          return [left, top, numberAt(at, canvas, shape)];
        }), layout.cell])(mapLayout(shape, 700, 260))""",
        shape=shape,
    )
    corners = np.array(places)[:, :2]
    assert [found for *_, found in places] == list(range(60))
    # Number (row * 3 + column) * 5 + map: the next number is of the next map, the
    # next column is 5 numbers further, and the next row 15.
    assert corners[5] - corners[0] == pytest.approx([cell, 0])
    assert corners[15] - corners[0] == pytest.approx([0, cell])
    assert corners[1][0] - corners[0][0] >= 3 * cell
    assert node("[0.99, 1].map(x => numberAt([x, 0], null, [10]))") == [9, 9]


def test_both_languages_say_everything():
    words = node("WORDS")
    english, chinese = words["en"], words["zh-TW"]
    assert list(english) == list(chinese)
    same = [key for key in english if english[key] == chinese[key]]
    assert same == ["inputSize", "pcaName", "epoch", "epochText"]
    for key, text in english.items():
        parts = [set(re.findall(r"\{\w+\}|<.*?>", x)) for x in (text, chinese[key])]
        assert parts[0] == parts[1], key
    said = re.findall(r'data-(?:words|label)="(\w+)"', build.join({}))
    said += re.findall(r'say\("(\w+)"', build.join({}))
    assert len(said) > 60 and set(said) <= set(english)


def test_the_lesson_leads_to_files_that_are_there():
    tasks, words = node("[TASKS, WORDS]")
    paths = [each[key] for each in words.values() for key in ("readme", "claims")]
    for task in tasks:
        paths += [f"{task['script']}.py", f"claims/{task['claim']}.py"]
    assert len(tasks) == 5 and all((PROJECT / path).is_file() for path in paths)

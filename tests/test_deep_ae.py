"""deep_ae.py: the post's total in the summary, and whose neighbours are shown."""

import re

import common
import keras
import numpy as np

import deep_ae


def test_the_summary_shows_the_posts_total_and_layers(capsys):
    deep_ae.build_autoencoder()[0].summary(expand_nested=True)
    text = capsys.readouterr().out
    assert "Total params: 222,384" in text
    parameters = re.findall(r"[\d,]{5,}(?= │\n)", text)
    for count in ["100,480", "8,256", "2,080", "2,112", "8,320", "101,136"]:
        assert count in parameters


def test_the_neighbours_are_the_nearest_by_code_and_not_the_query(
    tiny_npz, tmp_path, drawn_rows, capsys
):
    deep_ae.main(["--epochs", "1", "--data", str(tiny_npz), "--out", str(tmp_path)])
    rows = drawn_rows["deep_ae_neighbours.png"]
    assert list(rows) == ["query", *(f"neighbour {i}" for i in range(1, 6))]

    (x_train, y_train), (x_test, y_test) = common.load_mnist(tiny_npz)
    model = keras.models.load_model(tmp_path / "deep_ae.keras")
    encoder = model.get_layer("encoder")
    codes = encoder.predict(x_test.reshape(-1, 784), verbose=0)
    for query in range(10):
        distances = ((codes - codes[query]) ** 2).sum(axis=1)
        distances[query] = np.inf
        for place, index in enumerate(np.argsort(distances)[:5], start=1):
            shown = rows[f"neighbour {place}"][query]
            np.testing.assert_array_equal(shown, x_test[index].ravel())

    # the accuracy is that of neighbours among the training images
    train_codes = encoder.predict(x_train.reshape(-1, 784), verbose=0)
    accuracy = common.knn_accuracy(train_codes, y_train, codes, y_test)
    assert f"code, 32 numbers: {accuracy:.2%} right" in capsys.readouterr().out

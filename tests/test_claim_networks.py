"""The networks of the claims are what their names say, and trained as is said."""

from itertools import pairwise
import math
from types import SimpleNamespace

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skimage")
import experiment
import ablations
import code_size
import common
import few_labels
import gallery
import keras
import maps_2d
import noise_levels
import numpy as np
import papers
import pca
import sampling
import sparsity
import vae

RANDOM = np.random.default_rng(0).random((40, 784), np.float32)
SETS = experiment.Sets(*[experiment.Images(RANDOM, np.arange(40) % 10)] * 4)


@pytest.fixture
def retrained(monkeypatch):
    """What `experiment.retrain` was called with, a list; it trains nothing."""
    calls = []

    def retrain(script, images, seed, build=None, **options):
        models = (build or script.build_autoencoder)()
        options |= {"script": script, "images": images, "models": models}
        calls.append(SimpleNamespace(**options))
        history = {"loss": [1.0], "val_loss": [4, 3, 2, 1]}
        return models, SimpleNamespace(history=history)

    monkeypatch.setattr(experiment, "retrain", retrain)
    return calls


def settings(build, make_optimizer):
    """Return {setting: value} of a network as it starts, and of its optimizer."""
    keras.utils.set_random_seed(0)
    _, encoder, decoder = build()
    found = {"steps of the encoder": len(encoder.operations)}
    for model in encoder, decoder:
        for place, layer in enumerate(model.layers):
            of_layer = layer.get_config() | {w.name: w.numpy() for w in layer.weights}
            last = place == len(model.layers) - 1
            name = f"last of {model.name}" if last else f"{place} of {model.name}"
            found |= {f"{key}, {name}": str(of) for key, of in of_layer.items()}
    optimizer = make_optimizer(100)
    rate = optimizer.get_config()["learning_rate"]
    of_rate = rate["config"] if isinstance(rate, dict) else {"rate": round(rate, 6)}
    found |= {**of_rate, "kind": type(optimizer).__name__}
    return {key: of for key, of in found.items() if not key.startswith("name")}


CHANGES = {
    "as it is": {},
    "a linear code": {"activation, last of encoder": "linear"},
    "no sigmoid": {"activation, last of decoder": "linear"},
    "no code": {"steps of the encoder": 3},
    "Adadelta(1.0)": {"kind": "Adadelta", "rate": 1.0},
    "'adadelta'": {"kind": "Adadelta", "rate": 0.001},
    "bias from 0": {"bias, last of encoder": str(np.zeros(32))},
    "Adam": {"kind": "Adam"},
    "no L2": {"kernel_regularizer, last of decoder": ...},
    "ordinary decoder": {"kernel, last of decoder": ...},
    "longer warm-up": {"warmup_steps": 30, "decay_steps": 70},
    "no KL": {"kl_weight, last of encoder": "0.0"},
    "KL not divided": {"kl_weight, last of encoder": "1.0"},
}


@pytest.mark.parametrize("ablation", ablations.ABLATIONS, ids=lambda row: row.change)
def test_each_ablation_is_the_one_that_it_names(ablation):
    own = ablation.script.build_autoencoder, ablation.script.make_optimizer
    changed = ablation.build or own[0], ablation.make_optimizer or own[1]
    before, after = settings(*own), settings(*changed)
    found = {key: of for key, of in after.items() if before.get(key) != of}
    wanted = CHANGES[ablation.change]
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert value in (..., found[key])


def test_without_a_code_every_image_comes_out_alike():
    decoded = experiment.reconstruct(ablations.build_without_code(), RANDOM)
    assert np.ptp(decoded, axis=0).max() == 0


@pytest.mark.parametrize("kind", code_size.SCRIPTS)
def test_a_code_has_as_many_numbers_as_said(kind):
    for size in (128,) if kind in code_size.SLOW else code_size.SIZES:
        _, encoder, decoder = code_size.build(kind, size)
        assert math.prod(encoder.output_shape[1:]) == size
        assert decoder.input_shape == encoder.output_shape
    if kind == "deep, wide":  # never narrower than the largest code
        assert min(layer.output.shape[1] for layer in encoder.layers) == 128


def test_rows_are_shuffled_alike_and_anew_for_each_seed(monkeypatch, retrained):
    tested = []
    monkeypatch.setattr(experiment, "reconstruct", lambda _, x: tested.append(x) or x)
    x = np.arange(2 * 784).reshape(2, 784)
    for kind, seed in (code_size.SHUFFLED, 0), (code_size.SHUFFLED, 1), ("LSTM", 0):
        code_size.train(kind, 128, 0.01, seed, x, x)
    orders = []
    for call, x_test in zip(retrained, tested, strict=True):
        np.testing.assert_array_equal(call.images, x_test)
        orders.append(x_test.reshape(2, 28, 28)[0, :, 0] // 28)
        assert sorted(orders[-1]) == list(range(28))
    assert sorted(orders[2]) == list(orders[2]) != list(orders[0]) != list(orders[1])


def test_trainings_are_by_the_recipes_that_the_pages_name(monkeypatch, retrained):
    for kind in "dense", "deep":  # the post's
        assert code_size.train_as_the_post(kind, 0, SETS) == {"25": 4, "100": 1}
        call = retrained.pop()
        optimizer = call.make_optimizer(100)
        assert type(optimizer) is keras.optimizers.Adadelta
        assert float(optimizer.learning_rate) == 1
        assert (call.epochs, call.batch_size, call.validation_freq) == (100, 128, 25)
        assert call.validation_data == (RANDOM, RANDOM)
        assert not np.any(call.models[1].layers[-1].bias.numpy())

    monkeypatch.setattr(papers, "SCRIPTS", [])
    assert papers.compare_errors(None, SETS)["PCA-30"] < 784 / 12  # their variance
    call, *_ = retrained
    rate = call.make_optimizer(100).get_config()["learning_rate"]["config"]
    assert rate["warmup_target"] == 0.02
    kernels = [w.shape for w in call.models[0].trainable_weights if len(w.shape) == 2]
    sizes = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
    assert kernels == list(pairwise(sizes))
    assert call.models[1].layers[-1].activation is keras.activations.linear

    papers.compare_tutorials(SimpleNamespace(seed=0), SETS)
    for call in retrained[-2:]:
        assert type(call.make_optimizer(100)) is keras.optimizers.Adam
        assert float(call.make_optimizer(100).learning_rate) == pytest.approx(1e-3)
        assert call.batch_size == 128
        call.models[0].compile("sgd", loss=call.loss)
        images = RANDOM.reshape(-1, *call.models[0].output_shape[1:])
        loss = call.models[0].evaluate(images, images, verbose=0)
        # The two have drawn different codes.
        elbo = experiment.elbo(call.models, RANDOM)["elbo"]
        assert loss == pytest.approx(-elbo, rel=0.02)


def test_each_epoch_of_each_seed_draws_black_and_white_anew(monkeypatch):
    given = []
    monkeypatch.setattr(keras.Model, "fit", lambda self, *xy, **_: given.append(xy))
    for seed in 0, 1:
        papers.train_on_black_and_white(RANDOM, seed)
    assert all(x is y and set(np.unique(x)) == {0, 1} for x, y in given)
    assert len({x.tobytes() for x, _ in given}) == 2 * vae.epochs


def test_the_network_for_any_level_of_noise_sees_them_all(retrained):
    gray = np.full((500, 28, 28), 0.5, np.float32)
    noise_levels.train_at_any_level(gray, seed=0)
    np.testing.assert_array_equal(retrained[0].images, gray)
    # Before clipping the noise of 0.05 to 0.15 has that deviation; 0 to 1 is uniform.
    deviations = retrained[0].inputs.std(axis=(1, 2))
    assert np.quantile(deviations, 0.1) == pytest.approx(0.1, abs=0.03)
    strong = common.add_noise(gray[:50], 0.95).std()
    assert np.mean(deviations > strong) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize("name", pca.NETWORKS)
def test_a_network_beside_pca_is_what_its_name_says(name):
    code, output, loss = pca.NETWORKS[name]
    _, encoder, decoder = pca.build(name)
    assert (encoder.predict(RANDOM, verbose=0).min() < 0) == (code == "linear")
    codes = np.random.default_rng(2).normal(0, 50, (4, 32))
    decoded = decoder.predict(codes, verbose=0)
    assert (decoded.min() < 0 and decoded.max() > 1) == (output == "linear")
    assert ("relu" in name or name.startswith("simple_ae")) == (code == "relu")
    assert ("by MSE" in name or name == "+ sigmoid") == (loss == pca.MSE)


def test_tied_weights_are_one_matrix_and_stay_one():
    autoencoder, encoder, decoder = pca.build("simple_ae, tied")
    assert autoencoder.count_params() == 784 * 32 + 32 + 784
    before = encoder.layers[-1].kernel.numpy()
    autoencoder.compile("adam", "binary_crossentropy")
    autoencoder.fit(RANDOM, RANDOM, epochs=2, verbose=0)
    kernel, bias = encoder.layers[-1].get_weights()
    assert np.abs(kernel - before).max() > 1e-4
    logits = np.maximum(RANDOM @ kernel + bias, 0) @ kernel.T
    expected = keras.ops.sigmoid(logits + decoder.layers[-1].bias.numpy())
    decoded = autoencoder.predict(RANDOM, verbose=0)
    np.testing.assert_allclose(decoded, expected, atol=1e-5)


def test_what_is_frozen_stays_and_what_is_not_learns(monkeypatch):
    monkeypatch.setattr(few_labels, "EPOCHS", 2)
    start = few_labels.sparse_ae.build_autoencoder()[1].get_weights()
    moved = []
    for way in (start, False), (start, True), (None, True):
        model = few_labels.train_softmax(*way, 0.01, 0, *SETS.train)
        kernel = model.layers[0].get_weights()[0]
        moved.append(np.abs(kernel - start[0]).mean())
    frozen, tuned, scratch = moved
    assert frozen == 0 < tuned < scratch / 3


def test_features_have_one_scale(monkeypatch, retrained):
    monkeypatch.setattr(few_labels, "SCRIPTS", [])
    features = few_labels.make_features(SETS, SimpleNamespace(seed=0))
    without = retrained[0].models[1].layers[1]
    assert float(without.activity_regularizer.l1) == 0
    for x_fit, _, _ in features.values():
        np.testing.assert_allclose(x_fit.mean(axis=0), 0, atol=1e-5)
        assert x_fit.var(axis=0).sum() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("name", sampling.NETWORKS)
def test_a_network_of_sampling_is_what_its_name_says(name, monkeypatch, retrained):
    monkeypatch.setattr(sampling, "codes_of", lambda *_: 1 / 0)  # no more is needed
    with pytest.raises(ZeroDivisionError):
        sampling.measure(name, SETS, None, 0, {})
    kind, _, option = name.partition(", ")
    _, encoder, decoder = retrained[0].models
    assert retrained[0].script is (sampling.vae if kind == "VAE" else sampling.deep_ae)
    size = int(option.split()[0]) if "numbers" in option else 2
    assert decoder.input_shape == (None, size)
    beta = float(option.removeprefix("beta ")) if "beta" in option else 1
    weight = getattr(encoder.layers[-1], "kl_weight", beta / 784)  # plain has none
    assert weight == pytest.approx(beta / 784)


def test_without_relu_both_numbers_of_a_map_can_be_negative():
    _, encoder, _ = maps_2d.build_without_relu()
    encoder.layers[-1].bias.assign([-50, -50])
    assert encoder.predict(RANDOM, verbose=0).max() < 0


def test_topk_has_no_penalty_and_as_many_units():
    autoencoder, encoder, decoder = sparsity.build_topk()
    codes = encoder.predict(RANDOM, verbose=0)
    assert np.sum(codes > 0, axis=1).max() == sparsity.KEPT == 31
    assert codes.shape[1] == sparsity.sparse_ae.encoding_dim
    decoded = decoder.predict(codes, verbose=0)
    together = autoencoder.predict(RANDOM, verbose=0)
    assert together == pytest.approx(decoded, abs=1e-5)
    for model in autoencoder, sparsity.without_penalties()[0]:
        model(RANDOM)
        assert sum(float(loss) for loss in model.losses) == 0


def test_rows_of_the_gallery_are_of_their_scripts(monkeypatch, tiny_npz, tmp_path):
    """Each false network adds a number of its own to what it is given."""
    numbers = {script: place for place, script in enumerate(gallery.SCRIPTS)}
    decoder = SimpleNamespace(input_shape=(None, 4, 3))
    drawn = {}
    for module, name, fake in [
        (experiment, "load_models", lambda script, _: (numbers[script], None, decoder)),
        (experiment, "reconstruct", lambda models, x: x + models[0]),
        (common, "plot_images", lambda rows, path: drawn.update(rows)),
    ]:
        monkeypatch.setattr(module, name, fake)
    gallery.main(["--data", str(tiny_npz), "--out", str(tmp_path), "--seed", "4"])

    x_test = common.load_mnist(tiny_npz)[1][0].reshape(-1, 784)
    noisy = common.add_noise(x_test, 0.5, seed=5)
    assert np.array_equal(drawn["original"], x_test[:10])
    assert np.array_equal(drawn["noisy"], noisy[:10])
    for script, number in numbers.items():
        given = noisy if script is gallery.denoise_ae else x_test
        assert np.array_equal(drawn[script.__name__], given[:10] + number)

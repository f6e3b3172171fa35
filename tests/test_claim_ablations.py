"""claims/ablations.py: each change is one, and the measures are those by hand."""

import ablations as claim
import keras
from keras import layers
import numpy as np
import pytest


def settings_of(models):
    """Return {layer and setting: its value} of a network, and its first weights."""
    found = {}
    for model in models[1:]:
        found[model.name] = len(model.operations)
        for place, layer in enumerate(model.layers):
            for key, value in layer.get_config().items():
                found[model.name, place, key] = value
            for weight in layer.weights:
                found[model.name, place, weight.name] = weight.numpy().tobytes()
    return {key: value for key, value in found.items() if "name" not in key}


def differences(ablation):
    """Return the names of the settings that an ablation changes, a set."""
    script = ablation.script
    networks = []
    for build in script.build_autoencoder, ablation.build or script.build_autoencoder:
        keras.utils.set_random_seed(0)
        networks.append(settings_of(build()))
    own, changed = networks
    found = {
        key if isinstance(key, str) else key[-1]
        for key in own.keys() | changed.keys()
        if own.get(key) != changed.get(key)
    }
    optimizers = script.make_optimizer, ablation.make_optimizer or script.make_optimizer
    old, new = (make(100) for make in optimizers)
    if type(old) is not type(new):
        return found | {type(new).__name__}
    rates = [optimizer.get_config().pop("learning_rate") for optimizer in (old, new)]
    old, new = (rate["config"] for rate in rates)
    return found | {key for key in old if old[key] != new[key]}


CHANGES = {
    "a linear code": {"activation"},
    "no sigmoid": {"activation"},
    "no code": {"encoder"},
    "Adadelta(1.0)": {"Adadelta"},
    "'adadelta'": {"Adadelta"},
    "bias from 0": {"bias"},
    "Adam": {"Adam"},
    "no L2": {"kernel_regularizer"},
    "ordinary decoder": {"kernel"},
    "longer warm-up": {"warmup_steps", "decay_steps"},
    "no KL": {"kl_weight"},
    "KL not divided": {"kl_weight"},
}


@pytest.mark.parametrize("ablation", claim.ABLATIONS, ids=lambda row: row.change)
def test_each_change_is_the_one_that_it_names(ablation):
    assert differences(ablation) == CHANGES.get(ablation.change, set())


def test_the_rates_of_adadelta_and_the_weights_of_kl():
    rows = {row.change: row for row in claim.ABLATIONS}
    assert float(rows["Adadelta(1.0)"].make_optimizer(9).learning_rate) == 1
    assert float(rows["'adadelta'"].make_optimizer(9).learning_rate) < 0.01
    for change, weight in ("no KL", 0), ("KL not divided", 1):
        _, encoder, _ = rows[change].build()
        assert encoder.layers[-1].kl_weight == weight


def test_without_a_code_every_image_comes_out_alike():
    models = claim.build_without_code()
    x = np.random.default_rng(0).random((5, 784), np.float32)
    decoded = claim.experiment.reconstruct(models, x)
    assert np.ptp(decoded, axis=0).max() == 0


def test_the_measures_of_a_code_by_hand():
    codes = np.array([[0, 3, 0], [0, 1, 2]], "float32")
    image = keras.Input((2,))
    encoder = keras.Model(image, layers.Dense(3, use_bias=False)(image))
    encoder.set_weights([codes])
    code = keras.Input((3,))
    decoder = keras.Model(code, layers.Dense(2)(code))
    decoder.set_weights([np.array([[3, 0], [0, 4], [0, 0]]), np.array([0.5, 0.5])])
    found = claim.measures((None, encoder, decoder), np.eye(2, dtype="float32"))
    assert found["used"] == 1.5 and found["dead"] == 1
    assert found["code"] == 1 and found["weights"] == 5
    decoded = [[0.5, 1], [0.5, 1]]  # clipped at 1: 12.5 and 4.5
    by_hand = claim.common.binary_crossentropy(np.eye(2), decoded)
    assert found["bce"] == pytest.approx(by_hand) and "elbo" not in found


def test_a_rate_is_chosen_without_test_images_and_then_used(monkeypatch):
    images = [claim.experiment.Images(np.full(3, place), None) for place in range(4)]
    sets = claim.experiment.Sets(*images)  # train 0, fit 1, choose 2, test 3
    seen = []

    def train(ablation, x, seed, epochs, rate=None):
        return int(x[0]), seed, epochs, rate

    def measures(models, x):
        seen.append((*models, int(x[0])))
        return {"bce": abs(models[3] - 0.01) if models[3] else 1}

    monkeypatch.setattr(claim, "train", train)
    monkeypatch.setattr(claim, "measures", measures)
    row = claim.measure(claim.ABLATIONS[1], sets, [0, 1, 2])
    assert row["rate"] == 0.01
    assert seen[:3] == [(1, 0, claim.SHORT_EPOCHS, rate, 2) for rate in claim.RATES]
    assert seen[3:] == [(0, seed, 10, 0.01, 3) for seed in (0, 1, 2)]
    seen.clear()
    assert claim.measure(claim.ABLATIONS[0], sets, [0, 1, 2])["rate"] is None
    assert seen == [(0, seed, 10, None, 3) for seed in (0, 1, 2)]

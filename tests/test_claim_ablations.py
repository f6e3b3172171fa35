"""claims/ablations.py: each change is one, and the measures are those by hand."""

import ablations as claim
import keras
from keras import layers
import numpy as np
import pytest


def settings(build, make_optimizer):
    """Return {(place, name): value} of a network as it starts, and of its optimizer."""
    keras.utils.set_random_seed(0)
    _, encoder, decoder = build()
    found = {(0, "code"): len(encoder.operations)}
    for place, layer in enumerate(encoder.layers + decoder.layers):
        found |= {(place, key): str(of) for key, of in layer.get_config().items()}
        found |= {(place, w.name): w.numpy().tobytes() for w in layer.weights}
    optimizer = make_optimizer(100)
    rate = optimizer.get_config()["learning_rate"]
    of_rate = rate["config"] if isinstance(rate, dict) else {"rate": round(rate, 6)}
    found |= {("optimizer", key): of for key, of in of_rate.items()}
    found["optimizer", "kind"] = type(optimizer).__name__
    return {key: of for key, of in found.items() if key[1] != "name"}


CHANGES = {
    "as it is": {},
    "a linear code": {"activation": "linear"},
    "no sigmoid": {"activation": "linear"},
    "no code": {"code": 4},
    "Adadelta(1.0)": {"kind": "Adadelta", "rate": 1.0},
    "'adadelta'": {"kind": "Adadelta", "rate": 0.001},
    "bias from 0": {"bias": bytes(4 * 32)},
    "Adam": {"kind": "Adam"},
    "no L2": {"kernel_regularizer": ...},
    "ordinary decoder": {"kernel": ...},
    "longer warm-up": {"warmup_steps": 30, "decay_steps": 70},
    "no KL": {"kl_weight": "0.0"},
    "KL not divided": {"kl_weight": "1.0"},
}


@pytest.mark.parametrize("ablation", claim.ABLATIONS, ids=lambda row: row.change)
def test_each_change_is_the_one_that_it_names(ablation):
    own = ablation.script.build_autoencoder, ablation.script.make_optimizer
    changed = ablation.build or own[0], ablation.make_optimizer or own[1]
    before, after = settings(*own), settings(*changed)
    found = {key[1]: of for key, of in after.items() if before.get(key) != of}
    wanted = CHANGES[ablation.change]
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert value in (..., found[key])


def test_without_a_code_every_image_comes_out_alike():
    x = np.random.default_rng(0).random((5, 784), np.float32)
    decoded = claim.experiment.reconstruct(claim.build_without_code(), x)
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


def test_a_rate_that_is_chosen_is_used(monkeypatch):
    monkeypatch.setattr(claim, "train", lambda ablation, x, *rest: rest)
    seen = []

    def measures(models, x):
        seen.append(models)
        return {"bce": abs(models[2] - 0.01)}

    monkeypatch.setattr(claim, "measures", measures)
    part = claim.experiment.Images(None, None)
    sets = claim.experiment.Sets(part, part, part, part)
    assert claim.measure(claim.ABLATIONS[1], sets, [0, 1, 2])["rate"] == 0.01
    assert seen[:3] == [(0, claim.SHORT_EPOCHS, rate) for rate in claim.RATES]
    assert seen[3:] == [(seed, 10, 0.01) for seed in (0, 1, 2)]

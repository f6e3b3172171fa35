"""claims/one_change.py: each change is one, and its words follow from the numbers."""

import keras
import numpy as np
import pytest

pytest.importorskip("sklearn")
import base
import one_change


class Begun(Exception):
    """Ends a training where it would begin."""


class Stop(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        raise Begun


class Comparisons:
    """Takes the place of one_change.Bench: trains nothing, keeps what would differ."""

    def __init__(self, x_train, x_test):
        self.x_train = x_train
        self.x_test = x_test
        self.seeds = [0]

    def own(self, script, epochs, seed):
        return script.build_autoencoder()

    def compare(self, script, *_, optimizer=None, models=None, **__):
        keras.utils.set_random_seed(0)
        own = script.build_autoencoder()
        shape = own[0].output_shape[1:]
        images = self.x_train.reshape(-1, *shape)
        arrays = base.pairs(script, images, images, 0)
        with pytest.raises(Begun):
            script.train(own[0], **arrays, callbacks=[Stop()], verbose=0)

        keras.utils.set_random_seed(0)
        changed = models() if models else script.build_autoencoder()
        found = differences_of_layers(own, changed)
        if optimizer:
            old = own[0].optimizer
            found |= differences_of_optimizers(old, optimizer(old))
        return {"differs": found}


def keys_that_differ(old, new):
    return {key for key in {*old, *new} - {"name"} if old.get(key) != new.get(key)}


def differences_of_layers(own, changed):
    """Return which settings and first weights differ in two (…, encoder, decoder)."""
    found = set()
    for old, new in zip(own[1:], changed[1:]):
        if [type(a) for a in old.operations] != [type(b) for b in new.operations]:
            found.add("layers")
            continue
        for a, b in zip(old.layers, new.layers):
            found |= keys_that_differ(a.get_config(), b.get_config())
            for v, w in zip(a.weights, b.weights):
                if not np.array_equal(v, w):
                    found.add(v.name)
    return found


def differences_of_optimizers(old, new):
    one = old.get_config()
    two = new.get_config()
    found = keys_that_differ(one, two)
    if type(old) is not type(new):
        found.add(f"{type(old).__name__} to {type(new).__name__}")
    if isinstance(two["learning_rate"], dict):
        rates = [config["learning_rate"]["config"] for config in (one, two)]
        found |= keys_that_differ(*rates)
        found.discard("learning_rate")
    return found


WARM_UP = {"warmup_steps", "decay_steps"}
CHANGES = {
    "no_sigmoid.simple_ae": {"activation"},
    "no_code.simple_ae": {"layers"},
    "linear_code.simple_ae": {"activation"},
    "beta_2.simple_ae": {"beta_2"},
    "beta_2.own_rate": {"beta_2", "warmup_target"},
    "warmup.none": WARM_UP,
    "warmup.own_rate": {"warmup_target", *WARM_UP},
    "bias.deep_ae": {"bias"},
    "sparse_start.no_l2": {"kernel_regularizer"},
    "sparse_start.bias": {"bias"},
    "sparse_start.decoder": {"kernel"},
    "sparse_start.ordinary": {"bias", "kernel"},
    "sparse_start.warmup": WARM_UP,
    "denoise.warmup": WARM_UP,
    "kl.none": {"kl_weight"},
    "kl.heavy": {"kl_weight"},
}
# Optimizers of two kinds have different settings; here the kind is the change.
KINDS = {
    "adadelta.by_name": "Adam to Adadelta",
    "adadelta.rate_1": "Adam to Adadelta",
    "muon.deep_ae": "Muon to AdamW",
    "muon.seq2seq_ae": "Muon to AdamW",
}
NOT_COMPARED = "accuracy", "pixels_255", "speed_options", "onednn"


def test_each_change_is_the_one_that_it_names(mnist):
    (x_train, _), (x_test, _) = mnist
    bench = Comparisons(x_train[:1000].reshape(-1, 784), x_test[:50].reshape(-1, 784))
    found = {}
    for name, change in one_change.CHANGES.items():
        if name not in NOT_COMPARED:
            for case, outcome in change(bench).items():
                found[f"{name}.{case}"] = outcome["differs"]
    assert found.keys() == CHANGES.keys() | KINDS.keys()
    for case, differs in CHANGES.items():
        assert found[case] == differs, case
    for case, kind in KINDS.items():
        layers = {"layers", "activation", "bias", "kernel"}
        assert kind in found[case] and not layers & found[case], case


def test_a_shorter_warm_up_leaves_the_steps_and_the_end():
    schedule = base.warm_up_and_cosine(1e-2, 1000, warmup=0.3)
    own = keras.optimizers.Adam(schedule, beta_2=0.99)
    for share, first in (0.1, 0.0), (0, 2e-2):
        rate = one_change.with_warmup(own, share, 2e-2)._learning_rate
        assert float(rate(0)) == pytest.approx(first)
        assert float(rate(round(1000 * share))) == pytest.approx(2e-2)
        assert float(rate(1000)) == pytest.approx(0, abs=1e-9)
        assert float(rate(900)) > 0
    assert float(own._learning_rate(150)) == pytest.approx(5e-3)  # left as it was


def sides(own, changed, name="bce"):
    """Return the outcome for a measure, of its values for each seed."""
    summaries = [
        one_change.summaries([{name: value} for value in values])[name]
        for values in (own, changed)
    ]
    return one_change.outcome(name, *summaries)


def test_a_difference_counts_if_the_ranges_lie_apart():
    assert sides([0.10, 0.11], [0.12, 0.13]) == "worse"
    assert sides([0.12, 0.13], [0.10, 0.11]) == "better"
    assert sides([0.10, 0.12], [0.11, 0.13]) == "no difference seen"
    assert sides([0.10, 0.13], [0.11, 0.12]) == "no difference seen"
    assert sides([0, 1], [2, 16], "dead") == "more"
    assert sides([0.0668], [0.0908]) == "worse"  # one seed each
    assert sides([0.0747], [0.0770]) == "no difference seen"
    printed_alike = [0.09250, 0.09251], [0.09252, 0.09253]
    assert sides(*printed_alike) == "no difference seen"


def test_seconds_are_a_ratio_to_what_is_without():
    fast = one_change.slower("it", [1.0, 1.1, 0.9], [2.0, 2.1, 1.9])
    assert fast["ratio"] == pytest.approx(2) and fast["verdict"].endswith("as long")
    same = one_change.slower("it", [1.0, 2.0], [1.5, 1.6])
    assert "no difference seen" in same["verdict"]


def test_a_case_says_what_its_numbers_say(capsys):
    runs = {
        "own": [{"bce": 0.09, "dead": 0}, {"bce": 0.10, "dead": 1}],
        "changed": [{"bce": 0.12, "dead": 1}, {"bce": 0.11, "dead": 4}],
    }
    case = one_change.case_of("simple_ae", 10, "one", "another", runs)
    assert case["outcome"] == "worse"
    said = "simple_ae with another: worse BCE, no difference seen in dead units"
    assert case["verdict"] == said
    printed = capsys.readouterr().out
    assert (
        "another: BCE 0.1150 (0.1100 to 0.1200) | dead units 2.5 (1.0 to 4.0)"
        in printed
    )
    not_compared = {"verdict": "something else"}
    assert one_change.compared({"a": {"x": case}, "b": {"y": not_compared}}) == [case]

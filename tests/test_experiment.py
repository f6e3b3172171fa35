"""claims/experiment.py: sets, a choice, seeds, the rule for "better", a retraining."""

from types import SimpleNamespace

import experiment
import common
import keras
import numpy as np
import pytest
import simple_ae
import vae


@pytest.fixture
def sets(tiny_npz):
    return experiment.load_images(SimpleNamespace(data=str(tiny_npz)))


def test_the_images_to_choose_by_are_the_last_twelfth_of_the_training_images(
    sets, tiny_npz
):
    (x_train, y_train), (x_test, y_test) = common.load_mnist(tiny_npz)
    for part, x, y in [
        (sets.train, x_train, y_train),
        (sets.fit, x_train[:-3], y_train[:-3]),  # 40 // 12 are held out
        (sets.choose, x_train[-3:], y_train[-3:]),
        (sets.test, x_test, y_test),
    ]:
        np.testing.assert_array_equal(part.x, x.reshape(-1, 784))
        np.testing.assert_array_equal(part.y, y)


@pytest.mark.parametrize(
    ("settings", "least", "best"),
    [
        ("abc", "b", "b"),
        ([1, 2, 4], 2, 2),
        ([1, 2, 4], 16, 16),  # the end of a list is no choice
        ([1, 2, 4], 0.25, 0.25),
        ([1, 2, 4], 1e9, 64),  # four times at most
    ],
)
def test_the_least_error_is_chosen_without_test_images(settings, least, best, sets):
    def error_of(setting, fit, choose):
        assert fit is sets.fit and choose is sets.choose
        return setting != least if least == "b" else abs(np.log(setting / least))

    found, tried = experiment.choose(settings, error_of, sets)
    assert found == best and set(settings) <= set(tried)


def test_a_measure_is_given_every_seed_and_summed_up(capsys):
    rows = {0: 0.1, 1: 0.4, 2: 0.1}
    found = experiment.over_seeds(lambda seed: {"bce": rows[seed], "n": seed})
    numbers = {"low": 0.1, "high": 0.4, "seeds": [0.1, 0.4, 0.1]}
    assert found["bce"] == {"mean": pytest.approx(0.2), **numbers}
    assert found["n"]["seeds"] == [0, 1, 2]

    experiment.print_table(["", "bce", "n"], [["a", found["bce"], 0.25]], decimals=2)
    assert capsys.readouterr().out.split()[-4:] == ["a", "0.20", "(0.10-0.40)", "0.25"]


def test_lower_means_that_ranges_of_three_seeds_lie_apart_as_shown():
    def is_lower(some, others, **options):
        pair = experiment.summary(some), experiment.summary(others)
        return experiment.lower(*pair, **options)

    high = 0.4, 0.5, 0.6
    assert is_lower((0.1, 0.2, 0.3), high) and not is_lower(high, (0.1, 0.2, 0.3))
    assert not is_lower((0.1, 0.2, 0.4), (0.3, 0.5, 0.6))
    assert not is_lower((0.1, 0.1, 0.39999), high)  # 0.4000 as shown
    assert is_lower((0.1, 0.1, 0.39999), high, decimals=5)
    assert not is_lower((0.1, 0.2), high) and not is_lower((0.1, 0.2, 0.3), (0.4,))


def test_a_retraining_is_the_scripts_own_training(sets, trained):
    """Of the same seed, on the same images: the weights are those of its main."""
    run = trained("simple_ae")
    options = {"epochs": 3, "batch_size": 8, "seed": 5}
    models, _ = experiment.retrain(simple_ae, sets.train.x, **options)
    for weight, own in zip(models[0].get_weights(), run.models[0].get_weights()):
        np.testing.assert_allclose(weight, own, atol=1e-4)


def test_a_retraining_may_have_changes(sets):
    models, history = experiment.retrain(
        simple_ae,
        sets.train.x,
        seed=0,
        build=lambda: simple_ae.build_autoencoder(3),
        make_optimizer=lambda steps: keras.optimizers.SGD(1 / steps),
        inputs=1 - sets.train.x,
        loss="mean_squared_error",
    )
    optimizer = models[0].optimizer
    assert float(optimizer.learning_rate) == pytest.approx(1 / 10)  # a batch, 10 epochs
    assert int(optimizer.iterations) == 10
    assert models[2].input_shape == (None, 3)
    expected = experiment.mse(sets.train.x, models[0].predict(1 - sets.train.x))
    assert history.history["loss"][-1] == pytest.approx(expected, rel=0.02)


def test_another_rate_is_all_that_differs():
    own = simple_ae.make_optimizer(100).get_config()
    made = experiment.with_rate(simple_ae.make_optimizer, 0.5)(100).get_config()
    assert made["learning_rate"]["config"]["warmup_target"] == 0.5
    made["learning_rate"]["config"]["warmup_target"] = 1e-2
    assert {**made, "name": own["name"]} == own


def test_the_code_of_a_vae_is_its_mean_and_its_elbo_is_what_the_script_says(trained):
    run = trained("vae")
    mean, log_var, _ = run.models[1].predict(run.x_test, verbose=0)
    x = run.x_test.reshape(-1, 28, 28)
    np.testing.assert_allclose(experiment.encode(run.models[1], x), mean, atol=1e-5)
    decoded = run.models[2].predict(mean, verbose=0).reshape(x.shape)
    found = experiment.reconstruct(run.models, x)
    np.testing.assert_allclose(found, decoded, atol=1e-5)

    found = experiment.elbo(run.models, x)
    kls = np.array(vae.kl_divergence(mean, log_var))
    assert found["kl"] == pytest.approx(kls.mean(), rel=1e-4)
    assert found["elbo"] == pytest.approx(-(found["reconstruction"] + found["kl"]))
    assert found["elbo"] == pytest.approx(run.report["elbo"], rel=0.15)  # other draws
    assert found["used"] == 2


def test_a_missing_model_is_a_command_that_works_from_here(
    tmp_path, monkeypatch, capsys
):
    """With the flags that were given, from the folder in which one is."""
    monkeypatch.chdir(tmp_path)
    args = SimpleNamespace(out=tmp_path / "my models", data="my data.npz")
    with pytest.raises(SystemExit) as ended:
        experiment.load_models(simple_ae, args, seed=2)
    assert ended.value.code == 2
    sentence, _, command = capsys.readouterr().err.partition(": first run python ")
    assert sentence.endswith("simple_ae.keras") and command.count("\n") == 1
    program, _, flags = command.strip().partition(" ")
    assert (tmp_path / program).resolve() == experiment.PROJECT / "simple_ae.py"
    assert flags == f"--seed 2 --out '{args.out / 'seed-2'}' --data 'my data.npz'"

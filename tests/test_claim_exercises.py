"""exercises.py, settings.py and symptoms.py: one thing changes, the rest stays."""

import pytest

pytest.importorskip("sklearn")

from argparse import Namespace
from contextlib import redirect_stdout
import io
from pathlib import Path
import shutil
import sys
import common
import simple_ae
import vae
import exercises
import keras
import numpy as np
import retrain
import settings
import symptoms

NAMES = {
    exercises: ["code_size", "linear_code", "no_warmup", "adadelta", "shuffled_code"],
    settings: ["adam_or_muon", "beta_2", "speed_options"],
    symptoms: ["accuracy", "no_sigmoid", "pixels_255", "no_code"],
}
ALL = [(module, name) for module, names in NAMES.items() for name in names]


@pytest.fixture(scope="module")
def models(trained, tmp_path_factory):
    """A folder with the models of five scripts, trained on the tiny data."""
    out = tmp_path_factory.mktemp("models")
    for script in "simple_ae", "vae", "conv_ae", "deep_ae", "seq2seq_ae":
        shutil.copy(trained(script).out / f"{script}.keras", out)
    return out


@pytest.fixture
def args(tiny_npz, models):
    return Namespace(seed=0, data=str(tiny_npz), out=models)


def shorten(monkeypatch):
    """Let each training be two epochs, and not be compiled."""
    fit = retrain.fit

    def short_fit(autoencoder, optimizer, args, epochs, batch_size):
        return fit(autoencoder, optimizer, args, 2, batch_size)

    monkeypatch.setattr(retrain, "fit", short_fit)
    monkeypatch.setattr(common, "speed_options", lambda steps: {"run_eagerly": True})


def run(module, words, args):
    """Run a module's functions by name, as its last lines do."""
    functions = [getattr(module, name) for name in NAMES[module]]
    flags = ["--data", args.data, "--out", str(args.out)]
    retrain.run_chosen(functions, module.__doc__, [*words, *flags])


@pytest.mark.parametrize(
    "module, name", ALL, ids=lambda one: getattr(one, "__name__", one)
)
def test_each_prints_a_result_and_what_it_means(
    module, name, args, drawn, in_process, capsys, monkeypatch
):
    shorten(monkeypatch)
    run(module, [name], args)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 2
    results = [line for line in lines if line.startswith(f"{name}: ")]
    verdicts = [line for line in lines if line.startswith("verdict: ")]
    assert results and verdicts and len(results) + len(verdicts) == len(lines)
    assert "nan" not in " ".join(lines)
    assert ("shuffled_code.png" in drawn) == (name == "shuffled_code")
    assert simple_ae.encoding_dim == 32


@pytest.mark.parametrize("module", NAMES, ids=lambda module: module.__name__)
def test_names(module, args, capsys, monkeypatch):
    ran, functions = [], []
    for name in NAMES[module]:

        def function(args, name=name):
            ran.append(name)

        function.__name__, function.__doc__ = name, f"What {name} does.\n\nMore."
        functions.append(function)
    flags = ["--data", args.data, "--out", str(args.out)]
    retrain.run_chosen(functions, "doc", flags)
    lines = [f"{name}: What {name} does." for name in NAMES[module]]
    assert capsys.readouterr().out.splitlines() == lines and not ran
    retrain.run_chosen(functions, "doc", [NAMES[module][1], *flags])
    assert ran == NAMES[module][1:2]
    retrain.run_chosen(functions, "doc", ["all", *flags])
    assert ran[1:] == NAMES[module]
    with pytest.raises(SystemExit, match="2"):
        retrain.run_chosen(functions, "doc", ["nothing_such", *flags])
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "nothing_such" in error
    assert len(ran) == 1 + len(NAMES[module])


NO_MODEL = ["speed_options", "no_sigmoid", "pixels_255"]  # these need none


@pytest.mark.parametrize("module, name", [one for one in ALL if one[1] not in NO_MODEL])
def test_a_missing_model_is_reported_before_a_training(
    module, name, args, tmp_path, monkeypatch
):
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **kwargs: pytest.fail("fit"))
    args.out = tmp_path
    with pytest.raises(common.DataError, match="run python [a-z0-9]+_?[a-z]*.py first"):
        run(module, [name], args)


def test_the_same_training_again_gives_the_same_loss(args, drawn, tmp_path):
    args.out = tmp_path
    simple_ae.main(["--epochs", "20", "--data", args.data, "--out", str(args.out)])
    autoencoder, _, _ = retrain.build(simple_ae, args)
    losses = retrain.fit_as(simple_ae, autoencoder, args)
    assert len(losses) == 20
    assert losses[-1] == pytest.approx(retrain.own_loss(simple_ae, args), abs=1e-5)


def test_only_what_is_named_changes(args, monkeypatch):
    """The optimizers that the trials hand to `fit`, beside the script's own."""
    used = []

    def fit(autoencoder, optimizer, args, epochs, batch_size):
        if not isinstance(optimizer, str):
            used.append((optimizer, optimizer.get_config()))
        return [0.5]

    monkeypatch.setattr(retrain, "fit", fit)
    own = retrain.own_settings(simple_ae, args)
    settings.beta_2(args)
    assert used[0][1] == own | {"beta_2": 0.999}
    vaes = retrain.own_settings(vae, args)
    assert used[1][1] == vaes | {"beta_2": 0.999}

    used.clear()
    exercises.no_warmup(args)
    schedule = own["learning_rate"]["config"]
    with_warmup, without = (one["learning_rate"]["config"] for _, one in used)
    assert with_warmup == schedule | {"warmup_target": 3e-2}
    steps = schedule["warmup_steps"] + schedule["decay_steps"]  # all of them
    change = {"initial_learning_rate": 3e-2, "warmup_target": None}
    assert without == schedule | change | {"decay_steps": steps}
    rates = used[1][0]._learning_rate  # the schedule: no rise at the start
    assert float(rates(0)) == pytest.approx(3e-2)
    assert float(rates(0.95 * steps)) > 0 == float(rates(steps))

    used.clear()
    exercises.adadelta(args)
    assert isinstance(used[0][0], keras.optimizers.Adadelta)
    assert used[0][1]["learning_rate"] == 1.0

    used.clear()
    settings.adam_or_muon(args)
    assert [type(one) for one, _ in used] == [keras.optimizers.AdamW] * 2
    for (_, one), (script, (rate, decay)) in zip(
        used, settings.ADAMW.items(), strict=True
    ):
        own = retrain.own_settings(script, args)["learning_rate"]["config"]
        assert one["learning_rate"]["config"] == own | {"warmup_target": rate}
        assert one["weight_decay"] == decay


def test_verdicts_follow_the_numbers(args, capsys, monkeypatch):
    """Each comparison, with losses below and above the script's own 0.3."""
    monkeypatch.setattr(retrain, "own_loss", lambda *args: 0.3)

    def verdicts(function, loss):
        losses = loss if isinstance(loss, list) else [loss] * 9
        values = iter(losses)
        monkeypatch.setattr(retrain, "fit_as", lambda *args: [next(values)])
        monkeypatch.setattr(retrain, "fit", lambda *args, **kwargs: [next(values)])
        function(args)
        lines = capsys.readouterr().out.splitlines()
        return [line for line in lines if line.startswith("verdict: ")]

    less = "verdict: a number beyond the first 32 buys less than one before"
    assert verdicts(exercises.code_size, [0.9, 0.29]) == [less]
    assert "buys no less than" in verdicts(exercises.code_size, [0.31, 0.1])[0]
    assert verdicts(exercises.linear_code, 0.01)[0].count("better") == 2
    assert verdicts(exercises.linear_code, 9.0)[0].count("worse") == 2
    assert "worse" in verdicts(exercises.no_warmup, [0.3, 0.4])[0]
    assert "better" in verdicts(exercises.no_warmup, [0.4, 0.3])[0]
    assert "gets 0% of" in verdicts(exercises.adadelta, [np.log(2), 0.4])[0]
    assert "1.0 it is better" in verdicts(exercises.adadelta, [0.3, 0.2])[0]
    assert all(
        "Muon is better" in line for line in verdicts(settings.adam_or_muon, 0.4)
    )
    assert all(
        "AdamW is better" in line for line in verdicts(settings.adam_or_muon, 0.2)
    )
    assert all("0.99 is better" in line for line in verdicts(settings.beta_2, 0.4))
    assert all("0.999 is better" in line for line in verdicts(settings.beta_2, 0.2))
    assert "ends 2.0 times as high" in verdicts(symptoms.no_sigmoid, [0.3, 0.6])[0]
    assert "not the same as" in verdicts(symptoms.no_code, 0.01)[0]


def test_pixels_up_to_255_make_the_loss_negative(args, capsys):
    symptoms.pixels_255(args)
    result, verdict = capsys.readouterr().out.splitlines()
    assert float(result.split()[-1]) < 0 and "verdict: negative" in verdict


def test_accuracy_is_what_its_line_says(args, capsys):
    symptoms.accuracy(args)
    simple, conv, _ = capsys.readouterr().out.splitlines()
    _, (x_test, _) = common.load_mnist(args.data)
    x = x_test.reshape(-1, 784)
    for line, name, shape in (
        (simple, "simple_ae", (-1, 784)),
        (
            conv,
            "conv_ae",
            (-1, 28, 28, 1),
        ),
    ):
        autoencoder = keras.models.load_model(args.out / f"{name}.keras")
        y = autoencoder.predict(x.reshape(shape), verbose=0).reshape(x.shape)
        same = y.argmax(axis=1) == x.argmax(axis=1)
        share = np.mean(same if name == "simple_ae" else x == (y > 0.5))
        assert f"{name} {share:.1%}," in line


@pytest.fixture
def in_process(monkeypatch):
    """The commands of settings.py's subprocess, carried out in this process instead."""
    commands = []

    def check_output(command, env):
        assert env["TF_ENABLE_ONEDNN_OPTS"] == "0"
        assert (Path(env["PYTHONPATH"]) / "settings.py").is_file()
        commands.append(command)
        with redirect_stdout(io.StringIO()) as printed:
            exec(command[2], {})  # noqa: S102
        return printed.getvalue().encode()

    monkeypatch.setattr(settings.subprocess, "check_output", check_output)
    return commands


def test_speeds_are_ratios_to_the_scripts_own(args, in_process, capsys, monkeypatch):
    times = iter([2.0, 3.0, 1.0, 2.0, 1.0, 8.0])  # own, plain, without oneDNN, twice
    monkeypatch.setattr(settings, "seconds_of_epoch", lambda *_, **options: next(times))
    settings.speed_options(args)
    lines = capsys.readouterr().out.splitlines()
    assert "1.5 times the seconds without them, 0.5 without oneDNN" in lines[0]
    assert "slower without them, not slower without oneDNN" in lines[1]
    assert "0.5 times the seconds without them, 4.0 without oneDNN" in lines[2]
    assert "not slower without them, slower without oneDNN" in lines[3]
    assert [command[0] for command in in_process] == [sys.executable] * 2


def test_the_second_epoch_is_timed_with_the_options_and_without(args, monkeypatch):
    compile_, used = keras.Model.compile, []

    def spy(model, *args, **options):
        used.append(options)
        return compile_(model, *args, **options)

    monkeypatch.setattr(keras.Model, "compile", spy)
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **kwargs: None)
    ticks = iter([0, 1, 3, 7])  # starts at 0 and at 1, ends at 3
    monkeypatch.setattr(settings.time, "perf_counter", lambda: next(ticks))
    assert settings.seconds_of_epoch("simple_ae", args.data) == 3 - 1
    assert common.speed_options(1).items() <= used[0].items()
    ticks = iter([0, 1, 3])
    settings.seconds_of_epoch("simple_ae", args.data, fast=False)
    assert list(used[1]) == ["loss"]

"""Settings: why the scripts use Muon, a beta_2 of 0.99, and common.speed_options.

    python claims/settings.py                       lists these trials
    python claims/settings.py beta_2                runs this one; all: runs them all

Each trains a script's model once more, with one setting changed and the rest as it is
in the model that the script has saved: run the scripts first that the list names. The
loss is that of the test images, for one seed: how far seeds differ, tools/results.csv
tells.
"""

import importlib
import math
import os
from pathlib import Path
import subprocess
import sys
import time
import shared  # noqa: F401 - first: it makes the project's folder importable
import common
import deep_ae
import seq2seq_ae
import simple_ae
import vae
import keras
import retrain

# AdamW's learning rate and weight decay: the best on the last 5,000 training images, of
# 1e-3, 3e-3, 1e-2, 2e-2 (2e-3, 5e-3, 1e-2 for seq2seq_ae.py, of which the last two are
# equally good: the lower is taken), and of 0 and 0.1.
ADAMW = {deep_ae: (1e-2, 0.0), seq2seq_ae: (5e-3, 0.1)}


def report(trial, script, losses, args, changed, kept):
    """Print the last loss of a changed training, the script's own, and the better."""
    name, own = script.__name__, retrain.own_loss(script, args)
    print(f"{trial}: {name} {losses[-1]:.4f} with {changed}, {own:.4f} with {kept}")
    print(f"verdict: {kept if own < losses[-1] else changed} is better in {name}.py")


def adam_or_muon(args):
    """AdamW instead of Muon in deep_ae.py and seq2seq_ae.py (up to 8 minutes)."""
    schedules = [retrain.own_settings(s, args)["learning_rate"] for s in ADAMW]
    for (script, (rate, decay)), schedule in zip(ADAMW.items(), schedules):
        schedule["config"]["warmup_target"] = rate
        settings = {"learning_rate": schedule, "beta_2": 0.99, "weight_decay": decay}
        adam = keras.optimizers.AdamW.from_config(settings)
        autoencoder, _, _ = retrain.build(script, args)
        losses = retrain.fit_as(script, autoencoder, args, adam)
        report("adam_or_muon", script, losses, args, "AdamW", "Muon")


def beta_2(args):
    """Adam's default beta_2, 0.999, in simple_ae.py and vae.py (up to 3 minutes)."""
    scripts = {one: retrain.own_settings(one, args) for one in (simple_ae, vae)}
    for script, settings in scripts.items():
        adam = keras.optimizers.Adam.from_config(settings | {"beta_2": 0.999})
        autoencoder, _, _ = retrain.build(script, args)
        losses = retrain.fit_as(script, autoencoder, args, adam)
        report("beta_2", script, losses, args, 0.999, settings["beta_2"])


def seconds_of_epoch(name, data, fast=True):
    """Train a script's model for two epochs; return the seconds of the second."""
    autoencoder, _, _ = importlib.import_module(name).build_autoencoder()
    (x_train, _), _ = common.load_mnist(data)
    x_train = x_train.reshape(-1, *autoencoder.output_shape[1:])
    options = common.speed_options(math.ceil(len(x_train) / 128)) if fast else {}
    autoencoder.compile("adam", loss="binary_crossentropy", **options)
    for _ in range(2):  # the first is slower: it compiles the model
        started = time.perf_counter()
        autoencoder.fit(x_train, x_train, batch_size=128, verbose=0)
    return time.perf_counter() - started


def speed_options(args):
    """An epoch without common.speed_options, and one without oneDNN (3 minutes)."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    environment["TF_ENABLE_ONEDNN_OPTS"] = "0"  # read when TensorFlow is loaded
    for name in "simple_ae", "conv_ae":
        own = seconds_of_epoch(name, args.data)
        plain = seconds_of_epoch(name, args.data, fast=False) / own
        call = f"settings.seconds_of_epoch({name!r}, {args.data!r})"
        command = [sys.executable, "-c", f"import settings; print({call})"]
        off = float(subprocess.check_output(command, env=environment).split()[-1]) / own
        times = f"{plain:.1f} times the seconds without them, {off:.1f} without oneDNN"
        print(f"speed_options: {name} takes {times}")
        words = ["slower" if ratio > 1.1 else "not slower" for ratio in (plain, off)]
        print(f"verdict: {name} is {words[0]} without them, {words[1]} without oneDNN")


if __name__ == "__main__":
    trials = [adam_or_muon, beta_2, speed_options]
    common.run(lambda argv: retrain.run_chosen(trials, __doc__, argv))

"""One change, and what comes of it: why the scripts are as they are.

    python claims/one_change.py                      lists the changes
    python claims/one_change.py warmup beta_2        makes these two
    python claims/one_change.py all --seeds 5        makes all; 3 seeds if not given

The post goes on from its simple model by one change at a time, such as
「從原本的一層，改為 3 層」 ("three layers instead of one"). So does this: a script's
network is trained again with one thing changed, beside the script's own training, with
the same images, epochs and seeds. A learning rate that is new was chosen on the last
5,000 training images.

A difference counts if the two ranges over the seeds lie apart. Of three seeds a side
they do so by chance once in ten times, so of twenty comparisons one or two may; from
one seed a difference below 5 % says nothing. "accuracy" needs the models of
simple_ae.py and conv_ae.py.
"""

import functools
import json
import math
import os
from pathlib import Path
import subprocess
import sys
import time

import base
import common
import conv_ae
import deep_ae
import denoise_ae
import keras
from keras import optimizers
from matplotlib.figure import Figure
import numpy as np
import seq2seq_ae
import simple_ae
import sparse_ae
import vae

LONG = "all"

ONE_SEED = 0.05  # the share that a difference must reach if it rests on one seed
NO_DIFFERENCE = "no difference seen"

# What is measured, the decimals it is printed with, and the words for a change.
WORDS = {
    "bce": ("BCE", 4, "worse", "better"),
    "dead": ("dead units", 1, "more", "fewer"),
    "used": ("units in use", 1, "more", "fewer"),
    "code": ("sum of a code", 1, "larger", "smaller"),
    "weights": ("decoder's weights (rms)", 3, "larger", "smaller"),
}


# ------------------------------------------------------------ the two sides of a change


class Bench:
    """Trains scripts' networks, and compares a changed training with the script's own.

    Args:
        args: what `common.parse_args` returned.
    """

    def __init__(self, args):
        self.args = args
        self.seeds = range(args.seed, args.seed + args.seeds)
        (self.x_train, _), (self.x_test, _) = base.load_images(args)
        self.own = functools.cache(self._own)  # several changes share an own training

    def _own(self, script, epochs, seed):
        models, _ = base.train_again(
            script, self.x_train, self.x_test, seed, epochs=epochs
        )
        return models

    def measures(self, models, script, seed):
        """Return what a training came to, {name: number}; WORDS says what they are."""
        autoencoder, encoder, decoder = models
        shape = autoencoder.output_shape[1:]
        x_test = self.x_test.reshape(-1, *shape)
        shown = base.pairs(script, x_test, x_test, seed)
        codes = base.encode(encoder, shown.get("x_test_noisy", x_test))
        decoded_imgs = decoder.predict(codes, verbose=0)
        units = codes.reshape(-1, codes.shape[-1])
        return {
            "bce": common.binary_crossentropy(x_test, decoded_imgs),
            "dead": int(np.sum(np.all(units == 0, axis=0))),
            "used": float(np.mean(np.sum(units != 0, axis=1))),
            "code": float(np.mean(np.sum(np.abs(units), axis=1))),
            "weights": float(np.sqrt(np.mean(decoder.get_weights()[-2] ** 2))),
        }

    def compare(
        self,
        script,
        own_is,
        changed_is,
        measures=("bce",),
        epochs=None,
        seeds=None,
        optimizer=None,
        models=None,
    ):
        """Train both sides; return what `case_of` makes of their measures.

        Args:
            script: a module, such as simple_ae.
            own_is, changed_is: what differs, in a few words.
            measures: names of WORDS, the first of them "bce", which decides.
            epochs: of both sides, if not the script's.
            seeds: how many of those of `--seeds`, if not all.
            optimizer: a function that takes the script's own, trained, and returns
                the one to train with instead.
            models: in place of the script's `build_autoencoder`.
        """
        epochs = epochs or script.epochs
        sides = {"own": [], "changed": []}
        for seed in self.seeds[:seeds]:
            own = self.own(script, epochs, seed)
            changed, _ = base.train_again(
                script,
                self.x_train,
                self.x_test,
                seed,
                models=models,
                epochs=epochs,
                optimizer=optimizer and optimizer(own[0].optimizer),
            )
            for side, trained in ("own", own), ("changed", changed):
                found = self.measures(trained, script, seed)
                sides[side].append({name: found[name] for name in measures})

        return case_of(script.__name__, epochs, own_is, changed_is, sides)


def case_of(script, epochs, own_is, changed_is, sides):
    """Print the numbers of both sides and return them and a verdict, a dict.

    Args:
        script, epochs, own_is, changed_is: as in `Bench.compare`, the script by name.
        sides: {"own": a list with the measures of each seed, "changed": the same}.
    """
    own = summaries(sides["own"])
    changed = summaries(sides["changed"])
    outcomes = {name: outcome(name, own[name], changed[name]) for name in own}
    said = [sentence(name, word) for name, word in outcomes.items()]
    verdict = f"{script} with {changed_is}: {', '.join(said)}"

    print(f"  {script}, epochs: {epochs}, seeds: {len(sides['own'])}")
    for what, side in (own_is, own), (changed_is, changed):
        print(f"    {what}: {' | '.join(text(name, side[name]) for name in side)}")
    print(f"  {verdict}", flush=True)
    return {
        "script": script,
        "epochs": epochs,
        "own_is": own_is,
        "changed_is": changed_is,
        "own": own,
        "changed": changed,
        "outcome": next(iter(outcomes.values())),
        "verdict": verdict,
    }


def summaries(runs):
    """Return {measure: its mean, low, high and each}, of a list of measures."""
    found = {}
    for name in runs[0]:
        values = [float(run[name]) for run in runs]
        found[name] = {
            "mean": float(np.mean(values)),
            "low": min(values),
            "high": max(values),
            "each": values,
        }
    return found


def outcome(name, own, changed):
    """Return in a word or three how a measure has changed, of two of `summaries`.

    The ranges must lie apart in the decimals that are printed.
    """
    _, decimals, more, less = WORDS[name]
    difference = changed["mean"] - own["mean"]
    is_small = abs(difference) < ONE_SEED * abs(own["mean"])
    is_open = is_small and len(own["each"]) == 1
    gap = max(own["low"], changed["low"]) - min(own["high"], changed["high"])
    if round(gap, decimals) <= 0 or is_open:
        return NO_DIFFERENCE
    return more if difference > 0 else less


def sentence(name, word):
    """Return such as "worse BCE", of a measure and its `outcome`."""
    seen = f"{word} in" if word == NO_DIFFERENCE else word
    return f"{seen} {WORDS[name][0]}"


def text(name, summary):
    """Return a measure as "BCE 0.0911 (0.0910 to 0.0912)"."""
    label, decimals, _, _ = WORDS[name]
    mean = f"{summary['mean']:.{decimals}f}"
    low = f"{summary['low']:.{decimals}f}"
    high = f"{summary['high']:.{decimals}f}"
    return f"{label} {mean}" if low == high else f"{label} {mean} ({low} to {high})"


# ------------------------------------------------------------- optimizers with a change


def changed_optimizer(optimizer, schedule=None, **settings):
    """Return a new optimizer like a trained one, with other settings.

    Args:
        optimizer: one of Keras's, with a CosineDecay; left as it is.
        schedule: settings of the CosineDecay to change, a dict.
        settings: settings of the optimizer to change.
    """
    config = optimizer.get_config()
    config["learning_rate"]["config"].update(schedule or {})
    return type(optimizer).from_config({**config, **settings})


def with_warmup(optimizer, share, rate=None):
    """Return a new optimizer that warms up in another share of its steps.

    `rate` is what it rises to, if not what it did.
    """
    own = optimizer.get_config()["learning_rate"]["config"]
    total_steps = own["warmup_steps"] + own["decay_steps"]
    warmup_steps = int(share * total_steps)
    schedule = {
        "warmup_steps": warmup_steps,
        "decay_steps": total_steps - warmup_steps,
        "warmup_target": rate or own["warmup_target"],
    }
    return changed_optimizer(optimizer, schedule)


def other_kind(kind, optimizer, rate, **settings):
    """Return one of another kind, with the schedule of `optimizer` but up to `rate`."""
    schedule = optimizer.get_config()["learning_rate"]["config"]
    schedule["warmup_target"] = rate
    cosine = optimizers.schedules.CosineDecay.from_config(schedule)
    return kind(cosine, **settings)


# -------------------------------------------------------------------------- the changes

# Learning rates and weight decays chosen by the loss on the last 5,000 training images,
# seed 0: of 1e-3, 3e-3, 1e-2, 2e-2 and 0, 0.1 for deep_ae.py; of 2e-3, 5e-3, 1e-2 and
# the same for seq2seq_ae.py.
ADAMW = {deep_ae: (1e-2, 0.0), seq2seq_ae: (5e-3, 0.1)}
BETA_2_RATE = 5e-3  # of 2e-3, 3e-3, 5e-3, 1e-2, 2e-2
NO_WARMUP_RATE = 1.5e-3  # of 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 1e-2


def accuracy(bench):
    """metrics=["accuracy"]: what it counts, and why it says nothing (seconds)."""
    numbers = {}
    counted = {
        simple_ae: "images whose brightest pixel is the same one",
        conv_ae: "pixels that are 0 or 1, and on the right side of 0.5",
    }
    for script, what in counted.items():
        autoencoder, _, _ = base.load_model(script.__name__, bench.args.out)
        x_test = bench.x_test.reshape(-1, *autoencoder.output_shape[1:])
        autoencoder.compile(loss="binary_crossentropy", metrics=["accuracy"])
        found = autoencoder.evaluate(x_test, x_test, verbose=0, return_dict=True)
        numbers[script.__name__] = found["accuracy"]
        print(f"  {script.__name__}: {found['accuracy']:.1%}, the share of {what}")

    black = float(np.mean(bench.x_test == 0))
    verdict = f"a black image would have {black:.1%} of the pixels right as well"
    print(f"  {verdict}")
    return {"metric": {**numbers, "black": black, "verdict": verdict}}


def no_sigmoid(bench):
    """simple_ae.py's last layer without its sigmoid (1 minute)."""

    def models():
        autoencoder, encoder, decoder = simple_ae.build_autoencoder()
        decoder.layers[-1].activation = keras.activations.linear
        return autoencoder, encoder, decoder

    case = bench.compare(simple_ae, "sigmoid", "no sigmoid", models=models)
    return {"simple_ae": case}


def pixels_255(bench):
    """Pixels from 0 to 255: the loss is negative (seconds)."""
    _, history = base.train_again(
        simple_ae, 255 * bench.x_train, 255 * bench.x_test, bench.args.seed, epochs=1
    )
    loss = history.history["loss"][-1]
    sign = "negative" if loss < 0 else "not negative"
    verdict = f"the loss after an epoch is {sign}: {loss:.1f}"
    print(f"  {verdict}")
    return {"simple_ae": {"loss": loss, "verdict": verdict}}


def no_code(bench):
    """simple_ae.py without a code: its output's bias is the mean image (1 minute)."""

    def models():
        _, encoder, decoder = simple_ae.build_autoencoder()
        nothing = keras.Model(encoder.input, 0 * encoder.output, name="encoder")
        autoencoder = keras.Model(encoder.input, decoder(nothing(encoder.input)))
        return autoencoder, nothing, decoder

    case = bench.compare(simple_ae, "32 numbers", "no code", models=models)
    mean_image = base.mean_image(bench.x_train, bench.x_test)
    bce = common.binary_crossentropy(bench.x_test, mean_image)
    print(f"  the mean training image: BCE {bce:.4f}")
    return {"simple_ae": {**case, "mean_image": bce}}


def beta_2(bench):
    """Adam's default beta_2, 0.999, in place of 0.99 (2 minutes)."""

    def optimizer(own):
        return changed_optimizer(own, beta_2=0.999)

    def at_its_rate(own):
        rate = {"warmup_target": BETA_2_RATE}
        return changed_optimizer(own, schedule=rate, beta_2=0.999)

    own_is = "beta_2 of 0.99"
    changed_is = "beta_2 of 0.999"
    return {
        "simple_ae": bench.compare(simple_ae, own_is, changed_is, optimizer=optimizer),
        "own_rate": bench.compare(
            simple_ae,
            own_is,
            f"beta_2 of 0.999, up to {BETA_2_RATE}",
            optimizer=at_its_rate,
        ),
    }


def warmup(bench):
    """simple_ae.py without its warm-up, at its rate and at a lower one (2 minutes)."""
    own_is = "warm-up to 0.01"
    return {
        "none": bench.compare(
            simple_ae,
            own_is,
            "no warm-up",
            ("bce", "dead"),
            optimizer=lambda own: with_warmup(own, 0),
        ),
        "own_rate": bench.compare(
            simple_ae,
            own_is,
            f"no warm-up, from {NO_WARMUP_RATE}",
            ("bce", "dead"),
            optimizer=lambda own: with_warmup(own, 0, NO_WARMUP_RATE),
        ),
    }


def adadelta(bench):
    """The post's optimizer, by its name and with the rate it had then (2 minutes)."""
    own_is = "Adam, warm-up, cosine"
    return {
        "by_name": bench.compare(
            simple_ae,
            own_is,
            "'adadelta'",
            optimizer=lambda own: optimizers.Adadelta(),
        ),
        "rate_1": bench.compare(
            simple_ae,
            own_is,
            "Adadelta(1.0)",
            optimizer=lambda own: optimizers.Adadelta(1.0),
        ),
    }


def linear_code(bench):
    """simple_ae.py's code without relu (1 minute)."""

    def models():
        autoencoder, encoder, decoder = simple_ae.build_autoencoder()
        encoder.layers[-1].activation = keras.activations.linear
        return autoencoder, encoder, decoder

    case = bench.compare(simple_ae, "relu code", "linear code", models=models)
    shares = []
    for seed in bench.seeds:
        _, encoder, _ = bench.own(simple_ae, simple_ae.epochs, seed)
        shares.append(np.mean(base.encode(encoder, bench.x_test) > 0))
    share = float(np.mean(shares))
    print(f"  of the relu's outputs {share:.1%} are above 0, where it changes nothing")
    return {"simple_ae": {**case, "share_above_0": share}}


def bias(bench):
    """deep_ae.py's code without its positive bias at the start (4 minutes)."""

    def models():
        autoencoder, encoder, decoder = deep_ae.build_autoencoder()
        code_layer = encoder.layers[-1]
        code_layer.bias.assign(keras.ops.zeros_like(code_layer.bias))
        return autoencoder, encoder, decoder

    case = bench.compare(
        deep_ae,
        "a positive bias",
        "bias of 0",
        ("bce", "dead"),
        epochs=12,
        models=models,
    )
    return {"deep_ae": case}


def muon(bench):
    """AdamW in place of Muon in deep_ae.py and, one seed, seq2seq_ae.py (9 minutes)."""

    def adamw(script):
        rate, decay = ADAMW[script]
        return lambda own: other_kind(
            optimizers.AdamW, own, rate, beta_2=0.99, weight_decay=decay
        )

    return {
        "deep_ae": bench.compare(
            deep_ae, "Muon", "AdamW", epochs=12, optimizer=adamw(deep_ae)
        ),
        "seq2seq_ae": bench.compare(
            seq2seq_ae, "Muon", "AdamW", seeds=1, optimizer=adamw(seq2seq_ae)
        ),
    }


def sparse_start(bench):
    """sparse_ae.py without L2, and with an ordinary bias or decoder (10 minutes)."""

    def bias_of_0():
        autoencoder, encoder, decoder = sparse_ae.build_autoencoder()
        bias = encoder.layers[-1].bias
        bias.assign(keras.ops.zeros_like(bias))
        return autoencoder, encoder, decoder

    def ordinary_decoder(models=sparse_ae.build_autoencoder):
        autoencoder, encoder, decoder = models()
        kernel = decoder.layers[-1].kernel
        kernel.assign(keras.initializers.GlorotUniform()(kernel.shape))
        return autoencoder, encoder, decoder

    measures = "bce", "used", "dead", "code", "weights"
    return {
        "no_l2": bench.compare(
            sparse_ae,
            "L1 and L2",
            "L1 without L2",
            measures,
            models=lambda: sparse_ae.build_autoencoder(l2=0.0),
        ),
        "bias": bench.compare(
            sparse_ae, "bias of 0.5", "bias of 0", measures, models=bias_of_0
        ),
        "decoder": bench.compare(
            sparse_ae,
            "transposed decoder",
            "ordinary decoder",
            measures,
            models=ordinary_decoder,
        ),
        "ordinary": bench.compare(
            sparse_ae,
            "bias of 0.5, transposed decoder",
            "bias of 0, ordinary decoder",
            measures,
            models=lambda: ordinary_decoder(bias_of_0),
        ),
        "warmup": bench.compare(
            sparse_ae,
            "warm-up in 3/10",
            "warm-up in 1/10",
            ("bce", "used", "dead"),
            optimizer=lambda own: with_warmup(own, 0.1),
        ),
    }


def denoise(bench):
    """denoise_ae.py with a short warm-up; one epoch (4 minutes)."""
    return {
        "warmup": bench.compare(
            denoise_ae,
            "warm-up in 3/10",
            "warm-up in 1/10",
            ("bce", "dead"),
            epochs=1,
            optimizer=lambda own: with_warmup(own, 0.1),
        ),
    }


def kl(bench):
    """vae.py with a KL term that weighs nothing, or 784 times as much (3 minutes).

    BCE is of the image decoded from the mean. It tells what KL costs, not what it is
    for: that codes drawn from N(0, 1) decode to digits (claims/new_digits.py).
    """
    return {
        "none": bench.compare(
            vae,
            "KL / 784",
            "no KL",
            epochs=5,
            models=lambda: vae.build_autoencoder(beta=0.0),
        ),
        "heavy": bench.compare(
            vae,
            "KL / 784",
            "KL not divided",
            epochs=5,
            models=lambda: vae.build_autoencoder(beta=784.0),
        ),
    }


# ------------------------------------------------------------------------------ speed


class Clock(keras.callbacks.Callback):
    """Keeps the seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)


def slower(what, with_it, without):
    """Return a ratio of seconds, of lists taken in turn, and a verdict."""
    ratio = float(np.median(without) / np.median(with_it))
    is_clear = max(with_it) < min(without) or max(without) < min(with_it)
    times = f"without {what} an epoch takes {ratio:.1f} times as long"
    verdict = times if is_clear else f"{times} ({NO_DIFFERENCE}: the times overlap)"
    print(f"  {verdict}")
    return {"ratio": ratio, "with": with_it, "without": without, "verdict": verdict}


def speed_options(bench):
    """simple_ae.py's epoch without common.speed_options, in turn (1 minute)."""
    steps = math.ceil(len(bench.x_train) / simple_ae.batch_size)
    options = common.speed_options(steps)
    one_step = {key: options[key] for key in options if key == "jit_compile"}
    seconds = {"both": [], "one_step": [], "neither": []}
    for _ in range(bench.args.seeds):
        for name, some in zip(seconds, (options, one_step, {})):
            autoencoder, _, _ = simple_ae.build_autoencoder()
            autoencoder.compile("adam", loss="binary_crossentropy", **some)
            clock = Clock()
            autoencoder.fit(
                bench.x_train,
                bench.x_train,
                epochs=2,  # the first compiles the model, and is not counted
                batch_size=simple_ae.batch_size,
                callbacks=[clock],
                verbose=0,
            )
            seconds[name].append(clock.seconds[-1])
    return {
        "both": slower("speed_options", seconds["both"], seconds["neither"]),
        "steps": slower("blocks of steps", seconds["both"], seconds["one_step"]),
        "xla": slower("jit_compile=False", seconds["one_step"], seconds["neither"]),
    }


TIMED = denoise_ae, seq2seq_ae


def print_seconds(data):
    """Print the seconds of an epoch of some 6,400 images, of each of TIMED, as JSON."""
    (x_train, _), (x_test, _) = common.load_mnist(data)
    seconds = {}
    for script in TIMED:
        clock = Clock()
        options = {"epochs": 2, "callbacks": [clock]}
        base.train_again(script, x_train[:6400], x_test[:100], 0, **options)
        seconds[script.__name__] = clock.seconds[-1]
    print(json.dumps(seconds))


def onednn(bench):
    """denoise_ae.py's and seq2seq_ae.py's epoch without oneDNN, in turn (3 minutes)."""
    if keras.backend.backend() != "tensorflow":
        verdict = "oneDNN's switch is TensorFlow's, and this is another backend"
        print(f"  {verdict}")
        return {"switch": {"verdict": verdict}}

    # TensorFlow reads the switch when it is loaded: each setting has its own process.
    command = f"import one_change; one_change.print_seconds({bench.args.data!r})"
    seconds = {"1": [], "0": []}
    for _ in range(bench.args.seeds):
        for switch, found in seconds.items():
            done = subprocess.run(
                [sys.executable, "-c", command],
                check=True,
                env={
                    **os.environ,
                    "TF_ENABLE_ONEDNN_OPTS": switch,
                    "PYTHONPATH": str(Path(__file__).resolve().parent),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            found.append(json.loads(done.stdout))

    cases = {}
    for script in TIMED:
        name = script.__name__
        on = [run[name] for run in seconds["1"]]
        off = [run[name] for run in seconds["0"]]
        cases[name] = slower(f"oneDNN, {name}:", on, off)
    return cases


# ------------------------------------------------------------------------- all together


CHANGES = {
    change.__name__: change
    for change in (
        accuracy,
        pixels_255,
        no_sigmoid,
        no_code,
        linear_code,
        beta_2,
        warmup,
        adadelta,
        bias,
        muon,
        sparse_start,
        denoise,
        kl,
        speed_options,
        onednn,
    )
}
COLOURS = {"worse": "#D55E00", "better": "#0072B2", NO_DIFFERENCE: "#777777"}


def compared(changes):
    """Return the cases that have two sides, of {change: {name: case}}, a list."""
    cases = [case for change in changes.values() for case in change.values()]
    return [case for case in cases if "outcome" in case]


def difference(case):
    """Return the mean BCE with a change, minus the script's own."""
    return case["changed"]["bce"]["mean"] - case["own"]["bce"]["mean"]


def plot(cases, path):
    """Draw by how much each change has moved BCE, and how far seeds leave it open.

    A line goes from the least to the largest difference between a seed of the one side
    and a seed of the other; it crosses 0 if the ranges overlap. A row with fewer seeds
    than the others says so.
    """
    cases = sorted(cases, key=difference)
    seeds = max(len(case["own"]["bce"]["each"]) for case in cases)

    fig = Figure(figsize=(9, 1.6 + 0.5 * len(cases)), layout="constrained")
    axis = fig.subplots()
    labels = []
    for place, case in enumerate(cases):
        own = case["own"]["bce"]
        changed = case["changed"]["bce"]
        colour = COLOURS[case["outcome"]]
        ends = changed["low"] - own["high"], changed["high"] - own["low"]
        axis.plot(ends, (place, place), color=colour, lw=4, alpha=0.5)
        axis.plot(difference(case), place, "o", ms=10, color=colour)
        axis.text(
            1.01,
            place,
            f"{own['mean']:.4f} → {changed['mean']:.4f}",
            transform=axis.get_yaxis_transform(),
            va="center",
            fontsize=13,
        )
        fewer = "" if len(own["each"]) == seeds else f" ({len(own['each'])} seed)"
        labels.append(f"{case['script']}: {case['changed_is']}{fewer}")

    axis.axvline(0, color="black", lw=1)
    axis.set_yticks(range(len(cases)), labels, fontsize=13)
    axis.set_xscale("symlog", linthresh=1e-3)
    ticks = [-0.01, 0, 0.01, 0.1, 1]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=12)
    axis.set_xlabel(
        "BCE with the change, minus the script's own\n"
        f"(seeds a side: {seeds}, unless the row says otherwise)",
        fontsize=14,
    )
    for side, words in ("right", "← better  "), ("left", "  worse →"):
        axis.text(
            0,
            1.01,
            words,
            transform=axis.get_xaxis_transform(),
            ha=side,
            fontsize=14,
        )
    axis.margins(y=0.03)
    common.save(fig, path)


def main(argv=None):
    names = [*CHANGES, "all"]
    args = common.parse_args(__doc__, argv, names=names, seeds=3)
    if not args.names:
        for name, change in CHANGES.items():
            print(f"{name}: {change.__doc__.splitlines()[0]}")
        return

    bench = Bench(args)
    chosen = CHANGES if "all" in args.names else args.names
    changes = {}
    for name in chosen:
        print(f"{name}: {CHANGES[name].__doc__.splitlines()[0]}", flush=True)
        changes[name] = CHANGES[name](bench)

    cases = compared(changes)
    if cases:
        plot(cases, args.out / "one_change.png")
    outcomes = [case["outcome"] for case in cases]
    verdict = (
        f"of {len(cases)} changes {outcomes.count('worse')} make a script's BCE worse "
        f"and {outcomes.count('better')} make it better; with "
        f"{outcomes.count(NO_DIFFERENCE)} no difference is seen"
    )
    base.report("one_change", args, verdict, seeds=args.seeds, **changes)


if __name__ == "__main__":
    common.run(main)

"""Ablations: take one thing away from a script, and see what it was for.

The post goes on from its simple network by one change at a time, first of all
「從原本的一層,改為 3 層」 (three layers instead of one). So does this: each row trains
a script's network again with one change. The first row of a script has no change. All
rows of a script have the same images and epochs; the slower scripts have fewer epochs
than by themselves. A change that asks for another learning rate gets it, chosen without
test images.

Where a penalty goes, BCE must fall, and that is no gain: there the table shows what the
penalty was for, the units that an image uses or the ELBO.

    python claims/ablations.py
"""

from collections import namedtuple

import experiment
import common
import conv_ae
import deep_ae
import keras
from matplotlib.figure import Figure
import numpy as np
import simple_ae
import sparse_ae
import vae

EPOCHS = {simple_ae: 10, deep_ae: 8, sparse_ae: 12, vae: 4}
SHORT_EPOCHS = 2  # of a training that chooses a rate
AS_IT_IS = "as it is"

# A change is another `build_autoencoder` or `make_optimizer`; if it asks for another
# learning rate, `rates` are the first that are tried.
Ablation = namedtuple(
    "Ablation", "script change build make_optimizer rates", defaults=(None, None, None)
)


def build_without_code():
    """Return simple_ae.py's models, but every code is 0: only a bias can be learnt."""
    _, encoder, decoder = simple_ae.build_autoencoder()
    encoder = keras.Model(encoder.input, 0 * encoder.output, name="encoder")
    return keras.Model(encoder.input, decoder(encoder.output)), encoder, decoder


def build_without_sigmoid():
    """Return simple_ae.py's models with a linear output."""
    models = simple_ae.build_autoencoder()
    models[2].layers[-1].activation = keras.activations.linear
    return models


def build_linear_code():
    """Return simple_ae.py's models without the relu."""
    models = simple_ae.build_autoencoder()
    models[1].layers[-1].activation = keras.activations.linear
    return models


def build_without_bias():
    """Return deep_ae.py's models; the bias of the code starts at 0, not at 2."""
    models = deep_ae.build_autoencoder()
    bias = models[1].layers[-1].bias
    bias.assign(keras.ops.zeros(bias.shape))
    return models


def build_ordinary_decoder():
    """Return sparse_ae.py's models; the decoder starts at random, not transposed."""
    models = sparse_ae.build_autoencoder()
    kernel = models[2].layers[-1].kernel
    kernel.assign(keras.initializers.GlorotUniform()(kernel.shape))
    return models


def make_longer_warmup(total_steps):
    """Return sparse_ae.py's optimizer; its rate rises for 3/10 of the steps."""
    config = sparse_ae.make_optimizer(total_steps).get_config()
    schedule = config["learning_rate"]["config"]
    schedule["warmup_steps"] = 3 * total_steps // 10
    schedule["decay_steps"] = total_steps - schedule["warmup_steps"]
    return keras.optimizers.Adam.from_config(config)


RATES = [5e-3, 1e-2, 2e-2]
ABLATIONS = [
    Ablation(simple_ae, AS_IT_IS),
    Ablation(simple_ae, "a linear code", build_linear_code, rates=RATES),
    Ablation(simple_ae, "no sigmoid", build_without_sigmoid, rates=RATES),
    Ablation(simple_ae, "no code", build_without_code),
    Ablation(
        simple_ae,
        "Adadelta(1.0)",
        make_optimizer=lambda total_steps: keras.optimizers.Adadelta(1.0),
    ),
    Ablation(
        simple_ae,
        "'adadelta'",
        make_optimizer=lambda total_steps: keras.optimizers.get("adadelta"),
    ),
    Ablation(deep_ae, AS_IT_IS),
    Ablation(deep_ae, "bias from 0", build_without_bias),
    Ablation(
        deep_ae, "Adam", make_optimizer=simple_ae.make_optimizer, rates=[2e-3, 4e-3]
    ),
    Ablation(sparse_ae, AS_IT_IS),
    Ablation(sparse_ae, "no L2", lambda: sparse_ae.build_autoencoder(l2=0.0)),
    Ablation(sparse_ae, "ordinary decoder", build_ordinary_decoder),
    Ablation(sparse_ae, "longer warm-up", make_optimizer=make_longer_warmup),
    Ablation(vae, AS_IT_IS),
    Ablation(vae, "no KL", lambda: vae.build_autoencoder(beta=0.0)),
    Ablation(vae, "KL not divided", lambda: vae.build_autoencoder(beta=784.0)),
]


def measures(models, images):
    """Return what a trained network comes to on images, {name: number}.

    "bce" in nats a pixel; "used", the units of the code that are not 0, of a mean
    image; "dead", the units that are 0 for all; "code", the mean of |code|; "weights",
    the norm of the decoder's last kernel; of a VAE also what `experiment.elbo` returns.
    """
    _, encoder, decoder = models
    codes = experiment.encode(encoder, images)
    decoded = experiment.reconstruct(models, images)
    found = {
        "bce": common.binary_crossentropy(images, decoded),
        "used": float(np.mean(np.sum(codes != 0, axis=1))),
        "dead": int(np.sum(np.all(codes == 0, axis=0))),
        "code": float(np.mean(np.abs(codes))),
        "weights": float(np.linalg.norm(decoder.get_weights()[-2])),
    }
    if isinstance(encoder.output, list):
        found |= experiment.elbo(models, images)
    return found


def train(ablation, images, seed, epochs, rate=None):
    """Train a script's network with the one change; return the three models."""
    make_optimizer = ablation.make_optimizer
    if rate:
        own = ablation.script.make_optimizer
        make_optimizer = experiment.with_rate(make_optimizer or own, rate)
    models, _ = experiment.retrain(
        ablation.script,
        images,
        seed,
        build=ablation.build,
        make_optimizer=make_optimizer,
        epochs=epochs,
    )
    return models


def measure(ablation, sets, seeds):
    """Return {"measures": over seeds, "rate", "tried", "epochs"} of an ablation."""

    def short_training(rate, fit, choose):
        models = train(ablation, fit.x, 0, SHORT_EPOCHS, rate)
        return measures(models, choose.x)["bce"]

    rate, tried = None, {}
    if ablation.rates:
        rate, tried = experiment.choose(ablation.rates, short_training, sets)
    epochs = EPOCHS[ablation.script]
    found = experiment.over_seeds(
        lambda seed: measures(
            train(ablation, sets.train.x, seed, epochs, rate), sets.test.x
        ),
        seeds,
    )
    return {"measures": found, "rate": rate, "tried": tried, "epochs": epochs}


def accuracy(script, epochs, sets, seed):
    """Return what `metrics=["accuracy"]` says of a script's network on test images."""
    (autoencoder, _, _), _ = experiment.retrain(
        script, sets.train.x, seed, epochs=epochs
    )
    autoencoder.compile(loss="binary_crossentropy", metrics=["accuracy"])
    images = sets.test.x.reshape(-1, *autoencoder.output_shape[1:])
    return autoencoder.evaluate(images, images, verbose=0, return_dict=True)["accuracy"]


def loss_of_pixels_to_255(sets, seed):
    """Return simple_ae.py's training loss after an epoch with pixels from 0 to 255."""
    _, history = experiment.retrain(simple_ae, 255 * sets.train.x, seed, epochs=1)
    return history.history["loss"][-1]


@common.default_style
def plot(found):
    """Draw each seed of each row, a panel a script; the panels' measures differ.

    Args:
        found: {script: {change: what `measure` returns}}.
    """
    fig = Figure(figsize=(11, 6), layout="constrained")
    axes = fig.subplots(2, 2).flat
    panels = {
        "simple_ae": {"bce": "test BCE, nats a pixel (logarithmic)"},
        "deep_ae": {"bce": "test BCE, nats a pixel"},
        "sparse_ae": {"used": "units that an image uses", "dead": "dead units"},
        "vae": {"elbo": "ELBO, nats an image (right is better)"},
    }
    for axis, (script, names) in zip(axes, panels.items()):
        for name in names:
            for change, row in found[script].items():
                seeds = row["measures"][name]["seeds"]
                colour = "tab:orange" if name == "dead" else "tab:blue"
                axis.plot(seeds, [change] * len(seeds), "o", alpha=0.6, color=colour)
            own = found[script][AS_IT_IS]["measures"][name]["mean"]
            axis.axvline(own, color=colour, lw=1, ls=":")
        text = " (blue), ".join(names.values())
        axis.set(title=f"{script}.py", xlabel=text + " (orange)" * (len(names) > 1))
        axis.invert_yaxis()
        axis.margins(y=0.15)
        axis.locator_params(axis="x", nbins=6)
    fig.axes[0].set_xscale("log")
    return fig


def print_rows(found, columns, scripts):
    """Print a table of some measures, {name: (head, decimals)}, of some scripts."""
    heads = [head for head, _ in columns.values()]
    rows = []
    for script in scripts:
        for change, row in found[script].items():
            cells = [
                experiment.as_text(row["measures"][name], decimals)
                for name, (_, decimals) in columns.items()
            ]
            rate = f"{row['rate']:g}" if row["rate"] else ""
            rows.append((f"{script}.py", change, row["epochs"], rate, *cells))
    experiment.print_table(("script", "change", "epochs", "rate", *heads), rows)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    seeds = range(args.seed, args.seed + 3)

    found = {}
    for ablation in ABLATIONS:
        rows = found.setdefault(ablation.script.__name__, {})
        rows[ablation.change] = measure(ablation, sets, seeds)
        print(f"{ablation.script.__name__}, {ablation.change}: trained", flush=True)

    print()
    columns = {"bce": ("test BCE (range)", 4), "dead": ("dead units", 1)}
    print_rows(found, columns, ["simple_ae", "deep_ae"])
    print()
    columns |= {"used": ("units in use", 1), "code": ("mean |code|", 3)}
    columns |= {"weights": ("norm of the decoder's weights", 1)}
    print_rows(found, columns, ["sparse_ae"])
    print()
    columns = {"bce": ("test BCE (range)", 4), "kl": ("KL", 1), "elbo": ("ELBO", 1)}
    print_rows(found, columns, ["vae"])

    accuracies = {
        "simple_ae": [accuracy(simple_ae, 10, sets, seed) for seed in seeds],
        "conv_ae": [accuracy(conv_ae, 1, sets, seed) for seed in seeds],
    }
    accuracies = {name: experiment.summary(of) for name, of in accuracies.items()}
    accuracies["a black image"] = float(np.mean(sets.test.x == 0))
    losses = experiment.summary([loss_of_pixels_to_255(sets, seed) for seed in seeds])
    print()
    experiment.print_table(("accuracy of", "share"), accuracies.items())
    print(f"\nloss of pixels from 0 to 255: {losses['mean']:.0f}")

    plot(found).savefig(args.out / "ablations.png")
    experiment.report(
        "ablations", args, rows=found, accuracy=accuracies, loss_of_255=losses
    )


if __name__ == "__main__":
    main()

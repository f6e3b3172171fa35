"""Ablations: take one thing away from a script, and see what it was for.

Each row trains a script's network again with one change; a script's first row has none.
A change that asks for another learning rate gets it, chosen without test images. Where
a penalty goes, BCE must fall: there the units in use or the ELBO say what it was for.

    python claims/ablations.py
"""

from collections import namedtuple

import experiment
import common
import conv_ae
import deep_ae
import keras
from keras.optimizers import Adadelta
from matplotlib.figure import Figure
import numpy as np
import simple_ae
import sparse_ae
import vae

EPOCHS = {simple_ae: 10, deep_ae: 8, sparse_ae: 12, vae: 4}
SHORT_EPOCHS = 2  # of a training that chooses a rate
RATES = [5e-3, 1e-2, 2e-2]
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


def build_linear(part):
    """Return simple_ae.py's models; the encoder, 1, or decoder, 2, ends linear."""
    models = simple_ae.build_autoencoder()
    models[part].layers[-1].activation = keras.activations.linear
    return models


def build_mixed():
    """Return simple_ae.py's models; they compute in 16 bits, their weights have 32."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return simple_ae.build_autoencoder()
    finally:
        keras.config.set_dtype_policy("float32")


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


def make_shorter_warmup(total_steps):
    """Return sparse_ae.py's optimizer; its rate rises for a tenth of the steps."""
    config = sparse_ae.make_optimizer(total_steps).get_config()
    schedule = config["learning_rate"]["config"]
    schedule["warmup_steps"] = total_steps // 10
    schedule["decay_steps"] = total_steps - schedule["warmup_steps"]
    return keras.optimizers.Adam.from_config(config)


ABLATIONS = [
    Ablation(simple_ae, AS_IT_IS),
    Ablation(simple_ae, "a linear code", lambda: build_linear(1), rates=RATES),
    Ablation(simple_ae, "no sigmoid", lambda: build_linear(2), rates=RATES),
    Ablation(simple_ae, "no code", build_without_code),
    Ablation(simple_ae, "Adadelta(1.0)", make_optimizer=lambda _: Adadelta(1.0)),
    Ablation(simple_ae, "'adadelta'", make_optimizer=lambda _: Adadelta()),
    Ablation(simple_ae, "mixed_bfloat16", build_mixed),
    Ablation(deep_ae, AS_IT_IS),
    Ablation(deep_ae, "bias from 0", build_without_bias),
    Ablation(
        deep_ae, "Adam", make_optimizer=simple_ae.make_optimizer, rates=[2e-3, 4e-3]
    ),
    Ablation(sparse_ae, AS_IT_IS),
    Ablation(sparse_ae, "no L2", lambda: sparse_ae.build_autoencoder(l2=0.0)),
    Ablation(sparse_ae, "ordinary decoder", build_ordinary_decoder),
    Ablation(sparse_ae, "shorter warm-up", make_optimizer=make_shorter_warmup),
    Ablation(vae, AS_IT_IS),
    Ablation(vae, "no KL", lambda: vae.build_autoencoder(beta=0.0)),
    Ablation(vae, "KL not divided", lambda: vae.build_autoencoder(beta=784.0)),
]


def measures(models, images):
    """Return what a trained network comes to on images, {name: number}.

    "bce" is in nats a pixel. "used" counts the units of the code that are not 0, in the
    mean over images, and "dead" those that are 0 for all. "code" is the mean of |code|,
    "weights" the norm of the decoder's last kernel. A VAE also has `experiment.elbo`'s.
    """
    _, encoder, decoder = models
    codes = np.float32(experiment.encode(encoder, images))
    decoded = np.float32(experiment.reconstruct(models, images))
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
    make_optimizer = ablation.make_optimizer or ablation.script.make_optimizer
    if rate:
        make_optimizer = experiment.with_rate(make_optimizer, rate)
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
    """Return {"measures" (over seeds), "rate", "tried", "epochs"} of an ablation."""
    epochs = EPOCHS[ablation.script]
    rate, tried = None, {}
    if ablation.rates:
        rate, tried = experiment.choose(
            ablation.rates,
            lambda rate, fit, choose: measures(
                train(ablation, fit.x, 0, SHORT_EPOCHS, rate), choose.x
            )["bce"],
            sets,
        )
    found = experiment.over_seeds(
        lambda seed: measures(
            train(ablation, sets.train.x, seed, epochs, rate), sets.test.x
        ),
        seeds,
    )
    return {"measures": found, "rate": rate, "tried": tried, "epochs": epochs}


def accuracy(script, sets, seed):
    """Return what `metrics=["accuracy"]` says of test images after an epoch."""
    (autoencoder, _, _), _ = experiment.retrain(script, sets.train.x, seed, epochs=1)
    autoencoder.compile(loss="binary_crossentropy", metrics=["accuracy"])
    images = sets.test.x.reshape(-1, *autoencoder.output_shape[1:])
    return autoencoder.evaluate(images, images, verbose=0, return_dict=True)["accuracy"]


def loss_of_pixels_to_255(sets, seed):
    """Return simple_ae.py's training loss after an epoch with pixels from 0 to 255."""
    _, history = experiment.retrain(simple_ae, 255 * sets.train.x, seed, epochs=1)
    return history.history["loss"][-1]


@common.default_style
def plot(found):
    """Draw each seed of each row of {script: {change: row}}, a panel a script."""
    fig = Figure(figsize=(11, 6), layout="constrained")
    panels = {
        "simple_ae": {"bce": "test BCE, nats a pixel (logarithmic)"},
        "deep_ae": {"bce": "test BCE, nats a pixel"},
        "sparse_ae": {"used": "units in use (blue)", "dead": "dead units (orange)"},
        "vae": {"elbo": "ELBO, nats an image (right is better)"},
    }
    for axis, (script, names) in zip(fig.subplots(2, 2).flat, panels.items()):
        for name in names:
            color = "tab:orange" if name == "dead" else "tab:blue"
            for change, row in found[script].items():
                seeds = row["measures"][name]["seeds"]
                axis.plot(seeds, [change] * len(seeds), "o", alpha=0.6, color=color)
            own = found[script][AS_IT_IS]["measures"][name]["mean"]
            axis.axvline(own, color=color, lw=1, ls=":")
        axis.set(title=f"{script}.py", xlabel=", ".join(names.values()))
        axis.invert_yaxis()
        axis.margins(y=0.15)
        axis.locator_params(axis="x", nbins=6)
    fig.axes[0].set_xscale("log")
    return fig


def print_rows(found, script, names):
    """Print a table of some measures of a script's rows."""
    rows = []
    for change, row in found[script].items():
        rate = f"{row['rate']:g}" if row["rate"] else ""
        cells = [row["measures"][name] for name in names]
        rows.append((change, row["epochs"], rate, *cells))
    print(f"\n{script}.py, mean and range of the seeds")
    experiment.print_table(("change", "epochs", "rate", *names), rows)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    seeds = range(args.seed, args.seed + 3)

    found = {}
    for ablation in ABLATIONS:
        rows = found.setdefault(ablation.script.__name__, {})
        rows[ablation.change] = measure(ablation, sets, seeds)
    print_rows(found, "simple_ae", ["bce", "dead"])
    print_rows(found, "deep_ae", ["bce", "dead"])
    print_rows(found, "sparse_ae", ["bce", "used", "dead", "code", "weights"])
    print_rows(found, "vae", ["bce", "kl", "elbo"])

    accuracies = experiment.over_seeds(
        lambda seed: {
            s.__name__: accuracy(s, sets, seed) for s in (simple_ae, conv_ae)
        },
        seeds,
    )
    accuracies["a black image"] = float(np.mean(sets.test.x == 0))
    losses = experiment.summary([loss_of_pixels_to_255(sets, seed) for seed in seeds])
    print()
    experiment.print_table(("accuracy of", "after an epoch"), accuracies.items())
    print(f"\nloss of pixels from 0 to 255 after an epoch: {losses['mean']:.0f}")

    plot(found).savefig(args.out / "ablations.png")
    experiment.report(
        "ablations", args, rows=found, accuracy=accuracies, loss_of_255=losses
    )


if __name__ == "__main__":
    main()

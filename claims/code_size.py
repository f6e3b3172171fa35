"""Code size: what decides the error, the kind of network or the size of its code?

All get the same images, epochs and batches, the optimizer of their script, and a
learning rate that is chosen anew for each kind and size. "deep" has deep_ae.py's
layers; "deep, wide" has none below 128. "LSTM, rows shuffled" has for each seed another
order of rows. At last two networks are trained by the post's own recipe.

    python claims/code_size.py
"""

import experiment
import common
import conv_ae
import deep_ae
import keras
from keras import layers
from matplotlib.figure import Figure
import numpy as np
import seq2seq_ae
import simple_ae
from sklearn.decomposition import PCA

SIZES = 8, 32, 128
EPOCHS = 3
BATCH_SIZE = 128
RATES = [1e-2, 2e-2, 4e-2]
SHORT_IMAGES = 12_800  # a rate is chosen by a training with these, 100 batches,
SHORT_EPOCHS = 2  # and so many epochs

SHUFFLED = "LSTM, rows shuffled"
SCRIPTS = {
    "dense": simple_ae,
    "deep": deep_ae,
    "deep, wide": deep_ae,
    "conv": conv_ae,
    "LSTM": seq2seq_ae,
    SHUFFLED: seq2seq_ae,
}
SLOW = "conv", "LSTM", SHUFFLED  # with the largest code only


def build_wide(size):
    """Return deep_ae.py's three models with layers of 128 in place of 128 and 64."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(128, activation="relu")(input_img)
    encoded = layers.Dense(128, activation="relu")(encoded)
    code_layer = layers.Dense(
        size, activation="relu", bias_initializer=keras.initializers.Constant(2)
    )
    encoded = code_layer(encoded)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(size,))
    decoded = layers.Dense(128, activation="relu")(encoded_input)
    decoded = layers.Dense(128, activation="relu")(decoded)
    decoded = layers.Dense(784, activation="sigmoid", name="output")(decoded)
    decoder = keras.Model(encoded_input, decoded, name="decoder")
    return keras.Model(input_img, decoder(encoder(input_img))), encoder, decoder


def build(kind, size):
    """Return a kind's (autoencoder, encoder, decoder) with a code of `size` numbers."""
    if kind == "deep, wide":
        return build_wide(size)
    # The code of conv_ae.py is made of maps of 4 x 4.
    return SCRIPTS[kind].build_autoencoder(size // 16 if kind == "conv" else size)


def train(kind, size, rate, seed, x_train, x_test, epochs=EPOCHS):
    """Train a network on images, (n, 784); return its BCE of others, nats a pixel."""
    if kind == SHUFFLED:
        order = np.random.default_rng(seed).permutation(28)
        x_train = x_train.reshape(-1, 28, 28)[:, order]
        x_test = x_test.reshape(-1, 28, 28)[:, order]
    script = SCRIPTS[kind]
    models, _ = experiment.retrain(
        script,
        x_train,
        seed,
        build=lambda: build(kind, size),
        make_optimizer=experiment.with_rate(script.make_optimizer, rate),
        epochs=epochs,
        batch_size=BATCH_SIZE,
    )
    return common.binary_crossentropy(x_test, experiment.reconstruct(models, x_test))


def measure(kind, size, sets, seeds):
    """Choose a rate; return {"bce" (over seeds), "rate", "tried", "parameters"}."""

    def short_training(rate, fit, choose):
        some = fit.x[:SHORT_IMAGES]
        return train(kind, size, rate, 0, some, choose.x, SHORT_EPOCHS)

    rate, tried = experiment.choose(RATES, short_training, sets)
    found = experiment.over_seeds(
        lambda seed: {"bce": train(kind, size, rate, seed, sets.train.x, sets.test.x)},
        seeds,
    )
    parameters = build(kind, size)[0].count_params()
    return {**found, "rate": rate, "tried": tried, "parameters": parameters}


def measure_pca(size, sets):
    """Return {"bce"} of PCA with `size` numbers, clipped to [0, 1]."""
    pca = PCA(size, svd_solver="covariance_eigh").fit(sets.train.x)
    decoded = pca.inverse_transform(pca.transform(sets.test.x)).clip(0, 1)
    return {"bce": common.binary_crossentropy(sets.test.x, decoded)}


def train_as_the_post(kind, seed, sets):
    """Return {"25", "100"}: the test BCE after these epochs of the post's recipe."""

    def build_with_bias_of_0():
        models = SCRIPTS[kind].build_autoencoder()
        code_bias = models[1].layers[-1].bias
        code_bias.assign(keras.ops.zeros(code_bias.shape))  # deep_ae.py's starts at 2
        return models

    _, history = experiment.retrain(
        SCRIPTS[kind],
        sets.train.x,
        seed,
        build=build_with_bias_of_0,
        make_optimizer=lambda total_steps: keras.optimizers.Adadelta(1.0),
        epochs=100,
        batch_size=128,
        validation_data=(sets.test.x, sets.test.x),
        validation_freq=25,
    )
    after_25, _, _, after_100 = history.history["val_loss"]
    return {"25": after_25, "100": after_100}


@common.default_style
def plot(pca, kinds, floor):
    """Draw BCE over the sizes, a line a kind, and beside it all of the largest size."""
    fig = Figure(figsize=(11, 5), layout="constrained")
    left, right = fig.subplots(1, 2, width_ratios=[3, 2])
    left.plot(list(pca), [of["bce"] for of in pca.values()], "ko--", label="PCA")
    for kind, sizes in kinds.items():
        if len(sizes) > 1:
            means = [of["bce"]["mean"] for of in sizes.values()]
            left.plot(list(sizes), means, "o-", label=kind)
        seeds = sizes[SIZES[-1]]["bce"]["seeds"]
        right.plot(seeds, [kind] * len(seeds), "o", alpha=0.6)
    left.axhline(floor, ls=":", color="black", label="the floor: a perfect copy")
    right.axvline(floor, ls=":", color="black")
    left.set(xlabel="numbers in the code", ylabel="test BCE, nats a pixel")
    left.set_xticks(SIZES)
    left.legend()
    right.invert_yaxis()
    right.locator_params(axis="x", nbins=5)
    right.set_xlabel(f"test BCE with {SIZES[-1]} numbers, each seed")
    return fig


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    seeds = range(args.seed, args.seed + 3)

    pca = {size: measure_pca(size, sets) for size in SIZES}
    rows = [("PCA", size, "", "", of["bce"]) for size, of in pca.items()]
    kinds = {}
    for kind in SCRIPTS:
        kinds[kind] = {}
        for size in SIZES[-1:] if kind in SLOW else SIZES:
            found = measure(kind, size, sets, seeds)
            kinds[kind][size] = found
            rate = f"{found['rate']:g}"
            rows.append((kind, size, found["parameters"], rate, found["bce"]))
    head = "kind", "numbers", "parameters", "rate", "test BCE (range)"
    experiment.print_table(head, rows)
    floor = common.binary_crossentropy(sets.test.x, sets.test.x)
    print(f"floor {floor:.4f}")

    post = {}
    for kind, count in ("dense", 3), ("deep", 1):  # deep takes three times as long
        post[kind] = experiment.over_seeds(
            lambda seed, kind=kind: train_as_the_post(kind, seed, sets), seeds[:count]
        )
    print("\nby the post's recipe, 32 numbers; of deep one seed")
    rows = [(kind, *found.values()) for kind, found in post.items()]
    experiment.print_table(("kind", "25 epochs", "100 epochs"), rows)

    plot(pca, kinds, floor).savefig(args.out / "code_size.png")
    experiment.report("code_size", args, pca=pca, kinds=kinds, post=post, floor=floor)


if __name__ == "__main__":
    main()

"""Code size: what decides the error, the kind of network or the size of its code?

The post goes from one layer to three and writes 「訓練結果 loss rate 由 0.1 降到 0.09」
(the loss falls from 0.1 to 0.09). Its simple network had 25 epochs, its deep one 100.

Here five kinds of network and PCA have codes of 8, 32 and 128 numbers. All networks get
the same images, epochs and batches, and the optimizer of their script. The learning
rate is chosen anew for each kind and size, by short trainings on a part of the images.

    deep        deep_ae.py's layers, 128 and 64 wide whatever the code
    deep, wide  the same with layers of 128 only, never narrower than the code
    LSTM        reads the rows in order; shuffled: each seed has another order of rows

At last the post's simple and deep network are trained by the post's own recipe.

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
EPOCHS = 4
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
    SHUFFLED: seq2seq_ae,  # with the largest code only
}


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


def build_small_conv():
    """Return conv_ae.py's three models with a code of 2 x 2 x 2, halved once more."""
    options = {"strides": 2, "padding": "same"}
    input_img = keras.Input(shape=(28, 28, 1))
    x = input_img
    for maps in 32, 64, 64:  # 14 x 14, 7 x 7, 4 x 4
        x = layers.Conv2D(maps, 3, activation="relu", **options)(x)
    encoded = layers.Conv2D(2, 3, **options)(x)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(2, 2, 2))
    x = encoded_input
    for maps, padding in (64, 1), (64, 0), (32, 1):  # 4 x 4, 7 x 7, 14 x 14
        x = layers.Conv2DTranspose(
            maps, 3, activation="relu", output_padding=padding, **options
        )(x)
    decoded = layers.Conv2DTranspose(1, 3, activation="sigmoid", **options)(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")
    return keras.Model(input_img, decoder(encoder(input_img))), encoder, decoder


def build(kind, size):
    """Return (autoencoder, encoder, decoder) of a kind with a code of `size` numbers.

    Args:
        kind: a key of SCRIPTS.
        size: any whole number; for "conv" 8 or a multiple of 16.
    """
    if kind == "deep, wide":
        return build_wide(size)
    if kind == "conv":
        return (
            build_small_conv() if size == 8 else conv_ae.build_autoencoder(size // 16)
        )
    return SCRIPTS[kind].build_autoencoder(size)


def errors(models, images):
    """Return {"bce" (in nats a pixel), "mse"} of what models make of images."""
    decoded = experiment.reconstruct(models, images)
    return {
        "bce": common.binary_crossentropy(images, decoded),
        "mse": experiment.mse(images, decoded),
    }


def train(kind, size, rate, seed, x_train, x_test, epochs=EPOCHS):
    """Train a network on x_train; return its `errors` on x_test.

    Args:
        kind, size: as in `build`.
        rate: the learning rate at the end of the warm-up.
        seed: of the weights, the order of the images and the order of shuffled rows.
        x_train, x_test: images, (n, 784).
    """
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
    return errors(models, x_test)


def measure(kind, size, sets, seeds):
    """Choose a rate; return {"bce", "mse": over seeds, "rate", "tried", "parameters"}.

    "tried" are the rates that were tried and the BCE of each on images to choose by.
    """

    def short_training(rate, fit, choose):
        some = fit.x[:SHORT_IMAGES]
        return train(kind, size, rate, 0, some, choose.x, SHORT_EPOCHS)["bce"]

    rate, tried = experiment.choose(RATES, short_training, sets)
    found = experiment.over_seeds(
        lambda seed: train(kind, size, rate, seed, sets.train.x, sets.test.x), seeds
    )
    parameters = build(kind, size)[0].count_params()
    return {**found, "rate": rate, "tried": tried, "parameters": parameters}


def measure_pca(size, sets):
    """Return {"bce", "mse"} of PCA with `size` numbers, clipped to [0, 1]."""
    pca = PCA(size).fit(sets.train.x)
    decoded = pca.inverse_transform(pca.transform(sets.test.x)).clip(0, 1)
    return {
        "bce": common.binary_crossentropy(sets.test.x, decoded),
        "mse": experiment.mse(sets.test.x, decoded),
    }


def train_as_the_post(kind, seed, sets, epochs=(25, 100)):
    """Return the test BCE after so many epochs of the post's recipe, {epochs: BCE}.

    That is 32 numbers, biases of 0, batches of 128 and Adadelta with the learning rate
    that it had in 2020, 1.0.
    """

    def build_as_the_post():
        models = SCRIPTS[kind].build_autoencoder()
        code_layer = models[1].layers[-1]
        code_layer.bias.assign(keras.ops.zeros(code_layer.bias.shape))
        return models

    short, long = epochs
    models, _ = experiment.retrain(
        SCRIPTS[kind],
        sets.train.x,
        seed,
        build=build_as_the_post,
        make_optimizer=lambda total_steps: keras.optimizers.Adadelta(1.0),
        epochs=short,
        batch_size=128,
    )
    after_short = errors(models, sets.test.x)["bce"]
    x_train = sets.train.x
    models[0].fit(x_train, x_train, epochs=long - short, batch_size=128, verbose=0)
    return {str(short): after_short, str(long): errors(models, sets.test.x)["bce"]}


@common.default_style
def plot(pca, kinds, floor):
    """Draw BCE over the sizes, a line a kind, and beside it the largest size closer.

    Args:
        pca: {size: {"bce": a number}}.
        kinds: {kind: {size: {"bce": a summary}}}.
        floor: the BCE of the images themselves.
    """
    fig = Figure(figsize=(11, 5), layout="constrained")
    left, right = fig.subplots(1, 2, width_ratios=[3, 2])
    left.plot(list(pca), [of["bce"] for of in pca.values()], "ko--", label="PCA")
    largest = str(SIZES[-1])
    for kind, sizes in kinds.items():
        if len(sizes) == len(SIZES):
            means = [of["bce"]["mean"] for of in sizes.values()]
            left.plot(list(sizes), means, "o-", label=kind)
        seeds = sizes[largest]["bce"]["seeds"]
        right.plot(seeds, [kind] * len(seeds), "o", alpha=0.6)
    left.axhline(floor, ls=":", color="black", label="the floor: a perfect copy")
    right.axvline(floor, ls=":", color="black")
    left.set(xlabel="numbers in the code", ylabel="test BCE, nats a pixel")
    left.legend()
    right.invert_yaxis()
    right.set(xlabel=f"test BCE with {largest} numbers, each seed")
    return fig


def print_table(pca, kinds, floor):
    """Print the errors of PCA and of all networks, and the floor."""
    rows = [("PCA", size, "", "", of["bce"], of["mse"]) for size, of in pca.items()]
    for kind, sizes in kinds.items():
        for size, of in sizes.items():
            parameters = f"{of['parameters']:,}"
            row = kind, size, parameters, f"{of['rate']:g}", of["bce"], of["mse"]
            rows.append(row)
    head = "kind", "numbers", "parameters", "rate", "test BCE (range)", "MSE (range)"
    experiment.print_table(head, rows)
    print(f"floor {floor:.4f}")


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    seeds = range(args.seed, args.seed + 3)

    pca = {str(size): measure_pca(size, sets) for size in SIZES}
    kinds = {}
    for kind in SCRIPTS:
        kinds[kind] = {}
        for size in SIZES[-1:] if kind == SHUFFLED else SIZES:
            kinds[kind][str(size)] = measure(kind, size, sets, seeds)
            print(f"{kind}, {size} numbers: trained", flush=True)
    floor = common.binary_crossentropy(sets.test.x, sets.test.x)
    print_table(pca, kinds, floor)

    post = {}
    for kind, count in ("dense", 3), ("deep", 1):  # deep takes three times as long
        post[kind] = experiment.over_seeds(
            lambda seed, kind=kind: train_as_the_post(kind, seed, sets), seeds[:count]
        )
    print("\nby the post's recipe, 32 numbers; of deep one seed")
    rows = [(kind, n, bce) for kind, found in post.items() for n, bce in found.items()]
    experiment.print_table(("kind", "epochs", "test BCE (range)"), rows)

    plot(pca, kinds, floor).savefig(args.out / "code_size.png")
    experiment.report("code_size", args, pca=pca, kinds=kinds, post=post, floor=floor)


if __name__ == "__main__":
    main()

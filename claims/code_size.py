"""Code size: what decides the loss, the kind of network or the numbers in its code?

The post goes from one layer to three and reads 「訓練結果 loss rate 由 0.1 降到 0.09」
(training takes the loss from 0.1 to 0.09). Its simple network had 25 epochs and its
deep one 100. Here four kinds of autoencoder are trained with codes of 8, 32 and 128
numbers, with the same images, epochs, batch size and schedule, and each with its own
script's optimizer. The learning rate is chosen for each kind and size from the same
three, on the last twelfth of the training images. PCA is the control. Depth alone:
dense and deep, both with Adam and both with Muon. And the post's two networks are
trained by the post's own recipe, and both losses are read after 25 and 100 epochs.

Deep and convolutional networks keep their widths when the code shrinks. The dense
network and the LSTM have no other width than their code. The script's convolutions end
in maps of 4 x 4; for 8 numbers they are halved once more.

    python claims/code_size.py
"""

import math
import time

import base
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

LONG = True  # about an hour on one core
SIZES = [8, 32, 128]
SEEDS = 3  # of each network, one fewer of the slow ones; the first is --seed
SLOW = ["conv", "LSTM"]
EPOCHS = 10
BATCH_SIZE = 128
SCRIPTS = {
    "dense": simple_ae,
    "deep": deep_ae,
    "conv": conv_ae,
    "LSTM": seq2seq_ae,
}

OPTIMIZERS = {"dense": "Adam", "deep": "Muon", "conv": "Adam", "LSTM": "Muon"}
# So that depth is not mixed up with the optimizer, dense and deep get each other's too.
SWAPPED = {"dense": "Muon", "deep": "Adam"}
RATES = [5e-3, 1e-2, 2e-2]

POST_EPOCHS = {"dense": 25, "deep": 100}  # the post's own; --epochs scales them too


def build_small_conv():
    """Return conv_ae.py's three models with a code of 2 x 2 x 2, halved once more."""
    input_img = keras.Input(shape=(28, 28, 1))
    # 14 x 14 x 32, 7 x 7 x 64, 4 x 4 x 64
    x = input_img
    for maps in 32, 64, 64:
        x = layers.Conv2D(maps, 3, strides=2, padding="same", activation="relu")(x)
    # 2 x 2 x 2
    encoded = layers.Conv2D(2, 3, strides=2, padding="same")(x)
    encoder = keras.Model(input_img, encoded, name="encoder")

    encoded_input = keras.Input(shape=(2, 2, 2))
    # 4 x 4 x 64
    x = layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu")(
        encoded_input
    )
    # 7 x 7 x 64
    x = layers.Conv2DTranspose(
        64, 3, strides=2, padding="same", output_padding=0, activation="relu"
    )(x)
    # 14 x 14 x 32
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(x)
    # 28 x 28 x 1
    decoded = layers.Conv2DTranspose(
        1, 3, strides=2, padding="same", activation="sigmoid"
    )(x)
    decoder = keras.Model(encoded_input, decoded, name="decoder")

    autoencoder = keras.Model(input_img, decoder(encoder(input_img)))
    return autoencoder, encoder, decoder


def build(kind, size):
    """Return (autoencoder, encoder, decoder) of a kind with a code of `size` numbers.

    Args:
        kind: a key of SCRIPTS.
        size: any whole number; for "conv" 8 or a multiple of 16.
    """
    if kind != "conv":
        return SCRIPTS[kind].build_autoencoder(size)
    return build_small_conv() if size == 8 else conv_ae.build_autoencoder(size // 16)


def make_optimizer(name, rate, total_steps, output_layer):
    """Return "Adam" or "Muon" as the scripts have them, with their schedule.

    Args:
        name: of the optimizer.
        rate: the learning rate at the end of the warm-up.
        total_steps: of the training.
        output_layer: its name; Muon leaves this layer to AdamW.
    """
    schedule = base.warm_up_and_cosine(rate, total_steps)
    if name == "Adam":
        return keras.optimizers.Adam(schedule, beta_2=0.99)
    return keras.optimizers.Muon(
        schedule, exclude_layers=[output_layer], weight_decay=0.1
    )


def train(kind, size, x_train, images, seed, recipe, epochs):
    """Train one network by a recipe; return what it cost and its errors.

    Args:
        kind, size: as in `build`.
        x_train, images: to be trained on and to be measured with, (n, 784).
        seed: of the weights and of the order of the images.
        recipe: the optimizer's name and the learning rate.
        epochs: how many.

    Returns:
        a dict: "bce" in nats a pixel, "mse", "dead" (how many numbers of the code are
        the same for all images), "parameters", "seconds" of training.
    """
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    autoencoder, encoder, decoder = build(kind, size)
    shape = autoencoder.output_shape[1:]
    total_steps = epochs * math.ceil(len(x_train) / BATCH_SIZE)
    SCRIPTS[kind].train(
        autoencoder,
        x_train.reshape(-1, *shape),
        images.reshape(-1, *shape),
        epochs=epochs,
        batch_size=BATCH_SIZE,
        optimizer=make_optimizer(*recipe, total_steps, decoder.layers[-1].name),
        verbose=0,
    )
    seconds = time.perf_counter() - started

    codes = base.encode(encoder, images.reshape(-1, *shape))
    decoded = decoder.predict(codes, verbose=0).reshape(images.shape)
    return {
        "bce": common.binary_crossentropy(images, decoded),
        "mse": base.mse(images, decoded),
        "dead": int(np.sum(np.ptp(codes, axis=0) == 0)),
        "parameters": autoencoder.count_params(),
        "seconds": seconds,
    }


def tune(kind, size, x_train, seed, optimizer, epochs):
    """Return the one of RATES with the lowest BCE on images that it was not trained on.

    These are the last twelfth of the training images, 5,000 of MNIST's, so that no test
    image has a part in the choice. Three tenths of the `epochs` are enough to choose.
    """
    held_out = len(x_train) // 12
    kept, watched = x_train[:-held_out], x_train[-held_out:]
    short = max(1, 3 * epochs // 10)
    found = {
        rate: train(kind, size, kept, watched, seed, (optimizer, rate), short)["bce"]
        for rate in RATES
    }
    return min(found, key=found.get)


def repeat(kind, size, x_train, x_test, args, optimizer):
    """Return a rate, and what `train` returns by it for each seed from args.seed on."""
    rate = tune(kind, size, x_train, args.seed, optimizer, args.epochs)
    seeds = max(1, args.seeds - 1) if kind in SLOW else args.seeds
    runs = [
        train(kind, size, x_train, x_test, seed, (optimizer, rate), args.epochs)
        for seed in range(args.seed, args.seed + seeds)
    ]
    return rate, runs


def train_as_the_post(kind, x_train, x_test, seed, epochs):
    """Return the test loss after each of `epochs` of the post's recipe, a list.

    That is 32 numbers, biases that start at 0, batches of 128 and the Adadelta of 2020,
    whose learning rate was 1.0.
    """

    def build_as_the_post():
        models = build(kind, 32)
        code_layer = models[1].layers[-1]
        code_layer.bias.assign(keras.ops.zeros_like(code_layer.bias))
        return models

    _, history = base.train_again(
        SCRIPTS[kind],
        x_train,
        x_test,
        seed,
        models=build_as_the_post,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        optimizer=keras.optimizers.Adadelta(1.0),
    )
    return history.history["val_loss"]


def pca_errors(x_train, x_test, size):
    """Return the test errors of PCA with `size` numbers, clipped to [0, 1], a dict."""
    pca = PCA(min(size, *x_train.shape), svd_solver="full").fit(x_train)
    decoded = pca.inverse_transform(pca.transform(x_test)).clip(0, 1)
    return {
        "bce": common.binary_crossentropy(x_test, decoded),
        "mse": base.mse(x_test, decoded),
    }


def spread(values):
    """Return the mean, the lowest and the highest of a list, and the list, a dict."""
    return {
        "mean": float(np.mean(values)),
        "low": min(values),
        "high": max(values),
        "seeds": list(values),
    }


def compare(ours, theirs):
    """Return how one `spread` is beside another: a word that all seeds carry.

    They carry it in the four decimals that are printed.
    """
    if round(ours["high"], 4) < round(theirs["low"], 4):
        return "better"
    if round(ours["low"], 4) > round(theirs["high"], 4):
        return "worse"
    return "no different"


def verdict(bce, depth, post):
    """Return what decides, and what depth does, in sentences.

    Args:
        bce: {kind: {size as a string: `spread`}}, without PCA.
        depth: {optimizer: {"dense" and "deep": {size as a string: `spread`}}}.
        post: {"dense" and "deep": {epochs as a string: `spread`}}.
    """
    sizes = list(bce["dense"])
    falls = [of[sizes[0]]["mean"] - of[sizes[-1]]["mean"] for of in bce.values()]
    gaps = []
    for size in sizes:
        means = [of[size]["mean"] for of in bce.values()]
        gaps.append(f"{max(means) - min(means):.4f} with {size}")
    words = []
    for optimizer, of in depth.items():
        beside = [f"{compare(of['deep'][n], of['dense'][n])} with {n}" for n in sizes]
        words.append(f"both by {optimizer} {', '.join(beside)}")
    short, long = post["dense"]
    start = post["dense"][short]["mean"]
    epochs_alone = start - post["dense"][long]["mean"]
    both = start - post["deep"][long]["mean"]
    word = compare(post["deep"][long], post["dense"][long])
    return (
        f"from {sizes[0]} to {sizes[-1]} numbers the BCE of each kind falls by "
        f"{min(falls):.4f} to {max(falls):.4f}; between the best and the worst kind "
        f"lie {', '.join(gaps)}. Deep, beside dense, is {'; '.join(words)}. By the "
        f"post's recipe {long} epochs in place of {short} "
        f"lower dense by {epochs_alone:.4f}, and deep in place of dense makes it "
        f"{both:.4f}: with {long} epochs for both, deep is {word}."
    )


def draw(bce, floor, path):
    """Draw BCE over the size of the code, a line a kind.

    Args:
        bce: {kind: {size as a string: `spread`}}, PCA among them.
        floor: the BCE of the images themselves.
        path: the .png file to write.
    """
    styles = {
        "PCA": ("#000000", "s"),
        "dense": ("#0072B2", "o"),
        "LSTM": ("#CC79A7", "D"),
        "conv": ("#009E73", "^"),
        "deep": ("#D55E00", "v"),
    }
    sizes = list(bce["dense"])
    places = range(len(sizes))
    axis = Figure(figsize=(9, 6), layout="constrained").subplots()
    for kind, (color, marker) in styles.items():
        means = [bce[kind][size]["mean"] for size in sizes]
        style = "--" if kind == "PCA" else "-"
        axis.plot(places, means, style, marker=marker, ms=9, lw=2.5, color=color)
        axis.annotate(
            kind,
            (0, means[0]),
            xytext=(-12, 0),
            textcoords="offset points",
            fontsize=18,
            color=color,
            ha="right",
            va="center",
        )
    axis.axhline(floor, ls=":", lw=2, color="#555555")
    axis.text(0, floor, "floor", fontsize=18, color="#555555", va="bottom")
    axis.set_xlim(-0.45, len(sizes) - 0.85)
    axis.set_xticks(places, sizes, fontsize=18)
    axis.tick_params(axis="y", labelsize=15)
    axis.set_xlabel("numbers in the code", fontsize=18)
    axis.set_ylabel("test BCE, nats a pixel", fontsize=18)
    axis.spines[["top", "right"]].set_visible(False)
    common.save(axis.figure, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=EPOCHS, seeds=SEEDS)
    (x_train, _), (x_test, _) = base.load_images(args)

    bce = {"PCA": {}, **{kind: {} for kind in SCRIPTS}}
    mse = {kind: {} for kind in bce}
    parameters = {kind: {} for kind in SCRIPTS}
    seconds = {kind: {} for kind in SCRIPTS}
    dead = {kind: {} for kind in SCRIPTS}
    rates = {kind: {} for kind in SCRIPTS}
    what = f"BCE of each seed, {args.epochs} epochs"
    print(f"kind  size  parameters  seconds  dead   rate  {what}")
    for size in SIZES:
        errors = pca_errors(x_train, x_test, size)
        bce["PCA"][str(size)] = spread([errors["bce"]])
        mse["PCA"][str(size)] = spread([errors["mse"]])
        print(f"{'PCA':5} {size:4} {'':32} {errors['bce']:.4f}", flush=True)

        for kind in SCRIPTS:
            rate, runs = repeat(kind, size, x_train, x_test, args, OPTIMIZERS[kind])
            rates[kind][str(size)] = rate
            bce[kind][str(size)] = spread([run["bce"] for run in runs])
            mse[kind][str(size)] = spread([run["mse"] for run in runs])
            parameters[kind][str(size)] = runs[0]["parameters"]
            seconds[kind][str(size)] = float(np.mean([run["seconds"] for run in runs]))
            dead[kind][str(size)] = float(np.mean([run["dead"] for run in runs]))
            print(
                f"{kind:5} {size:4} {runs[0]['parameters']:11,} "
                f"{seconds[kind][str(size)]:8.0f} {dead[kind][str(size)]:5.1f} "
                f"{rate:6}  " + " ".join(f"{run['bce']:.4f}" for run in runs),
                flush=True,
            )

    depth = {"Adam": {"dense": bce["dense"]}, "Muon": {"deep": bce["deep"]}}
    for kind, optimizer in SWAPPED.items():
        found = {}
        for size in SIZES:
            rate, runs = repeat(kind, size, x_train, x_test, args, optimizer)
            found[str(size)] = spread([run["bce"] for run in runs])
            values = " ".join(f"{run['bce']:.4f}" for run in runs)
            beside = f"by {optimizer} in place of {OPTIMIZERS[kind]}"
            print(f"{kind:5} {size:4}  {beside:23} {rate:6}  {values}", flush=True)
        depth[optimizer][kind] = found

    floor = common.binary_crossentropy(x_test, x_test)
    print(f"floor {floor:.4f}")

    print("the post's recipe, 32 numbers: kind, epochs, the seeds")
    post_epochs = [max(1, n * args.epochs // EPOCHS) for n in POST_EPOCHS.values()]
    post = {}
    for kind in POST_EPOCHS:
        runs = [
            train_as_the_post(kind, x_train, x_test, args.seed + i, max(post_epochs))
            for i in range(args.seeds)
        ]
        post[kind] = {}
        for n in post_epochs:
            post[kind][str(n)] = spread([losses[n - 1] for losses in runs])
            values = " ".join(f"{losses[n - 1]:.4f}" for losses in runs)
            print(f"{kind:5} {n:4}  {values}", flush=True)

    draw(bce, floor, args.out / "code_size.png")
    networks = {kind: bce[kind] for kind in SCRIPTS}
    base.report(
        "code_size",
        args,
        verdict(networks, depth, post),
        bce=bce,
        mse=mse,
        floor=floor,
        depth=depth,
        parameters=parameters,
        training_seconds=seconds,
        dead=dead,
        post=post,
        epochs=args.epochs,
        batch_size=BATCH_SIZE,
        optimizers=OPTIMIZERS,
        rates=rates,
    )


if __name__ == "__main__":
    common.run(main)

"""PCA: is the simple autoencoder better than the best linear code, and why?

What simple_ae.py's network has and PCA has not is added step by step: a linear network
by MSE, a sigmoid at the output, BCE as the loss, a relu on the code. Two more rows are
trained by MSE, and with tied kernels. Each has a learning rate chosen for it by the
loss that it is trained with.

    python claims/pca.py
"""

import bisect

import experiment
import common
import keras
from keras import layers, ops
import numpy as np
import simple_ae
from sklearn.decomposition import PCA

SIZE = simple_ae.encoding_dim
RATES = [5e-3, 1e-2, 2e-2]
SHORT_EPOCHS = 2  # of a training that chooses a rate

BCE = "binary_crossentropy"
MSE = "mean_squared_error"
# The activation of the code and of the output, and the loss.
NETWORKS = {
    "linear, by MSE": ("linear", "linear", MSE),
    "+ sigmoid": ("linear", "sigmoid", MSE),
    "+ BCE": ("linear", "sigmoid", BCE),
    "+ relu = simple_ae": ("relu", "sigmoid", BCE),
    "simple_ae by MSE": ("relu", "sigmoid", MSE),
    "simple_ae, tied": ("relu", "sigmoid", BCE),
}


class TiedDense(layers.Layer):
    """A dense layer, f(x W^T + b), with another one's kernel W, (outputs, inputs)."""

    def __init__(self, kernel, activation):
        super().__init__()
        self.kernel = kernel
        self.activation = keras.activations.get(activation)
        self.bias = self.add_weight(shape=(kernel.shape[0],), initializer="zeros")

    def call(self, x):
        return self.activation(ops.matmul(x, ops.transpose(self.kernel)) + self.bias)


def build(name):
    """Return (autoencoder, encoder, decoder), 784 -> 32 -> 784, of one of NETWORKS."""
    code, output, _ = NETWORKS[name]
    input_img = keras.Input(shape=(784,))
    code_layer = layers.Dense(SIZE, activation=code)
    encoder = keras.Model(input_img, code_layer(input_img), name="encoder")

    encoded_input = keras.Input(shape=(SIZE,))
    output_layer = layers.Dense(784, activation=output)
    if name.endswith("tied"):
        output_layer = TiedDense(code_layer.kernel, output)
    decoder = keras.Model(encoded_input, output_layer(encoded_input), name="decoder")
    return keras.Model(input_img, decoder(encoder(input_img))), encoder, decoder


def decode(pca, codes, size, margin=0.0):
    """Return the images, in [margin, 1 - margin], of PCA's first `size` numbers.

    A pixel that is not quite black costs much BCE if it is clipped to 0.
    """
    images = codes[:, :size] @ pca.components_[:size] + pca.mean_
    return images.clip(margin, 1 - margin)


def errors(images, reconstructions):
    """Return {"bce" (in nats a pixel), "mse"} of two arrays of one shape."""
    return {
        "bce": common.binary_crossentropy(images, reconstructions),
        "mse": experiment.mse(images, reconstructions),
    }


def needed(pca, images, measure, goal, margin=0.0):
    """Return PCA's smallest size with a "bce" or "mse" of at most `goal`, or None."""
    codes = pca.transform(images)

    def is_enough(size):
        return errors(images, decode(pca, codes, size, margin))[measure] <= goal

    sizes = range(1, len(pca.components_) + 1)
    place = bisect.bisect_left(sizes, True, key=is_enough)  # more is never worse
    return sizes[place] if place < len(sizes) else None


def choose_margin(sets):
    """Return the `margin` of `decode` with the least BCE, without test images."""
    pca = PCA().fit(sets.fit.x)
    codes = pca.transform(sets.choose.x)

    def error_of(margin, fit, choose):
        return errors(choose.x, decode(pca, codes, SIZE, margin))["bce"]

    return experiment.choose([1e-4, 2e-4, 4e-4], error_of, sets)[0]


def measure(name, sets, seeds, margin):
    """Return one of NETWORKS by its chosen rate: its errors over seeds, ten digits."""
    _, output, loss = NETWORKS[name]

    def train(rate, seed, images, epochs=None):
        models, _ = experiment.retrain(
            simple_ae,
            images,
            seed,
            build=lambda: build(name),
            make_optimizer=experiment.with_rate(simple_ae.make_optimizer, rate),
            epochs=epochs,
            loss=loss,
        )
        return models

    def error_of(rate, fit, choose):
        models = train(rate, 0, fit.x, SHORT_EPOCHS)
        found = errors(choose.x, experiment.reconstruct(models, choose.x))
        return found["bce" if loss == BCE else "mse"]

    rate, tried = experiment.choose(RATES, error_of, sets)
    digits = []

    def measure_seed(seed):
        models = train(rate, seed, sets.train.x)
        decoded = experiment.reconstruct(models, sets.test.x)
        if output == "linear":
            decoded = decoded.clip(margin, 1 - margin)
        digits.append(decoded[:10])
        codes = experiment.encode(models[1], sets.test.x)
        return {**errors(sets.test.x, decoded), "above_0": np.mean(codes > 0)}

    found = experiment.over_seeds(measure_seed, seeds)
    parameters = build(name)[0].count_params()
    row = {**found, "rate": rate, "tried": tried, "parameters": parameters}
    return row, digits[0]


def measure_baselines(pca, sets, margin):
    """Return {name: `errors`} of what needs no training."""
    images = sets.test.x
    codes = pca.transform(images)
    outputs = {
        "untrained sigmoid": np.full_like(images, 0.5),
        "mean image": np.broadcast_to(sets.train.x.mean(axis=0), images.shape),
        **{f"PCA-{size}": decode(pca, codes, size) for size in (2, SIZE, 128)},
        f"PCA-{SIZE}, best clip": decode(pca, codes, SIZE, margin),
        "floor": images,
    }
    return {name: errors(images, output) for name, output in outputs.items()}


def print_tables(baselines, networks):
    """Print what needs no training, and below it the networks."""
    print()
    rows = [(name, *row.values()) for name, row in baselines.items()]
    experiment.print_table(("no training", "test BCE", "MSE"), rows)

    print()
    head = f"{SIZE} numbers", "parameters", "rate", "test BCE (range)", "MSE (range)"
    rows = [
        (name, row["parameters"], f"{row['rate']:g}", row["bce"], row["mse"])
        for name, row in networks.items()
    ]
    experiment.print_table(head, rows)


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    sets = experiment.load_images(args)
    seeds = range(args.seed, args.seed + 3)

    pca = PCA().fit(sets.train.x)
    margin = choose_margin(sets)
    baselines = measure_baselines(pca, sets, margin)
    networks = {}
    digits = {}
    for name in NETWORKS:
        networks[name], digits[name] = measure(name, sets, seeds, margin)
        print(f"{name}: trained", flush=True)

    print_tables(baselines, networks)
    print(f"\nPCA-{SIZE} has its best BCE if clipped to [{margin:g}, {1 - margin:g}]")
    network = networks["+ relu = simple_ae"]
    sizes = {}
    for key in "bce", "mse":
        goal = network[key]["mean"]
        sizes[key] = needed(pca, sets.test.x, key, goal, margin)
        print(f"for simple_ae's {key.upper()} PCA needs {sizes[key]} numbers")
    print(f"of simple_ae's code {network['above_0']['mean']:.1%} is above 0")

    pictures = {
        "original": sets.test.x[:10],
        f"PCA-{SIZE}": decode(pca, pca.transform(sets.test.x[:10]), SIZE),
        "linear code,\nsigmoid, BCE": digits["+ BCE"],
        "simple_ae": digits["+ relu = simple_ae"],
        "by MSE": digits["simple_ae by MSE"],
        "tied": digits["simple_ae, tied"],
    }
    common.plot_images(pictures, args.out / "pca.png")
    experiment.report(
        "pca", args, baselines=baselines, networks=networks, numbers_needed=sizes
    )


if __name__ == "__main__":
    main()

"""PCA: is the simple autoencoder better than the best linear code, and why?

The post: 「Encoder 的效果等同於做 Dimension Reduction」 (encoding is like dimension
reduction). Of all linear codes of one size, PCA has the smallest mean squared error
(MSE) on the images that it is fitted to. It does not minimise the binary cross-entropy
(BCE), which the network is trained with, so both are measured.

    python simple_ae.py
    python claims/pca.py

What the network has and PCA has not is added step by step: three networks of the same
size, epochs and schedule, with a linear code, get a linear output and MSE (PCA again,
by training), then a sigmoid at the output, then BCE as the loss. simple_ae.py's has a
relu on the code besides. All have simple_ae.py's learning rate, which was chosen for
BCE: how near the first comes to PCA's MSE shows how well it fits the others.
"""

import bisect
import math

import base
import common
import keras
from keras import layers
import numpy as np
import simple_ae
from sklearn.decomposition import PCA

# The output of a network with a linear code, and its loss.
STEPS = {
    "linear, MSE": ("linear", "mean_squared_error"),
    "+ sigmoid": ("sigmoid", "mean_squared_error"),
    "+ BCE": ("sigmoid", "binary_crossentropy"),
}


def decode(pca, codes, size, low=0):
    """Return the images, (n, 784) in [low, 1 - low], of PCA's first `size` numbers.

    Args:
        pca: scikit-learn's, fitted with all its components.
        codes: what `pca.transform` returned, (n, components).
    """
    images = codes[:, :size] @ pca.components_[:size] + pca.mean_
    return np.clip(images, low, 1 - low)


def errors(images, reconstructions):
    """Return {"bce" (in nats a pixel), "mse"} of two float32 arrays of one shape."""
    return {
        "bce": common.binary_crossentropy(images, reconstructions),
        "mse": base.mse(images, reconstructions),
    }


def needed(pca, images, measure, goal, low=0):
    """Return the smallest size of PCA with an error of at most `goal`, or None.

    Args:
        pca, low: as in `decode`.
        images: (n, 784).
        measure: "bce" or "mse".
    """
    codes = pca.transform(images)

    def is_enough(size):
        return errors(images, decode(pca, codes, size, low))[measure] <= goal

    sizes = range(1, len(pca.components_) + 1)
    place = bisect.bisect_left(sizes, True, key=is_enough)  # more is never worse
    return sizes[place] if place < len(sizes) else None


def best_margin(pca, images, size):
    """Return the `low` of `decode` that has the least BCE on training images.

    A pixel that is not quite black costs much BCE when it is clipped to 0.
    """
    codes = pca.transform(images)
    margins = [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
    tries = [decode(pca, codes, size, low) for low in margins]
    bces = [errors(images, decoded)["bce"] for decoded in tries]
    return margins[int(np.argmin(bces))]


def build_linear(size, output):
    """Return an autoencoder, 784 -> size -> 784, whose code is linear."""
    input_img = keras.Input(shape=(784,))
    encoded = layers.Dense(size)(input_img)
    decoded = layers.Dense(784, activation=output)(encoded)
    return keras.Model(input_img, decoded)


def train(autoencoder, x_train, loss, epochs):
    """Train as simple_ae.py does, at the same learning rate, but with any loss."""
    steps = math.ceil(len(x_train) / simple_ae.batch_size)  # in an epoch
    schedule = base.warm_up_and_cosine(1e-2, epochs * steps)
    autoencoder.compile(
        optimizer=keras.optimizers.Adam(schedule, beta_2=0.99),
        loss=loss,
        **common.speed_options(steps),
    )
    autoencoder.fit(
        x_train, x_train, epochs=epochs, batch_size=simple_ae.batch_size, verbose=0
    )


def verdict(pca, steps, network, active):
    """Return the verdict.

    Args:
        pca, network: their `errors`.
        steps: {a name of STEPS: its errors}.
        active: the share of the network's code that is above 0.
    """
    gain = pca["bce"] - network["bce"]
    if gain <= 0:
        return f"the autoencoder's BCE is not below PCA's: {-gain:.4f} more"
    share = (pca["bce"] - steps["+ BCE"]["bce"]) / gain
    by_sigmoid = (pca["bce"] - steps["+ sigmoid"]["bce"]) / gain
    mse = "lower" if network["mse"] < pca["mse"] else "not lower"
    return (
        f"the autoencoder's BCE is lower than PCA's ({network['bce']:.4f}, PCA "
        f"{pca['bce']:.4f}), its MSE {mse}; a linear code with a sigmoid output, "
        f"trained by BCE, has {share:.0%} of that gain ({by_sigmoid:.0%} if trained by "
        f"MSE): {active:.1%} of the code is above 0, where relu changes nothing"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, epochs=simple_ae.epochs)
    models = base.load_model("simple_ae", args.out)
    size = models[1].output_shape[-1]

    (x_train, _), (x_test, _) = base.load_images(args)
    pca = PCA().fit(x_train)
    codes = pca.transform(x_test)
    encoded_imgs = base.encode(models[1], x_test)
    decoded_imgs = base.reconstruct(models, x_test)

    outputs = {}
    outputs["untrained sigmoid"] = np.full_like(x_test, 0.5)
    outputs["mean image"] = base.mean_image(x_train, x_test)
    for numbers in 2, size, 128:
        outputs[f"PCA-{numbers}"] = decode(pca, codes, numbers)
    outputs["simple_ae"] = decoded_imgs
    outputs["floor"] = x_test
    baselines = [
        {"name": name, **errors(x_test, images)} for name, images in outputs.items()
    ]
    print(f"{'test set':<24} BCE      MSE")
    for row in baselines:
        print(f"{row['name']:<22} {row['bce']:.4f}   {row['mse']:.4f}")

    low = best_margin(pca, x_train[:10000], size)
    fair = errors(x_test, decode(pca, codes, size, low))
    network = errors(x_test, decoded_imgs)
    numbers = {key: needed(pca, x_test, key, network[key], low) for key in network}
    print(
        f"\nPCA-{size} clipped to [{low:g}, {1 - low:g}], its best: {fair['bce']:.4f}"
    )
    for key, number in numbers.items():
        text = f"{number} numbers" if number else "more than it has"
        print(f"for the network's {key.upper()} PCA needs {text}")

    print(f"\nfrom PCA-{size} to simple_ae, {args.epochs} epochs each:")
    print(f"{f'PCA-{size}':<22} {fair['bce']:.4f}   {fair['mse']:.4f}")
    steps = {}
    for name, (output, loss) in STEPS.items():
        keras.utils.set_random_seed(args.seed)
        autoencoder = build_linear(size, output)
        train(autoencoder, x_train, loss, args.epochs)
        decoded = autoencoder.predict(x_test, verbose=0)
        if output == "linear":
            decoded = np.clip(decoded, low, 1 - low)
        steps[name] = errors(x_test, decoded)
        print(f"{name:<22} {steps[name]['bce']:.4f}   {steps[name]['mse']:.4f}")
    print(f"{'+ relu: simple_ae':<22} {network['bce']:.4f}   {network['mse']:.4f}")

    active = float(np.mean(encoded_imgs > 0))
    print(f"of the numbers in simple_ae's code {active:.1%} are above 0")

    rows = {
        "original": x_test[:10],
        f"PCA-{size}": outputs[f"PCA-{size}"][:10],
        "linear code,\nsigmoid output": decoded[:10],
        "simple_ae": decoded_imgs[:10],
    }
    common.plot_images(rows, args.out / "pca.png")

    base.report(
        "pca",
        args,
        verdict(fair, steps, network, active),
        baselines=baselines,
        pca=fair,
        steps=steps,
        simple_ae=network,
        active=active,
        numbers_needed=numbers,
    )


if __name__ == "__main__":
    common.run(main)

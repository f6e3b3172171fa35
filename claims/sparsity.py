"""Sparsity: does each unit of the sparse code have a digit of its own?

The post: 「我們希望神經元只對某一些訓練資料有反應,例如神經元 A 對 5 有反應,B 只對 7
有反應」 (A is to respond to 5, B only to 7). The network of sparse_ae.py, and its twin
without the two penalties, which has the same start, optimizer, schedule and epochs:

    python sparse_ae.py
    python claims/sparsity.py

A unit's selectivity is its mean activation for its preferred digit, divided by the sum
over all ten: 0.1 if it responds to all alike, 1 if to one digit only. A network's is
the mean of its units, weighted by their activation.
"""

import math
import shared  # first: it makes the project's folder importable
import common
import sparse_ae
import keras
from matplotlib.figure import Figure
import numpy as np


def train_twin(autoencoder, x_train, args):
    """Return (encoder, decoder, epochs) of sparse_ae.py's network without penalties.

    It gets what the trained `autoencoder` got: the optimizer with its schedule, and as
    many epochs. args: `seed` and `batch_size`, as for sparse_ae.py.
    """
    steps = math.ceil(len(x_train) / args.batch_size)  # in an epoch
    epochs, rest = divmod(int(autoencoder.optimizer.iterations.numpy()), steps)
    if rest or not epochs:
        raise common.DataError(
            f"sparse_ae.keras was not trained for whole epochs of {steps} steps: give "
            "--data and --batch-size as for sparse_ae.py"
        )
    keras.utils.set_random_seed(args.seed)
    twin, encoder, decoder = sparse_ae.build_autoencoder(l1=0, l2=0)
    twin.compile_from_config(autoencoder.get_compile_config())
    twin.fit(x_train, x_train, batch_size=args.batch_size, epochs=epochs, verbose=0)
    return encoder, decoder, epochs


def selectivity(codes, labels):
    """Return each unit's activation as shared out among the digits, (10, units), and
    the network's selectivity.

    The units are ordered by preferred digit. Those active on under 1 % of the images
    are left out: one that only a handful of 6s switch on would look perfect.

    codes: activations, (n, units), at least 0; labels: (n,), with all of 0 to 9 in it.
    """
    codes = codes[:, (codes > 0).mean(axis=0) >= 0.01]
    if codes.shape[1] == 0:
        raise common.DataError("a network has no unit active on 1 % of the images")
    means = np.stack([codes[labels == digit].mean(axis=0) for digit in range(10)])
    shares = means / means.sum(axis=0)
    mean = np.average(shares.max(axis=0), weights=codes.sum(axis=0))
    return shares[:, np.argsort(shares.argmax(axis=0), kind="stable")], mean


def describe(name, x_test, y_test, encoder, decoder):
    """Print what there is to know about a network; return its `selectivity`."""
    codes = encoder.predict(x_test, verbose=0)
    bce = common.binary_crossentropy(x_test, decoder.predict(codes, verbose=0))
    active, rms = codes > 0, np.sqrt(np.mean(decoder.get_weights()[0] ** 2))
    shares, mean = selectivity(codes, y_test)
    units = np.bincount(shares.argmax(axis=0), minlength=10)
    print(
        f"{name}: test BCE {bce:.4f} | {1 - active.mean():.1%} zeros | an image uses "
        f"{active.sum(axis=1).mean():.1f} of {codes.shape[1]} units | "
        f"{np.sum(~active.any(axis=0))} dead | decoder's weights {rms:.3f} (rms)\n"
        f"  selectivity {mean:.2f}, over the {units.sum()} units active on 1 % of the "
        f"images or more, of which prefer 0 to 9: {' '.join(map(str, units))}"
    )
    return shares, mean


def verdict(sparse, plain):
    """Return the verdict on the `selectivity` of both networks."""
    (shares, mean), (_, plain_mean) = sparse, plain
    own, units = np.sum(shares.max(axis=0) > 0.5), shares.shape[1]
    return (
        f"verdict: most units have {'a' if own > units / 2 else 'no'} digit of their "
        f"own: {own} of {units} give it over half of their activation; the penalties "
        f"{'raise' if mean > plain_mean else 'do not raise'} the selectivity "
        f"({mean:.2f}, without them {plain_mean:.2f})"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv, batch_size=128)
    autoencoder, *halves = shared.load_model("sparse_ae", args.out)
    (x_train, _), (x_test, y_test) = common.load_mnist(args.data)
    if y_test is None or len(np.unique(y_test)) < 10:
        raise common.DataError("this needs labels of all ten digits, y_test, in --data")
    x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
    *twin, epochs = train_twin(autoencoder, x_train, args)
    sparse = describe("with the penalties", x_test, y_test, *halves)
    plain = describe("without", x_test, y_test, *twin)

    fig = Figure(figsize=(13, 9), layout="constrained")
    axes = fig.subplots(2, 1)
    for axis, name, (shares, mean) in zip(axes, ("with", "without"), (sparse, plain)):
        image = axis.imshow(shares, cmap="Blues", aspect="auto", vmin=0, vmax=0.5)
        title = f"{name} the penalties, {epochs} epochs: selectivity {mean:.2f}"
        axis.set_title(title, fontsize=20)
        axis.set_ylabel("digit", fontsize=18)
        axis.set_yticks(range(10))
        axis.tick_params(labelsize=16)
    axis.set_xlabel("unit, ordered by its preferred digit", fontsize=18)
    bar = fig.colorbar(image, ax=axes, extend="max")
    bar.set_label("share of the unit's activation", fontsize=18)
    bar.ax.tick_params(labelsize=18)
    common.save(fig, args.out / "sparsity.png")
    print(verdict(sparse, plain))


if __name__ == "__main__":
    common.run(main)

"""Rows read: what does an LSTM hold of the rows that it has read so far?

The post: for "temporal structure" take an LSTM (「想要有 temporal structure 的 model
要改用 LSTM」). So stop the encoder of seq2seq_ae.py after 7, 14 or 21 rows, and ask:

1. What does the decoder make of the unfinished state? It was trained on final states
   only, so a bad picture does not show that the state lacks the rows.
2. What does the state hold? Ridge regression reads the pixels of the rows from it. That
   is a lower bound: what is there in a form that is not linear, it cannot read.

    python claims/rows_read.py
"""

import shared  # first: it makes the project's folder importable
import common
import keras
import numpy as np
from sklearn.linear_model import RidgeCV

STEPS = 7, 14, 21, 28  # rows read


def read_out(train_states, train_rows, test_states):
    """Read rows from states, by a ridge regression fitted on training images.

    Its penalty is chosen by leave-one-out cross-validation, on training images too.

    Args:
        train_states, test_states: the encoder's output, (n, 128) and (m, 128).
        train_rows: the rows that it has read, in [0, 1], (n, rows, 28).

    Returns:
        the test images' rows as they are read, clipped to [0, 1], (m, rows, 28).
    """
    ridge = RidgeCV(alphas=np.logspace(-4, 4, 9))
    ridge.fit(train_states, train_rows.reshape(len(train_rows), -1))
    rows = ridge.predict(test_states).reshape(-1, *train_rows.shape[1:])
    return np.clip(rows, 0, 1)


def mse(rows, guess):
    """Return the mean squared error of (n, rows, 28), in [0, 1], as a float."""
    return float(np.mean((rows - guess) ** 2, dtype=np.float64))


def verdict(errors):
    """Return what the unfinished states hold, and what the decoder shows of it.

    Args:
        errors: a dict, the number of rows read to the MSE of these rows: the decoder's,
            the ridge regression's, the mean training image's. 28 rows: the final state.
    """
    unfinished = {read: e for read, e in errors.items() if read < 28}
    # Rounded down, as a lower bound is.
    shares = [np.floor(100 * (1 - e[1] / e[2])) for e in unfinished.values()]
    held = ", ".join(f"{share:.0f}%" for share in shares)
    hidden = [str(read) for read, e in unfinished.items() if e[1] < e[0]]
    worse = [str(read) for read, e in unfinished.items() if e[0] >= e[2]]
    return (
        f"verdict: of the variance of the {', '.join(map(str, unfinished))} rows read "
        f"the state holds at least {held}; the decoder shows less than that after "
        f"{', '.join(hidden) or 'none'} of them, and is no better than the mean image "
        f"after {', '.join(worse) or 'none'}"
    )


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    keras.utils.set_random_seed(args.seed)
    _, encoder, decoder = shared.load_model("seq2seq_ae", args.out)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    x_train = x_train[:10000]  # enough for the 129 constants that a pixel has
    mean_image = x_train.mean(axis=0)

    pictures, errors = {"original": x_test[:10]}, {}
    for read in STEPS:
        rows = x_test[:, :read]
        states = encoder.predict(rows, verbose=0)
        decoded = decoder.predict(states, verbose=0)
        train_states = encoder.predict(x_train[:, :read], verbose=0)
        ridge = read_out(train_states, x_train[:, :read], states)
        guesses = decoded[:, :read], ridge, mean_image[:read]
        errors[read] = [mse(rows, guess) for guess in guesses]
        bce_rows = common.binary_crossentropy(rows, decoded[:, :read])
        bce = common.binary_crossentropy(x_test, decoded)
        print(
            f"{read} rows read, decoder: BCE of those {bce_rows:.4f}, of 28 {bce:.4f}"
        )
        print(
            "    MSE of those: decoder {:.4f}, ridge regression {:.4f}, mean image "
            "{:.4f}".format(*errors[read])
        )
        pictures[f"{read} rows: decoder"] = decoded[:10]
        unread = np.full((len(ridge[:10]), 28 - read, 28), np.nan)  # NaN is drawn white
        pictures[f"{read} rows: ridge"] = np.concatenate([ridge[:10], unread], axis=1)
    common.plot_images(pictures, args.out / "rows_read.png")
    print(verdict(errors))


if __name__ == "__main__":
    common.run(main)

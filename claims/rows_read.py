"""Rows read: what does an LSTM hold of the rows that it has read, and does it matter?

The post: for data with "temporal structure" the model must be an LSTM (「想要有
temporal structure 的 model 要改用 LSTM」). The rows of a digit are its time here. So:

1. What does the code hold when only 7, 14 or 21 of the 28 rows have been read? Ridge
   regression reads their pixels from it. That is a lower bound: what is there in a form
   that is not linear, it cannot read. The control is the same LSTM before its training.
   Beside its output h there is its cell c, which the code leaves out.
2. Is it the order of the rows that the LSTM learns from? It is trained again with the
   rows shuffled, in one fixed order, and read in that order.
3. Does it take an LSTM? A dense network with a code of as many numbers is trained for
   as many epochs. To that one the order of the pixels means nothing.

Of 2 and 3 there are two runs each, with seeds of their own.

As a side remark, what the decoder makes of an unfinished code. It was trained on final
ones only, so a bad picture does not show that the code lacks the rows.

    python claims/rows_read.py
"""

import base
import common
import keras
from matplotlib.figure import Figure
import numpy as np
import seq2seq_ae
import simple_ae
from sklearn.linear_model import RidgeCV

LONG = True  # it trains three LSTMs

STEPS = 7, 14, 21, 28  # rows read


def with_cell(encoder):
    """Return a model like the encoder, with two outputs: h, the code, and c, the cell.

    Both are (n, 128). The encoder's weights are copied.
    """
    trained = encoder.layers[-1]
    lstm = keras.layers.LSTM.from_config({**trained.get_config(), "return_state": True})
    inputs = keras.Input(shape=encoder.input_shape[1:])
    _, output, cell = lstm(inputs)
    lstm.set_weights(trained.get_weights())
    return keras.Model(inputs, [output, cell])


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


def share_held(rows, guess, mean_rows):
    """Return which share of the rows' variance a guess explains: 1 is all, 0 none.

    1 - MSE of the guess / MSE of the mean training image; below 0 it is worse than that
    image. All are in [0, 1], (n, rows, 28) or, for the mean, (rows, 28).
    """
    return 1 - base.mse(rows, guess) / base.mse(rows, mean_rows)


def probe(encoder, x_train, x_test):
    """Return what an encoder's output and cell hold of the rows read.

    Args:
        encoder: of seq2seq_ae.py.
        x_train, x_test: images, their rows in the order in which they are read.

    Returns:
        {"output", "cell"}: the shares of the variance after each of STEPS; and the test
        images' rows as they are read from the output, {rows read: (n, rows, 28)}.
    """
    reader = with_cell(encoder)
    shares = {"output": [], "cell": []}
    readings = {}
    for read in STEPS:
        train_states = reader.predict(x_train[:, :read], verbose=0)
        test_states = reader.predict(x_test[:, :read], verbose=0)
        mean_rows = x_train[:, :read].mean(axis=0)
        for part, train, test in zip(shares, train_states, test_states):
            rows = read_out(train, x_train[:, :read], test)
            shares[part].append(share_held(x_test[:, :read], rows, mean_rows))
            if part == "output":
                readings[read] = rows
    return shares, readings


def compare(ours, theirs):
    """Return "worse than", "better than" or "not seen to differ from", of BCEs.

    A difference counts if it is larger than what the runs of either, a list, differ by
    among themselves.
    """
    spread = max(max(ours) - min(ours), max(theirs) - min(theirs))
    if min(ours) - max(theirs) > spread:
        return "worse than"
    if min(theirs) - max(ours) > spread:
        return "better than"
    return "not seen to differ from"


def verdict(trained, untrained, bces):
    """Return what training adds to the code, and whether order and LSTM matter.

    Args:
        trained, untrained: the shares that the output holds after STEPS.
        bces: {"in_order", "shuffled", "dense"}: the test BCEs of the runs.
    """
    held = [
        ", ".join(f"{100 * share:.0f}%" for share in shares[:-1])
        for shares in (trained, untrained)
    ]
    runs = {
        name: " and ".join(f"{bce:.4f}" for bce in values)
        for name, values in bces.items()
    }
    order = compare(bces["in_order"], bces["shuffled"])
    kind = compare(bces["in_order"], bces["dense"])
    return (
        f"Of the variance of the {', '.join(map(str, STEPS[:-1]))} rows read the code "
        f"holds at least {held[0]}; before any training {held[1]}. An LSTM that reads "
        f"the rows in order (BCE {runs['in_order']}) is {order} one that reads them "
        f"shuffled ({runs['shuffled']}), and {kind} a dense network ({runs['dense']})."
    )


def draw(shares, strips, path):
    """Draw what is held over the rows read, for both orders, and below it digits.

    Args:
        shares: {"in_order", "shuffled"}: {"trained", "untrained"}: {"output", "cell"}:
            the shares after STEPS.
        strips: {name: images (n, 28, 28)}; NaN is drawn white.
        path: the .png file to write.
    """
    fig = Figure(figsize=(10, 10), layout="constrained")
    top, bottom = fig.subfigures(2, 1, height_ratios=[1, 1])
    styles = {
        ("trained", "output"): ("o-", "#0072B2", "code (h), trained"),
        ("trained", "cell"): ("s--", "#56B4E9", "cell (c), trained"),
        ("untrained", "output"): ("o-", "#D55E00", "code (h), untrained"),
        ("untrained", "cell"): ("s--", "#E69F00", "cell (c), untrained"),
    }
    axes = top.subplots(1, 2, sharey=True)
    titles = {"in_order": "rows in order", "shuffled": "rows shuffled"}
    for axis, (order, title) in zip(axes, titles.items()):
        for (state, part), (style, color, label) in styles.items():
            held = 100 * np.array(shares[order][state][part])
            axis.plot(STEPS, held, style, color=color, lw=3, ms=8, label=label)
        axis.set_title(title, fontsize=18)
        axis.set_xlabel("rows read", fontsize=17)
        axis.set(xticks=STEPS, ylim=(0, 100))
        axis.tick_params(labelsize=15)
    axes[0].set_ylabel("variance held, in %", fontsize=17)
    axes[0].legend(fontsize=14, loc="lower left")

    columns = max(len(images) for images in strips.values())
    grid = bottom.subplots(len(strips), columns)
    for row, (name, images) in zip(grid, strips.items()):
        row[0].set_ylabel(name, fontsize=15, rotation=0, ha="right", va="center")
        for cell in row:
            cell.set(xticks=[], yticks=[], frame_on=False)
        for cell, image in zip(row, images):
            cell.imshow(image, cmap="gray", vmin=0, vmax=1)
    common.save(fig, path)


def train_all(models, orders, x_train, x_test, seed):
    """Train the LSTM in both orders and the dense network, with two seeds each.

    Args:
        models: (autoencoder, encoder, decoder) of seq2seq_ae.py, trained with this
            seed: one of the runs in order.
        orders: {"in_order", "shuffled"}: the places of the 28 rows.
        x_train, x_test: images, (n, 28, 28).

    Returns:
        the test BCEs, {"in_order", "shuffled", "dense"}: a list; the encoders of the
        first seed, {"in_order", "shuffled"}; and the dense autoencoder.
    """
    bces = {"in_order": [], "shuffled": [], "dense": []}
    encoders = {}
    for run_seed in (seed, seed + 1):
        for name, order in orders.items():
            if name == "in_order" and run_seed == seed:
                trained = models
            else:
                trained, _ = base.train_again(
                    seq2seq_ae, x_train[:, order], x_test[:, order], run_seed
                )
            encoders.setdefault(name, trained[1])
            decoded = base.reconstruct(trained, x_test[:, order])
            bce = common.binary_crossentropy(x_test[:, order], decoded)
            bces[name].append(bce)

        dense, _ = base.train_again(
            simple_ae,
            x_train,
            x_test,
            run_seed,
            models=lambda: simple_ae.build_autoencoder(seq2seq_ae.latent_dim),
            epochs=seq2seq_ae.epochs,
        )
        flat = x_test.reshape(-1, 784)
        decoded = base.reconstruct(dense, flat)
        bces["dense"].append(common.binary_crossentropy(flat, decoded))
    return bces, encoders, dense[0]


def main(argv=None):
    args = common.parse_args(__doc__, argv)
    models = base.load_model("seq2seq_ae", args.out)
    autoencoder, encoder, decoder = models
    (x_train, _), (x_test, _) = base.load_images(args, shape=(28, 28))
    some = x_train[:10000]  # enough for the 129 constants that a pixel has

    orders = {
        "in_order": np.arange(28),
        "shuffled": np.random.default_rng(args.seed).permutation(28),
    }
    bces, encoders, dense = train_all(models, orders, x_train, x_test, args.seed)

    # The weights that these LSTMs start from.
    keras.utils.set_random_seed(args.seed)
    _, untrained, _ = seq2seq_ae.build_autoencoder()

    shares = {}
    readings = {}
    for name, order in orders.items():
        shares[name] = {}
        readings[name] = {}
        for state, model in ("trained", encoders[name]), ("untrained", untrained):
            held, rows = probe(model, some[:, order], x_test[:, order])
            shares[name][state] = held
            readings[name][state] = rows

    decoded = {}
    by_decoder = []
    for read in STEPS:
        codes = base.encode(encoder, x_test[:, :read])
        decoded[read] = decoder.predict(codes, verbose=0)
        rows = decoded[read][:, :read]
        mean_rows = some[:, :read].mean(axis=0)
        by_decoder.append(share_held(x_test[:, :read], rows, mean_rows))

    after_14 = {state: rows[14][:6] for state, rows in readings["in_order"].items()}
    unread = np.full_like(after_14["trained"], np.nan)
    strips = {
        "image": x_test[:6],
        "read from the code\nafter 14 rows": np.hstack([after_14["trained"], unread]),
        "the same,\nuntrained": np.hstack([after_14["untrained"], unread]),
        "the decoder,\nafter 14 rows": decoded[14][:6],
    }
    draw(shares, strips, args.out / "rows_read.png")

    print("share of the variance of the rows read, after", *STEPS, "rows")
    for name, states in shares.items():
        for state, parts in states.items():
            for part, held in parts.items():
                what = f"{name}, {state}, {part}"
                print(f"    {what:>28}:", *(f"{100 * share:5.1f}%" for share in held))
    print(f"    {'the decoder shows':>28}:", *(f"{100 * s:5.1f}%" for s in by_decoder))
    parameters = {
        "lstm": autoencoder.count_params(),
        "dense": dense.count_params(),
    }
    print(f"test BCE after {seq2seq_ae.epochs} epochs, two runs each")
    for name, values in bces.items():
        print(f"    {name:>28}:", *(f"{bce:.4f}" for bce in values))
    print("parameters: LSTM {lstm:,}, dense {dense:,}".format(**parameters))
    base.report(
        "rows_read",
        args,
        verdict(
            shares["in_order"]["trained"]["output"],
            shares["in_order"]["untrained"]["output"],
            bces,
        ),
        rows=STEPS,
        shares=shares,
        by_decoder=by_decoder,
        bce=bces,
        parameters=parameters,
    )


if __name__ == "__main__":
    common.run(main)

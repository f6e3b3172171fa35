"""Why the post's sparse autoencoder got worse, shown with the post's own Keras, 2.3.1.

The post, of 2020: 「實際上這個部分測試的結果,反而變更差,目前不知道原因」 (the result of
this part became worse instead, the reason is not known yet). Here its code runs again:

1. the simple autoencoder, to see whether this stack computes what the post's did.
2. the sparse one, with the post's penalty l1(10e-5), which is 1e-4;
3. the same with l1(10e-5 / 128), since Keras 2.3 sums the penalty over the batch.

    python claims/post_2020/post_2020.py

README.md beside this file says how to get that Keras. Three minutes on one core.
"""

import argparse
import datetime
from pathlib import Path
import platform
import sys
import keras
from keras.callbacks import LambdaCallback
from keras.layers import Dense, Input
from keras.models import Model
import numpy as np
import tensorflow

if keras.__version__ != "2.3.1":
    sys.exit("this needs Keras 2.3.1 and Python 3.7: see claims/post_2020/README.md")

# loss/val_loss of each epoch that the post prints
POST_SIMPLE = """
0.3079/0.2502 0.2300/0.2105 0.2009/0.1898 0.1839/0.1756 0.1715/0.1650
0.1619/0.1563 0.1540/0.1490 0.1473/0.1429 0.1415/0.1373 0.1365/0.1325
0.1320/0.1282 0.1279/0.1243 0.1242/0.1208 0.1209/0.1178 0.1180/0.1151
0.1155/0.1127 0.1133/0.1107 0.1115/0.1090 0.1098/0.1075 0.1085/0.1062
0.1073/0.1051 0.1062/0.1042 0.1053/0.1033 0.1046/0.1026 0.1039/0.1020
"""
POST_SPARSE = "0.2612/0.2603"  # epoch 100, the only one that it prints


def binary_crossentropy(x, y):
    """Return the mean BCE in nats a pixel, with Keras's epsilon and no penalty."""
    y = np.clip(y.astype("float64"), 1e-7, 1 - 1e-7)
    return -np.mean(x * np.log(y) + (1 - x) * np.log1p(-y))


def train(name, regularizer, epochs, seed, x_train, x_test):
    """Train the post's model, print its log as the post has it, line by line.

    Returns:
        the log, a list of "loss/val_loss" with the penalty in both; the BCE of the
        test set without it; the share of the code that is active, 0 to 1.
    """
    np.random.seed(seed)  # in Keras 2.3 this fixes the weights too
    input_img = Input(shape=(784,))
    encoded = Dense(32, activation="relu", activity_regularizer=regularizer)(input_img)
    decoded = Dense(784, activation="sigmoid")(encoded)
    autoencoder = Model(input_img, decoded)
    autoencoder.compile(optimizer="adadelta", loss="binary_crossentropy")
    log = []

    def note(epoch, logs):
        loss, val_loss = f"{logs['loss']:.4f}", f"{logs['val_loss']:.4f}"
        log.append(f"{loss}/{val_loss}")
        print(f"Epoch {epoch + 1} - loss: {loss} - val_loss: {val_loss}", flush=True)

    print(f"\n{name}, {epochs} epochs:")
    autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=128,
        shuffle=True,
        validation_data=(x_test, x_test),
        callbacks=[LambdaCallback(on_epoch_end=note)],
        verbose=0,
    )
    active = np.mean(Model(input_img, encoded).predict(x_test) > 0)
    bce = binary_crossentropy(x_test, autoencoder.predict(x_test))
    print(f"{name}: test BCE {bce:.4f} without penalty | {active:.3%} active code")
    return log, bce, active


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--seed", type=int, default=10)  # the post's
    seed = flags.parse_args().seed
    print(
        f"{datetime.date.today()} | Python {platform.python_version()} | Keras "
        f"{keras.__version__} | TensorFlow {tensorflow.__version__} | seed {seed}"
    )
    # NumPy reads the file: Keras 2.3 knows only an older one, and compares checksums.
    file = np.load(str(Path(__file__).resolve().parents[2] / "data" / "mnist.npz"))
    x_train = file["x_train"].astype("float32").reshape(-1, 784) / 255.0
    x_test = file["x_test"].astype("float32").reshape(-1, 784) / 255.0
    mean = binary_crossentropy(x_test, np.tile(x_train.mean(axis=0), (len(x_test), 1)))
    print(f"the mean training image as the answer to every digit: BCE {mean:.4f}")
    given, l1 = (seed, x_train, x_test), keras.regularizers.l1
    simple, _, _ = train("simple", None, 25, *given)
    sparse, bce, active = train("sparse", l1(10e-5), 100, *given)
    _, bce_128, active_128 = train("sparse, l1 / 128", l1(10e-5 / 128), 25, *given)

    print("\n| model | epoch | loss/val_loss, the post | loss/val_loss, here |")
    print("|---|---|---|---|")
    post, same = POST_SIMPLE.split(), 0
    for epoch, (theirs, ours) in enumerate(zip(post, simple), start=1):
        print(f"| simple | {epoch} | {theirs} | {ours} |")
        same += theirs == ours
    print(f"| sparse | 100 | {POST_SPARSE} | {sparse[-1]} |")
    learns = "learns no more than the mean image", "learns"  # False, True
    print(
        f"\nverdict: {same} of {len(post)} lines of the simple log are the post's; the "
        f"sparse model {learns[bce < mean]} ({active:.3%} active code), and with the "
        f"penalty divided by 128 it {learns[bce_128 < mean]} ({active_128:.0%})"
    )


if __name__ == "__main__":
    main()

"""How long until a network is as good as the post's: its recipe, and each script.

The post: optimizer='adadelta' (with a rate of 1.0 in the Keras of 2020), batches of
128. No trained model is needed; scripts can be chosen by name:

    python claims/speed.py [simple_ae] [deep_ae] [conv_ae] [denoise_ae]

That the post's recipe reached its loss in the last epoch is taken from the post: two
are run here, and the second is timed and multiplied. Only its convolutional model is
not known: the recipe trains conv_ae.py's until it is as good. A script runs as it is,
until it prints a val_loss as low; its rate falls over all of its epochs, so with fewer
--epochs it would be there sooner. Both sides have common.speed_options.
"""

import importlib
import math
from pathlib import Path
import re
from subprocess import PIPE, Popen
import sys
import tempfile
import time
import shared  # noqa: F401 - first: it makes the project's folder importable
import common
import keras
from matplotlib.figure import Figure

POST = {  # its epochs, if its model is known, and its test loss (BCE)
    "simple_ae": (25, 0.1020),
    "deep_ae": (100, 0.0925),
    "conv_ae": (None, 0.0984),
    "denoise_ae": (100, 0.0941),
}


def by_the_posts_recipe(name, epochs, loss, args):
    """Train a script's model by the post's recipe; return (epochs, seconds).

    `epochs`: the post's, or None to train until `loss`; (50, inf) if it is not reached.
    """
    keras.utils.set_random_seed(args.seed)
    script = importlib.import_module(name)
    autoencoder, _, _ = script.build_autoencoder()
    (y, _), (y_val, _) = common.load_mnist(args.data)
    shape = -1, *autoencoder.input_shape[1:]
    x, x_val = y, y_val = y.reshape(shape), y_val.reshape(shape)
    if name == "denoise_ae":
        x = common.add_noise(y, script.noise_factor, seed=args.seed)
        x_val = common.add_noise(y_val, script.noise_factor, seed=args.seed + 1)
    adadelta = keras.optimizers.Adadelta(learning_rate=1.0)
    options = common.speed_options(math.ceil(len(x) / 128))
    autoencoder.compile(optimizer=adadelta, loss="binary_crossentropy", **options)
    fit = {"batch_size": 128, "validation_data": (x_val, y_val), "verbose": 0}
    for epoch in range(1, 51):  # the post trained its convolutional model for 50
        started = time.perf_counter()
        (val_loss,) = autoencoder.fit(x, y, **fit).history["val_loss"]
        seconds = time.perf_counter() - started
        if epochs and epoch == 2:  # the first is slower: it compiles the model
            return epochs, epochs * seconds
        if not epochs and round(val_loss, 4) <= loss:
            return epoch, epoch * seconds
    return 50, math.inf


def time_to_reach(name, loss, args):
    """Run a script until its val_loss is at most `loss`; return (epochs, seconds).

    The clock starts at the line "Epoch 1/". (all its epochs, inf) if it never is.
    """
    epoch, started = 0, math.inf
    script = Path(common.__file__).with_name(f"{name}.py")
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-u", "-X", "utf8", script, f"--seed={args.seed}"]
        command += [f"--out={out}", *([f"--data={args.data}"] if args.data else [])]
        with Popen(command, stdout=PIPE, encoding="utf-8") as process:
            for line in process.stdout:
                if found := re.match(r"Epoch (\d+)/", line):
                    epoch = int(found[1])
                    started = min(started, time.perf_counter())
                found = re.search(r"val_loss: ([\d.e+-]+)", line)
                if found and float(found[1]) <= loss:
                    process.kill()
                    return epoch, time.perf_counter() - started
    if process.returncode:
        raise common.DataError(f"{name}.py ended with status {process.returncode}")
    return epoch, math.inf


def main(argv=None):
    names = [word for word in argv or POST if word in POST] or list(POST)
    args = common.parse_args(__doc__, [word for word in argv or [] if word not in POST])
    common.load_mnist(args.data)  # a bad file is reported before a training
    print("| script | the post's loss | the post's recipe | the script | faster |")
    print("|---" * 5 + "|", flush=True)
    times = []
    for name in names:
        epochs, bce = POST[name]
        epochs, post = by_the_posts_recipe(name, epochs, bce, args)
        own_epochs, own = time_to_reach(name, bce, args)
        times.append((post, own))
        about = "about " if POST[name][0] else ""
        row = f"epoch {epochs}, {about}{post:.0f} s | epoch {own_epochs}, {own:.0f} s"
        print(f"| {name}.py | {bce:.4f} | {row} | {post / own:.1f} times |", flush=True)

    axis, (post, own) = Figure((10, 4), layout="constrained").subplots(), zip(*times)
    axis.plot(post, names, "s", color="#D55E00", ms=14, label="the post's recipe")
    axis.plot(own, names, "o", color="#0072B2", ms=14, label="the script")
    axis.set(xscale="log", ylim=(len(names) - 0.5, -0.5))  # the first on top
    axis.set_xlabel("seconds until the post's own loss is reached", fontsize=15)
    axis.tick_params(labelsize=15)
    axis.grid(alpha=0.5)
    axis.figure.legend(fontsize=15, loc="outside upper center", ncols=2)
    common.save(axis.figure, args.out / "speed.png")
    faster = [post / own for post, own in times if own < post]
    by = f", {min(faster):.1f} to {max(faster):.1f} times faster" if faster else ""
    print(f"verdict: {len(faster)} of {len(times)} scripts beat the post's recipe{by}")


if __name__ == "__main__":
    common.run(main)

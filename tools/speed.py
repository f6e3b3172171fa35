"""How long until a network is as good as the post's: its recipe, and each script's.

The post: optimizer='adadelta' (with a rate of 1.0 in the Keras of 2020), batches of
128. Both train the script's network, with its `train`, until val_loss is the post's own
last one. No trained model is needed; scripts can be chosen by name:

    python tools/speed.py [simple_ae] [deep_ae] [conv_ae] [denoise_ae]

The recipe's time is measured where that takes minutes. For denoise_ae.py, where it
would take hours, three epochs are timed; that it needs the post's 100 is taken from the
post, and the table says "about". A script's learning rate falls over all of its epochs,
so with fewer epochs it would be there sooner. Times are those of one machine and seed.
"""

import importlib
import math
from pathlib import Path
import sys
import time

sys.path.append(str(Path(__file__).resolve().parent.parent / "claims"))
import base
import common
import keras
from matplotlib.figure import Figure
from post import POST

LONG = "simple_ae deep_ae conv_ae"  # denoise_ae takes as long as all three

# Sparse: the post's loss is that of a network that has learnt nothing.
NAMES = [name for name in POST if name != "sparse_ae"]
TIMED = {"denoise_ae": 3}  # how many epochs of the recipe, if not all of the post's


class Watch(keras.callbacks.Callback):
    """Stops a training when val_loss is at most a loss, and knows when that was.

    After it `seconds` has the time of each epoch's end, from the start of the training,
    and `reached` is true or false.
    """

    def __init__(self, loss):
        super().__init__()
        self.loss = loss
        self.reached = False
        self.seconds = []

    def on_train_begin(self, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)
        if round(logs["val_loss"], 4) <= self.loss:  # the post prints four digits
            self.reached = True
            self.model.stop_training = True


def train_until(name, args, **options):
    """Train a script's network until the post's loss; return its Watch."""
    script = importlib.import_module(name)
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    watch = Watch(POST[name]["loss"])
    base.train_again(script, x_train, x_test, args.seed, callbacks=[watch], **options)
    return watch


def outcome(watch, estimated_epochs=None):
    """Return {"epochs", "seconds", "estimated"} of a training.

    If it ended early, its time is that of `estimated_epochs`, each like the last one
    that was run. If it ended without reaching the loss, its time is infinite.
    """
    epochs = len(watch.seconds)
    seconds = watch.seconds[-1] if watch.reached else math.inf
    if estimated_epochs and not watch.reached:
        # The first epoch is slower: it compiles the model.
        one = (watch.seconds[-1] - watch.seconds[0]) / (epochs - 1)
        epochs = estimated_epochs
        seconds = watch.seconds[0] + one * (epochs - 1)
    return {
        "epochs": epochs,
        "seconds": seconds,
        "estimated": bool(estimated_epochs and not watch.reached),
    }


def compare(name, args):
    """Return the outcomes of the post's recipe and of the script, and their ratio."""
    post_epochs = POST[name]["epochs"]
    recipe = train_until(
        name,
        args,
        epochs=TIMED.get(name, post_epochs),
        batch_size=128,
        optimizer=keras.optimizers.Adadelta(learning_rate=1.0),
    )
    recipe = outcome(recipe, post_epochs if name in TIMED else None)
    own = outcome(train_until(name, args))
    both = math.inf not in (recipe["seconds"], own["seconds"])
    times = recipe["seconds"] / own["seconds"] if both else None
    return {"recipe": recipe, "own": own, "times": times}


def cell(result):
    """Return an outcome in words."""
    if result["seconds"] == math.inf:
        return f"not in {result['epochs']} epochs"
    about = "about " if result["estimated"] else ""
    return f"epoch {result['epochs']}, {about}{result['seconds']:.0f} s"


def in_words(results):
    """Return a sentence on who is faster, and by how much where both get there."""
    faster = [
        r for r in results.values() if r["own"]["seconds"] < r["recipe"]["seconds"]
    ]
    known = [r["times"] for r in faster if r["times"]]
    by = f", {min(known):.1f} to {max(known):.1f} times as fast" if known else ""
    text = f"{len(faster)} of {len(results)} scripts are there before the post's recipe"
    return text + by


def plot(results, path):
    axis = Figure((10, 4), layout="constrained").subplots()
    sides = {"recipe": ("the post's recipe", "s", "#D55E00")}
    sides["own"] = ("the script", "o", "#0072B2")
    names = [f"{name}.py" for name in results]
    for side, (label, marker, color) in sides.items():
        seconds = [result[side]["seconds"] for result in results.values()]
        axis.plot(seconds, names, marker, color=color, ms=14, label=label)
    axis.set(xscale="log", ylim=(len(names) - 0.5, -0.5))  # the first on top
    axis.set_xlabel("seconds until the post's own loss is reached", fontsize=15)
    axis.tick_params(labelsize=15)
    axis.grid(alpha=0.5)
    axis.figure.legend(fontsize=15, loc="outside upper center", ncols=2)
    common.save(axis.figure, path)


def main(argv=None):
    args = common.parse_args(__doc__, argv, names=NAMES)
    common.load_mnist(args.data)  # a bad file is reported before a training
    print("| script | the post's loss | the post's recipe | the script | faster |")
    print("|---" * 5 + "|", flush=True)

    results = {}
    for name in args.names or NAMES:
        result = compare(name, args)
        results[name] = result
        row = [
            f"{name}.py",
            f"{POST[name]['loss']:.4f}",
            cell(result["recipe"]),
            cell(result["own"]),
            f"{result['times']:.1f} times" if result["times"] else "–",
        ]
        print(f"| {' | '.join(row)} |", flush=True)

    plot(results, args.out / "speed.png")
    base.report("speed", args, in_words(results), **results)


if __name__ == "__main__":
    common.run(main)

"""Compare the time to reach the post's own loss: the post's recipe, and each script.

    python tests/compare_speed.py [simple_ae] [deep_ae] [conv_ae] [denoise_ae]

The post's recipe is Adadelta at a rate of 1.0 (Keras's default then), batches of 128,
else Keras's defaults. For the models that the post gives, it reached the post's loss at
its last epoch; here two epochs are run, and the second is timed and multiplied. The
post's convolutional model is not known: there the recipe trains conv_ae.py's, until it
is as good as the post's. Then the script itself trains until its test loss is as low.
"""

import argparse
import contextlib
import io
from pathlib import Path
import sys
import tempfile
import time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common  # before keras: its docstring says why
import conv_ae
import deep_ae
import denoise_ae
import simple_ae
import keras

# the post's epochs, if they were on the same model, and its test BCE
POST = {
    simple_ae: (25, 0.1020),
    deep_ae: (100, 0.0925),
    conv_ae: (None, 0.0984),
    denoise_ae: (100, 0.0941),
}


def by_the_posts_recipe(script, epochs, loss):
    """Train the script's model by the post's recipe; return (epochs, seconds)."""
    autoencoder, _, _ = script.build_autoencoder()
    (x_train, _), (x_test, _) = common.load_mnist()
    x_train, x_test = (
        x.reshape(-1, *autoencoder.input_shape[1:]) for x in (x_train, x_test)
    )
    x, x_val = x_train, x_test
    if script is denoise_ae:
        x, x_val = common.add_noise(x_train), common.add_noise(x_test)
    adadelta = keras.optimizers.Adadelta(learning_rate=1.0)
    autoencoder.compile(optimizer=adadelta, loss="binary_crossentropy")
    fit = {"batch_size": 128, "validation_data": (x_val, x_test), "verbose": 0}
    if epochs is None:
        try:
            autoencoder.fit(x, x_train, epochs=50, callbacks=[Stopwatch(loss)], **fit)
        except Reached as reached:
            return reached.args
        raise SystemExit(f"the post's recipe never came down to {loss}")
    for _ in range(2):
        started = time.perf_counter()
        autoencoder.fit(x, x_train, **fit)
    return epochs, epochs * (time.perf_counter() - started)


class Reached(Exception):
    """Ends a training that is as good as the post's."""


class Stopwatch(keras.callbacks.Callback):
    """Raise Reached(epochs, seconds) once val_loss is at most `loss`."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def on_train_begin(self, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] <= self.loss:
            raise Reached(epoch + 1, time.perf_counter() - self.started)


def time_to_reach(script, loss, out):
    """Run the script until it is as good as `loss`; return (epochs, seconds)."""
    fit = keras.Model.fit

    def timed_fit(model, *args, **kwargs):
        return fit(model, *args, callbacks=[Stopwatch(loss)], **kwargs)

    keras.Model.fit = timed_fit
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            script.main(["--out", out])
    except Reached as reached:
        return reached.args
    finally:
        keras.Model.fit = fit
    raise SystemExit(f"{script.__name__}.py never came down to {loss}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [script.__name__ for script in POST]
    parser.add_argument(
        "scripts", nargs="*", help=f"of {', '.join(names)}; default all"
    )
    chosen = parser.parse_args().scripts or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no such script: {', '.join(unknown)}")
    print("| script | the post's loss | the post's recipe | the script | faster |")
    print("|---|---|---|---|---|")
    for script, (epochs, loss) in POST.items():
        if script.__name__ not in chosen:
            continue
        epochs, post = by_the_posts_recipe(script, epochs, loss)
        with tempfile.TemporaryDirectory() as out:
            own_epochs, own = time_to_reach(script, loss, out)
        print(
            f"| {script.__name__}.py | {loss:.4f} | {epochs} epochs, {post:.0f} s | "
            f"{own_epochs} epoch{'s' * (own_epochs > 1)}, {own:.0f} s | "
            f"{post / own:.0f} times |",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""For exercises, settings, symptoms: train once more, with one thing changed.

It is no claim itself. The rest of a training is read from what the script has saved.
"""

import inspect
import math
import re
import shared  # first: it makes the project's folder importable
import common
import keras


def build(script, args):
    """Return a script's (autoencoder, encoder, decoder), untrained, by args.seed."""
    keras.utils.set_random_seed(args.seed)
    return script.build_autoencoder()


def images(args, autoencoder):
    """Return the training and the test images, in the shape of the model's output."""
    (x_train, _), (x_test, _) = common.load_mnist(args.data)
    shape = -1, *autoencoder.output_shape[1:]
    return x_train.reshape(shape), x_test.reshape(shape)


def fit(autoencoder, optimizer, args, epochs, batch_size):
    """Train a model in silence; return its loss on test images after each epoch."""
    x_train, x_test = images(args, autoencoder)
    steps = math.ceil(len(x_train) / batch_size)
    autoencoder.compile(
        optimizer=optimizer,
        loss="binary_crossentropy",
        **common.speed_options(steps),  # optional
    )
    history = autoencoder.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(x_test, x_test),
        verbose=0,
    )
    return history.history["val_loss"]


def own_loss(script, args):
    """Return the loss on test images of the model that a script has saved."""
    autoencoder, _, _ = shared.load_model(script.__name__, args.out)
    _, x_test = images(args, autoencoder)
    return autoencoder.evaluate(x_test, x_test, verbose=0, return_dict=True)["loss"]


def own_settings(script, args):
    """Return the settings of the optimizer that a script has trained with, a dict.

    Its "learning_rate" is a dict too, with the schedule's own settings in "config".
    """
    autoencoder, _, _ = shared.load_model(script.__name__, args.out)
    return autoencoder.optimizer.get_config()


def fit_as(script, autoencoder, args, optimizer=None):
    """Train a model as the script has trained the one that it saved, in silence.

    Args:
        script: a module, such as simple_ae.
        autoencoder: the model to train, an untrained one.
        optimizer: in place of the script's own.

    Returns:
        the loss on test images after each epoch.

    Raises:
        common.DataError: the script has not saved its model.
    """
    saved, _, _ = shared.load_model(script.__name__, args.out)
    x_train, _ = images(args, saved)
    batch_size = int(re.search(r"batch_size=(\d+)", inspect.getsource(script.main))[1])
    steps = math.ceil(len(x_train) / batch_size)  # in an epoch
    epochs = max(1, int(saved.optimizer.iterations) // steps)
    own = type(saved.optimizer).from_config(saved.optimizer.get_config())
    return fit(autoencoder, optimizer or own, args, epochs, batch_size)


def run_chosen(functions, doc, argv):
    """Run the functions that `argv` names, or list them if it names none.

    Args:
        functions: each takes `args`; its docstring starts with a sentence.
        doc: the text above the flags in `--help`.
        argv: names of functions, or "all", and the flags of a claim.
    """
    known, words = {one.__name__: one for one in functions}, argv or []
    args = common.parse_args(
        doc, [word for word in words if word not in [*known, "all"]]
    )
    common.load_mnist(args.data)  # a bad file is reported before a training
    chosen = known if "all" in words else [word for word in words if word in known]
    for name in chosen:
        known[name](args)
    if not chosen:
        for name, function in known.items():
            print(f"{name}: {function.__doc__.splitlines()[0]}")

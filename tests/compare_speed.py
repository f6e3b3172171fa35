"""Compare the time to reach the post's own loss: the post's recipe, and each script.

    python tests/compare_speed.py

The post's recipe is Adadelta at a rate of 1.0 (the default of 2020), batches of 128, and
else Keras's defaults, on the same model. It reached the post's loss at its last epoch;
here two epochs of it are timed, and multiplied. Then the script itself runs.
"""

from pathlib import Path
import re
import subprocess
import sys
import time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common  # before keras: its docstring says why
import keras

import conv_ae
import deep_ae
import denoise_ae
import simple_ae

# the post's epochs and test BCE; of its convolutional model only these are known
POST = {
    simple_ae: (25, 0.1020),
    deep_ae: (100, 0.0925),
    conv_ae: (50, 0.0984),
    denoise_ae: (100, 0.0941),
}


def seconds_an_epoch(script):
    """Train the script's model by the post's recipe; return the second epoch's time."""
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
    for _ in range(2):
        started = time.perf_counter()
        autoencoder.fit(
            x, x_train, batch_size=128, validation_data=(x_val, x_test), verbose=0
        )
    return time.perf_counter() - started


def main():
    print("| script | the post's loss | the post's recipe | the script | faster |")
    print("|---|---|---|---|---|")
    for script, (epochs, loss) in POST.items():
        seconds = epochs * seconds_an_epoch(script)
        command = [sys.executable, f"{script.__name__}.py"]
        run = subprocess.run(
            command,
            cwd=Path(common.__file__).parent,
            stdout=subprocess.PIPE,
            check=True,
        )
        ours = 0
        lines = re.findall(r" (\d+)s [^\r\n]*val_loss: ([\d.]+)", run.stdout.decode())
        for epoch, (epoch_seconds, val_loss) in enumerate(lines, start=1):
            ours += int(epoch_seconds)
            if float(val_loss) <= loss:
                break
        print(
            f"| {script.__name__}.py | {loss:.4f} | {epochs} epochs, {seconds:.0f} s | "
            f"{epoch} epochs, {ours} s | {seconds / ours:.1f} times |",
            flush=True,
        )


if __name__ == "__main__":
    main()

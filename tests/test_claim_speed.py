"""claims/speed.py: the table, from what a training prints."""

import pytest

pytest.importorskip("sklearn")

from argparse import Namespace
import math
import common
import keras
import speed


class FakeScript:
    """A process in Popen's place that prints `lines` and keeps its command."""

    def __init__(self, lines, status=0):
        self.stdout, self.returncode, self.killed = iter(lines), status, False

    def __call__(self, command, **pipe):
        self.command = [str(word) for word in command]
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def kill(self):
        self.killed = True


LOG = [
    "x_train.shape= (60000, 784)\n",
    "Epoch 1/3\n",
    "469/469 - 2s 4ms/step - loss: 0.0900 - val_loss: 0.1300\n",
    "Epoch 2/3\n",
    "469/469 - 1s 3ms/step - loss: 0.1000 - val_loss: 0.1020\n",
    "Epoch 3/3\n",
    "469/469 - 1s 3ms/step - loss: 0.0900 - val_loss: 9.00e-02\n",
]


@pytest.fixture
def args(tmp_path):
    return Namespace(seed=3, data=None, out=tmp_path)


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a second whenever it is read."""
    ticks = iter(range(1000))
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(ticks))


@pytest.mark.parametrize(
    "loss, expected", [(0.1020, (2, 2)), (0.0925, (3, 3)), (0.08, (3, math.inf))]
)
def test_the_first_epoch_at_or_below_the_loss_counts(
    loss, expected, args, clock, monkeypatch
):
    script = FakeScript(LOG)
    monkeypatch.setattr(speed, "Popen", script)
    assert speed.time_to_reach("simple_ae", loss, args) == expected
    assert script.killed == (expected[1] < math.inf)
    assert script.command[-3].endswith("simple_ae.py")
    assert script.command[-2] == "--seed=3"
    assert script.command[-1] != f"--out={args.out}"  # the user's models stay


def test_a_script_that_fails_is_no_result(args, monkeypatch):
    monkeypatch.setattr(speed, "Popen", FakeScript(LOG[:1], status=2))
    with pytest.raises(common.DataError, match="simple_ae.py ended with status 2"):
        speed.time_to_reach("simple_ae", 0.1, args)


def test_a_real_script_is_read(tiny_npz, args):
    args.data = str(tiny_npz)
    epochs, seconds = speed.time_to_reach("simple_ae", 0.6931, args)
    assert 1 <= epochs <= 3 and 0 < seconds < 100


@pytest.fixture
def fits(monkeypatch):
    """The fits of a model, not carried out; their val_loss is 0.5, 0.4, ... ."""
    fits = []

    def fit(model, x, y, **settings):
        fits.append((model, x, y, settings))
        history = keras.callbacks.History()
        history.history = {"val_loss": [0.6 - 0.1 * len(fits)]}
        return history

    monkeypatch.setattr(keras.Model, "fit", fit)
    return fits


def test_two_epochs_of_a_known_model_are_run_and_the_second_counts(
    tiny_npz, args, fits, monkeypatch
):
    args.data = str(tiny_npz)
    ticks = iter([0, 100, 200, 203])  # the first epoch takes 100 s, the second 3
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(ticks))
    assert speed.by_the_posts_recipe("simple_ae", 25, 0.1, args) == (25, 25 * 3)
    assert len(fits) == 2
    model, x, y, settings = fits[1]
    assert x is y and settings["batch_size"] == 128
    assert settings["validation_data"][0] is settings["validation_data"][1]
    assert model.optimizer.name.startswith("adadelta")
    assert float(model.optimizer.learning_rate) == 1.0


def test_an_unknown_model_trains_until_it_is_as_good(tiny_npz, args, fits, clock):
    args.data = str(tiny_npz)
    assert speed.by_the_posts_recipe("conv_ae", None, 0.3, args) == (3, 3)
    fits.clear()
    assert speed.by_the_posts_recipe("conv_ae", None, -9, args) == (50, math.inf)


def test_the_noise_of_test_images_has_a_seed_of_its_own(
    tiny_npz, args, fits, monkeypatch
):
    args.data, seeds = str(tiny_npz), []
    add_noise = common.add_noise

    def spy(images, noise_factor, seed):
        seeds.append(seed)
        return add_noise(images, noise_factor, seed)

    monkeypatch.setattr(common, "add_noise", spy)
    speed.by_the_posts_recipe("denoise_ae", 100, 0.1, args)
    assert seeds == [3, 4]
    _, x, y, settings = fits[0]
    x_val, y_val = settings["validation_data"]
    (clean, _), (clean_val, _) = common.load_mnist(tiny_npz)
    assert (y[..., 0] == clean).all() and (y_val[..., 0] == clean_val).all()
    assert (x != y).any() and (x_val != y_val).any()


def test_the_table_and_the_verdict(args, drawn, capsys, monkeypatch):
    def recipe(name, epochs, loss, args):
        return epochs or 2, 40.0

    own = {"simple_ae": (3, 4.0), "conv_ae": (8, 50.0), "deep_ae": (40, math.inf)}
    monkeypatch.setattr(speed, "by_the_posts_recipe", recipe)
    monkeypatch.setattr(speed, "time_to_reach", lambda name, *_: own[name])
    speed.main(["simple_ae", "conv_ae", "deep_ae", "--out", str(args.out)])
    printed = capsys.readouterr().out
    row = "| simple_ae.py | 0.1020 | epoch 25, about 40 s | epoch 3, 4 s | 10.0 times |"
    assert row in printed
    assert "| conv_ae.py | 0.0984 | epoch 2, 40 s | epoch 8, 50 s | 0.8 times |" in (
        printed
    )
    assert "| epoch 40, inf s | 0.0 times |" in printed
    assert "denoise_ae" not in printed
    assert "verdict: 1 of 3 scripts beat the post's recipe, 10.0 to 10.0 times" in (
        printed
    )
    dots = drawn["speed.png"].axes[0].lines
    assert list(dots[0].get_xdata()) == [40, 40, 40]
    assert list(dots[1].get_xdata()) == [4, 50, math.inf]

    speed.main(["conv_ae", "--out", str(args.out)])
    assert "verdict: 0 of 1 scripts beat the post's recipe\n" in capsys.readouterr().out


def test_an_unknown_name_is_one_sentence(capsys):
    with pytest.raises(SystemExit, match="2"):
        speed.main(["simple_ae", "vea"])
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "vea" in error

"""claims/sparsity.py: selectivity by hand, and a twin that differs in nothing else."""

import pytest

pytest.importorskip("sklearn")
import common
import sparse_ae
import keras
import numpy as np
import sparsity


def test_selectivity_by_hand():
    labels = np.tile(np.arange(10), 20)  # 200 images
    codes = np.zeros((200, 5), np.float32)
    codes[labels == 7, 0] = 3  # only to 7, in total 60
    codes[:, 1] = 2  # to all alike, in total 400
    codes[labels == 2, 2], codes[labels == 5, 2] = 3, 1  # 3/4 for 2, in total 80
    codes[6, 3] = 1000  # to one 6 of the 200 images, half a per cent: left out
    shares, mean = sparsity.selectivity(codes, labels)  # unit 4 is dead: left out
    # ordered by preferred digit: unit 1 (the first of ten alike), unit 2, unit 0
    np.testing.assert_allclose(shares.sum(axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(shares.max(axis=0), [0.1, 0.75, 1], rtol=1e-6)
    assert shares.shape == (10, 3)
    assert shares.argmax(axis=0).tolist() == [0, 2, 7]
    # weighted by activation, not (0.1 + 0.75 + 1) / 3
    assert mean == pytest.approx((0.1 * 400 + 0.75 * 80 + 1 * 60) / 540)


def test_one_per_cent_of_the_images_is_enough():
    labels, codes = np.tile(np.arange(10), 20), np.zeros((200, 1), np.float32)
    codes[[6, 16], 0] = 1
    assert sparsity.selectivity(codes, labels)[1] == 1
    codes[16, 0] = 0
    with pytest.raises(common.DataError, match="1 %"):
        sparsity.selectivity(codes, labels)


def test_the_share_does_not_depend_on_how_often_a_digit_occurs():
    labels = np.array([*range(10), *[3] * 90])
    shares, _ = sparsity.selectivity(np.ones((100, 1), np.float32), labels)
    np.testing.assert_allclose(shares, 0.1)


def test_the_verdict_flips():
    choosy, alike = np.eye(10)[:, :3], np.full((10, 3), 0.1)
    says = sparsity.verdict((choosy, 1.0), (alike, 0.1))
    assert "have a digit" in says and "3 of 3" in says and "penalties raise" in says
    says = sparsity.verdict((alike, 0.1), (choosy, 1.0))
    assert "have no digit" in says and "0 of 3" in says and "do not raise" in says
    assert says.startswith("verdict: ")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_npz):
    """The flags of a sparse_ae.py that was trained for 3 epochs of 4 steps."""
    out = tmp_path_factory.mktemp("sparse")
    flags = ["--data", str(tiny_npz), "--out", str(out), "--batch-size", "10"]
    sparse_ae.main([*flags, "--epochs", "3", "--seed", "5"])
    return flags


def test_the_twin_has_the_same_start_and_training_but_no_penalty(trained, monkeypatch):
    built, fitted, build = [], [], sparse_ae.build_autoencoder

    def note_the_start(**penalties):
        models = build(**penalties)
        built.append((penalties, models[0], models[0].get_weights()))
        return models

    fit = keras.Model.fit

    def note_the_fit(model, *images, **options):
        before = model.optimizer.get_config()
        fitted.append((model, before, options))
        return fit(model, *images, **options)

    monkeypatch.setattr(sparse_ae, "build_autoencoder", note_the_start)
    monkeypatch.setattr(keras.Model, "fit", note_the_fit)
    flags = [*trained, "--seed", "5"]
    sparse_ae.main([*flags, "--epochs", "3"])
    sparsity.main(flags)
    (_, _, start), (penalties, twin, twin_start) = built
    assert penalties == {"l1": 0, "l2": 0}
    for one, other in zip(start, twin_start, strict=True):
        np.testing.assert_array_equal(one, other)
    twin(np.ones((4, 784), np.float32))
    assert sum(float(loss) for loss in twin.losses) == 0
    (_, optimizer, options), (fitted_twin, twin_optimizer, twin_options) = fitted
    assert fitted_twin is twin
    assert twin_optimizer == optimizer
    for name in "epochs", "batch_size":
        assert twin_options[name] == options[name]
    assert int(twin.optimizer.iterations.numpy()) == 3 * 4


def test_its_batch_size_is_the_scripts(monkeypatch):
    defaults = []

    def note(doc, argv, **values):
        defaults.append(values["batch_size"])
        raise SystemExit

    monkeypatch.setattr(common, "parse_args", note)
    for module in sparse_ae, sparsity:
        with pytest.raises(SystemExit):
            module.main([])
    assert defaults[0] == defaults[1]


def test_what_it_prints_and_draws(trained, capsys, drawn):
    sparsity.main(trained)
    out = capsys.readouterr().out
    for name in "with the penalties", "without":
        line = next(line for line in out.splitlines() if line.startswith(f"{name}: "))
        for word in "test BCE 0.", "% zeros", " of 128 units", "dead", "(rms)":
            assert word in line
    assert out.splitlines()[-1].startswith("verdict: ")
    *maps, bar = drawn["sparsity.png"].axes
    assert bar.get_ylabel() == "share of the unit's activation"
    for axis, name in zip(maps, ("with", "without"), strict=True):
        assert axis.get_title().startswith(f"{name} the penalties, 3 epochs: ")
        heat = np.asarray(axis.get_images()[0].get_array())
        assert len(heat) == 10
        assert np.all(np.diff(heat.argmax(axis=0)) >= 0)


def test_another_batch_size_or_no_labels_is_one_sentence(
    trained, tmp_path, tiny_arrays
):
    with pytest.raises(common.DataError, match="--batch-size"):
        sparsity.main([*trained, "--batch-size", "8"])
    del tiny_arrays["y_test"]
    np.savez(tmp_path / "x.npz", **tiny_arrays)
    with pytest.raises(common.DataError, match="y_test"):
        sparsity.main([*trained, "--data", str(tmp_path / "x.npz")])
    with pytest.raises(common.DataError, match="python sparse_ae.py"):
        sparsity.main(["--out", str(tmp_path)])

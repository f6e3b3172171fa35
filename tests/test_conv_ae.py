"""conv_ae.py: the figure of the code."""

from conftest import record
import numpy as np


def check_codes(run):
    """Five rows: a test image and the maps of its code, on one scale around 0."""
    *axes, bar = run.figures["conv_ae_codes.png"].axes
    _, encoder, _ = run.models
    x_test = run.fit.options["validation_data"][0][:5]
    codes = encoder.predict(x_test, verbose=0)
    rows = np.reshape(axes, (5, 1 + codes.shape[-1]))
    limit = 0
    for row, image, code in zip(rows, x_test, codes, strict=True):
        for i, axis in enumerate(row):
            (shown,) = axis.get_images()
            expected = code[..., i - 1] if i else image[..., 0]
            np.testing.assert_allclose(shown.get_array(), expected, atol=1e-5)
            assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0
            if i:
                low, high = shown.get_clim()
                assert shown.get_cmap().name == "RdBu" and low == -high < 0
                assert limit in (0, high)
                limit = high
    assert limit >= np.abs(codes).max() - 1e-5
    assert "code" in bar.get_ylabel()


def test_the_figure_shows_the_maps_of_five_codes(trained):
    check_codes(trained("conv_ae"))


def test_five_digits_or_fewer(tiny_npz, tmp_path, tiny_arrays):
    """A data set may have fewer test images than the figures have places."""
    few = {name: array[:3] for name, array in tiny_arrays.items()}
    np.savez(tmp_path / "few.npz", **few)
    flags = ["--data", tmp_path / "few.npz", "--out", tmp_path]
    record("conv_ae", *flags, "--epochs", 10)

"""conv_ae.py: 7 becomes 4 and 7 again, and the figure of the code."""

import conv_ae
import numpy as np


def test_7_by_7_is_halved_to_4_by_4_and_doubled_to_7_by_7_again():
    """For 4 doubled is 8: it is output_padding that makes it 7."""
    _, encoder, decoder = conv_ae.build_autoencoder()
    assert [layer.output.shape[1] for layer in encoder.layers] == [28, 14, 7, 4]
    assert [layer.output.shape[1] for layer in decoder.layers] == [4, 7, 14, 28]
    assert 4 * 4 * conv_ae.code_maps == 128


def test_the_figure_shows_the_maps_of_five_codes(trained, drawn):
    """Five rows: a test image and the maps of its code, on one scale around 0."""
    run = trained("conv_ae")
    x_test = run.x[:5]
    codes = run.models[1].predict(x_test, verbose=0)
    conv_ae.plot_codes(x_test, codes, "codes.png")
    *axes, bar = drawn["codes.png"].axes
    rows = np.reshape(axes, (5, 1 + codes.shape[-1]))
    limits = set()
    for row, image, code in zip(rows, x_test, codes):
        for i, axis in enumerate(row):
            (shown,) = axis.get_images()
            expected = code[..., i - 1] if i else image[..., 0]
            np.testing.assert_allclose(np.squeeze(shown.get_array()), expected)
            assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0
            if i:
                low, high = shown.get_clim()
                assert shown.get_cmap().name == "RdBu" and low == -high
                limits.add(high)
    assert limits == {np.abs(codes).max()}
    assert "code" in bar.get_ylabel()

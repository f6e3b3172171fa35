"""deep_ae.py: the summary shows the post's total."""

import re

import deep_ae


def test_the_summary_shows_the_posts_total_and_layers(capsys):
    deep_ae.build_autoencoder()[0].summary(expand_nested=True)
    text = capsys.readouterr().out
    assert "Total params: 222,384" in text
    parameters = re.findall(r"[\d,]{5,}(?= │\n)", text)
    for count in ["100,480", "8,256", "2,080", "2,112", "8,320", "101,136"]:
        assert count in parameters

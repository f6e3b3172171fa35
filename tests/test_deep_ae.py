"""deep_ae.py: the post's layers, and which of them Muon trains."""

import re
import deep_ae


def test_the_summary_shows_the_posts_total_and_layers(capsys):
    deep_ae.build_autoencoder()[0].summary(expand_nested=True)
    text = capsys.readouterr().out
    assert "Total params: 222,384" in text
    parameters = re.findall(r"[\d,]{5,}(?= │\n)", text)
    for count in ["100,480", "8,256", "2,080", "2,112", "8,320", "101,136"]:
        assert count in parameters


def test_muon_leaves_the_output_layer_to_adamw(trained):
    """In seq2seq_ae.py, too; what Muon itself does is Keras's affair."""
    for script in "deep_ae", "seq2seq_ae":
        model = trained(script).fit.model
        # the optimizer keeps a second moment for those weights that AdamW trains
        moments = model.optimizer.adam_velocities
        for weight, moment in zip(model.trainable_weights, moments, strict=True):
            muon = len(weight.shape) == 2 and not weight.path.startswith("output/")
            assert (moment is None) == muon, weight.path
        output = model.get_layer("decoder").layers[-1]
        assert output.name == "output" and len(model.trainable_weights) > 4

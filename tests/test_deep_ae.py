"""deep_ae.py, and seq2seq_ae.py: which of the layers Muon trains."""

import pytest


@pytest.mark.parametrize("script", ["deep_ae", "seq2seq_ae"])
def test_muon_leaves_the_output_layer_to_adamw(script, trained):
    """What Muon itself does is Keras's affair."""
    model = trained(script).models[0]
    # The optimizer keeps a second moment for those weights that AdamW trains.
    moments = model.optimizer.adam_velocities
    assert len(model.trainable_weights) > 4
    for weight, moment in zip(model.trainable_weights, moments):
        muon = len(weight.shape) == 2 and not weight.path.startswith("output/")
        assert (moment is None) == muon, weight.path
    output = model.get_layer("decoder").layers[-1]
    assert output.name == "output" and output.trainable_weights

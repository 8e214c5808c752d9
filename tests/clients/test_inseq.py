"""inseq knows the method by its name, and its values add up for every generated token."""

from __future__ import annotations

import numpy as np
import pytest

inseq = pytest.importorskip("inseq")
transformers = pytest.importorskip("transformers")

import spex_plugins.clients.inseq  # noqa: E402, F401


@pytest.fixture(scope="module")
def model():
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<pad>", "<s>", "</s>", "the", "film", "is", "not", "bad", "it", "good"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<pad>"
    )
    config = transformers.LlamaConfig(
        **{"vocab_size": 10, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2},
        **{"num_attention_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2},
    )
    transformers.set_seed(0)
    network = transformers.LlamaForCausalLM(config).eval()
    return inseq.load_model(network, "spex", tokenizer=wrapped)


def test_values_of_every_token_add_up(model):
    out = model.attribute(
        "the film is not bad", "the film is not bad it is", n_samples=200, show_progress=False
    )[0]
    found = model.attribution_method.interactions
    values = out.target_attributions.numpy()
    assert values.shape[1] == len(found) == 2
    for k, one in enumerate(found):
        column = values[:, k][np.isfinite(values[:, k])]
        assert len(column) == 5 + k
        assert column.sum() == pytest.approx(float(one.full_value - one.empty_value), abs=1e-5)
        assert one.n == 5 + k
        assert one.n_calls <= 200

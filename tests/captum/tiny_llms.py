"""Language models with random weights, a tokenizer of a few words, log-probabilities by definition."""

from __future__ import annotations

import pytest
import torch

transformers = pytest.importorskip("transformers")

WORDS = ["the", "cast", "never", "fails", "to", "charm", "but", "plot", "drags", "on", "and"]
TARGET = "never drags on"


def make_tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate(["[UNK]", *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.decoder = decoders.WordPiece()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]")


def gpt2(size):
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=size, n_embd=16, n_layer=2, n_head=2, n_positions=64, initializer_range=0.7
        )
    )


def llama(size):
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**_sizes(size)))


def mistral(size):
    """Return a model whose attention sees only the last few tokens."""
    return transformers.MistralForCausalLM(transformers.MistralConfig(**_sizes(size), sliding_window=5))


def _sizes(size):
    return {
        "vocab_size": size,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "initializer_range": 0.7,
    }


def log_probability(model, tokenizer, text, target=TARGET):
    """Return the log-probabilities of the target's tokens after a text, straight from the model."""
    prompt, wanted = (tokenizer(part, return_tensors="pt")["input_ids"] for part in (text, target))
    return log_probability_of_tokens(model, prompt, wanted[0])


def log_probability_of_tokens(model, prompt, wanted, **extra):
    """Return the log-probabilities of tokens (T,) after a prompt (1, L)."""
    with torch.no_grad():
        logits = model(torch.cat([prompt, wanted[None]], dim=1), **extra).logits.float().log_softmax(-1)
    at = torch.arange(prompt.shape[1] - 1, prompt.shape[1] + len(wanted) - 1)
    return logits[0, at, wanted]

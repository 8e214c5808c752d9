"""Real transformers models, small enough to build in a test: random weights, a vocabulary of six words."""

from __future__ import annotations

WORDS = ["never", "fails", "to", "charm", "not", "bad"]


def tokenizer(special):
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate([*special.values(), *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token=special["unk_token"]))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **special)


def language_model():
    """A GPT-2 that writes one word after another, with its tokenizer."""
    import torch
    import transformers

    words = tokenizer({"unk_token": "<unk>", "eos_token": "</s>"})
    words.pad_token = words.eos_token
    torch.manual_seed(0)
    size = {"vocab_size": len(words), "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
    config = transformers.GPT2Config(**size, initializer_range=0.5, bos_token_id=1, eos_token_id=1)
    config.is_decoder = True
    return transformers.GPT2LMHeadModel(config).eval(), words


def classifier():
    """A text-classification pipeline with two classes."""
    import torch
    import transformers

    names = ("unk", "pad", "cls", "sep", "mask")
    words = tokenizer({f"{name}_token": f"[{name.upper()}]" for name in names})
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    labels = {"id2label": {0: "NEGATIVE", 1: "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}
    config = transformers.BertConfig(
        vocab_size=len(words), max_position_embeddings=32, initializer_range=1.0, **size, **labels
    )
    model = transformers.BertForSequenceClassification(config).eval()
    return transformers.pipeline(
        "text-classification", model=model, tokenizer=words, top_k=None, device="cpu"
    )

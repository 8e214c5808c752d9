"""Tiny random language models and tokenizers, built here: nothing is downloaded."""

from __future__ import annotations

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

TEXT = "never fails to charm"
WORDS = ["<unk>", "</s>", *TEXT.split(), "not", "bad", "..."]


def word_tokenizer(eos=False):
    """Words are tokens; encoder-decoder models get an end token behind them."""
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if eos:
        raw.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", eos_token="</s>", pad_token="</s>"
    )


def masked_word_tokenizer():
    """Words with [CLS] and [SEP] around them and a mask token, like BERT."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *TEXT.split()]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **special)


def byte_tokenizer(trim_offsets=True):
    """Bytes and pairs of bytes that are frequent in a little English, like GPT-2."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=270, initial_alphabet=alphabet, special_tokens=["<e>"], show_progress=False
    )
    raw.train_from_iterator(["a cafe is good", "the bad cafe"], trainer)
    raw.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<e>", pad_token="<e>")


def gpt2(scale=0.5):
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=len(WORDS),
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_positions=64,
        initializer_range=scale,
        bos_token_id=1,
        eos_token_id=1,
        is_decoder=True,
    )
    return _short(transformers.GPT2LMHeadModel(config))


def t5():
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=len(WORDS),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=1,
        eos_token_id=1,
        initializer_factor=3.0,
    )
    return _short(transformers.T5ForConditionalGeneration(config))


def bart():
    torch.manual_seed(0)
    size = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    ids = {"decoder_start_token_id": 1, "pad_token_id": 1, "eos_token_id": 1, "bos_token_id": 1}
    config = transformers.BartConfig(
        vocab_size=len(WORDS),
        d_model=16,
        max_position_embeddings=64,
        init_std=0.5,
        forced_eos_token_id=None,
        **size,
        **heads,
        **ids,
    )
    return _short(transformers.BartForConditionalGeneration(config))


def _short(model):
    model.generation_config.max_new_tokens = model.generation_config.min_new_tokens = 4
    return model.eval()

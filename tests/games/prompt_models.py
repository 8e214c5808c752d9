"""Models with random weights, a tokenizer of bytes and their pairs, and scores by plain forwards."""

from __future__ import annotations

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

CORPUS = [
    "The film is not the disaster that the critics described.",
    "Charming and beautifully shot, and its hero is far from boring. Sentiment: positive negative",
    "Anna moved from Paris to Rome because her sister lives there. Where does Anna live? Answer: Rome",
]
ROLES = ["pad", "bos", "eos", "mask", "unk"]
SPECIAL = ["<pad>", "<s>", "</s>", "<mask>", "<unk>"]


def tokenizer(template=None, pair=None):
    """Return a byte-level tokenizer; ``template`` such as "<s> $A </s>" puts special tokens around texts.

    A ``pair`` such as "<s> $A </s> $B:1 </s>:1" tells the texts of pairs apart.
    """
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(CORPUS * 3, trainer)
    if template:
        named = [(name, raw.token_to_id(name)) for name in SPECIAL]
        raw.post_processor = processors.TemplateProcessing(single=template, pair=pair, special_tokens=named)
    names = dict(zip([f"{name}_token" for name in ROLES], SPECIAL, strict=True))
    if pair:
        names |= {"sep_token": "</s>", "model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **names)


def tokenizer_of_pieces(scheme):
    """Return a tokenizer of pieces of words, to which some characters are unknown.

    ``scheme`` says where it writes a space before a text.
    """
    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    raw.decoder = decoders.Metaspace(prepend_scheme=scheme)
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False)
    raw.train_from_iterator(CORPUS * 3, trainer)
    names = dict(zip([f"{name}_token" for name in ROLES], SPECIAL, strict=True))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **names)


def exact(model, ids, target):
    """Return the log-probability of target tokens behind others, by one plain forward."""
    with torch.no_grad():
        logits = model(torch.tensor([[*ids, *target[:-1]]])).logits[0, len(ids) - 1 :].double()
    return log_probs(logits, torch.tensor(target)).sum()


def _built(kind, config):
    torch.manual_seed(0)
    return kind(config).eval()


_SPECIAL_IDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_LABELS = {"id2label": {0: "bad", 1: "so-so", 2: "good"}, "label2id": {"bad": 0, "so-so": 1, "good": 2}}


def gpt2(**changes):
    sizes = {"vocab_size": 400, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 256}
    config = transformers.GPT2Config(**sizes | {"initializer_range": 0.6} | _SPECIAL_IDS | changes)
    return _built(transformers.GPT2LMHeadModel, config)


def _llama_sizes():
    sizes = {"vocab_size": 400, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    return sizes | heads | {"max_position_embeddings": 256, "initializer_range": 0.6} | _SPECIAL_IDS


def llama(**changes):
    return _built(transformers.LlamaForCausalLM, transformers.LlamaConfig(**_llama_sizes() | changes))


def moshi():
    """Return a model whose layers end in linear maps of its own."""
    config = transformers.MoshiConfig(**_llama_sizes(), ffn_dim=32)
    return _built(transformers.MoshiForCausalLM, config)


def mistral():
    """Return a model whose attention sees only the last few tokens."""
    config = transformers.MistralConfig(**_llama_sizes(), sliding_window=7)
    return _built(transformers.MistralForCausalLM, config)


def gemma2():
    """Return a model that caps its logits."""
    config = transformers.Gemma2Config(**_llama_sizes(), final_logit_softcapping=2.0, sliding_window=7)
    return _built(transformers.Gemma2ForCausalLM, config)


def phi3():
    """Return a model whose positions are stretched if the longest row has more than 16 tokens: LongRoPE."""
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [8.0, 6.0, 4.0, 3.0]}
    rope |= {"rope_theta": 1e4, "partial_rotary_factor": 1.0, "original_max_position_embeddings": 16}
    sizes = {k: v for k, v in _llama_sizes().items() if k != "head_dim"}
    config = transformers.Phi3Config(**sizes, original_max_position_embeddings=16, rope_scaling=rope)
    return _built(transformers.Phi3ForCausalLM, config)


def dynamic_llama():
    """Return a model whose positions are stretched by its longest row, where that has more than 16 tokens."""
    return llama(
        max_position_embeddings=16, rope_scaling={"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}
    )


def gpt_neo():
    """Return a model that counts padding, and a cached beginning, to its window of local attention."""
    sizes = {"vocab_size": 400, "hidden_size": 16, "num_layers": 2, "num_heads": 2, "window_size": 9}
    layers = {"attention_types": [[["global", "local"], 1]], "max_position_embeddings": 256}
    config = transformers.GPTNeoConfig(**sizes, **layers, initializer_range=0.6, **_SPECIAL_IDS)
    return _built(transformers.GPTNeoForCausalLM, config)


def rwkv():
    """Return a recurrent model that reads padding as if it were text."""
    sizes = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32}
    model = _built(transformers.RwkvForCausalLM, transformers.RwkvConfig(**sizes, attention_hidden_size=16))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2.0)
    return model


def bloom():
    """Return a model without positions: its attention is biased by distance."""
    config = transformers.BloomConfig(
        vocab_size=400, hidden_size=16, n_layer=2, n_head=2, initializer_range=0.6, **_SPECIAL_IDS
    )
    return _built(transformers.BloomForCausalLM, config)


def roberta(**changes):
    """Return a model whose positions begin behind that of padding, and which may read padding."""
    sizes = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    more = {"intermediate_size": 32, "max_position_embeddings": 258, "initializer_range": 0.6}
    config = transformers.RobertaConfig(**sizes | more | _SPECIAL_IDS | {"is_decoder": True} | changes)
    return _built(transformers.RobertaForCausalLM, config)


def roberta_padded_with_1():
    """Return a model of which the number that the scorers fill rows with is no padding."""
    return roberta(pad_token_id=1)


def fsmt():
    """Return a model that makes no causal mask for its decoder when it is given the encoder's outputs."""
    sizes = {"src_vocab_size": 400, "tgt_vocab_size": 400, "langs": ["en", "de"], "d_model": 16}
    heads = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "init_std": 0.6}
    feed = {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "decoder_attention_heads": 2}
    config = transformers.FSMTConfig(**sizes | heads | feed | _SPECIAL_IDS, decoder_start_token_id=2)
    return _built(transformers.FSMTForConditionalGeneration, config)


def t5():
    sizes = {"vocab_size": 400, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    config = transformers.T5Config(**sizes, decoder_start_token_id=0, pad_token_id=0, eos_token_id=2)
    model = _built(transformers.T5ForConditionalGeneration, config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3.0)  # T5 begins with answers that hardly differ
    return model


def bart():
    sizes = {"vocab_size": 400, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1}
    more = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "max_position_embeddings": 256}
    feed = {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "init_std": 0.6, "decoder_start_token_id": 2}
    config = transformers.BartConfig(**sizes | more | feed | _SPECIAL_IDS, forced_eos_token_id=2)
    return _built(transformers.BartForConditionalGeneration, config)


def bert(**changes):
    sizes = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    more = {"intermediate_size": 32, "max_position_embeddings": 128, "initializer_range": 0.6}
    labels = {} if "num_labels" in changes else _LABELS
    config = transformers.BertConfig(**sizes | more | {"pad_token_id": 0} | labels | changes)
    return _built(transformers.BertForSequenceClassification, config)


def gpt2_classifier():
    sizes = {"vocab_size": 400, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 256}
    config = transformers.GPT2Config(**sizes, initializer_range=0.6, **_SPECIAL_IDS, **_LABELS)
    return _built(transformers.GPT2ForSequenceClassification, config)


@torch.no_grad()
def causal_logits(model, words, prompt, answer):
    """Return the logits (T, V) at the tokens of an answer and these tokens, by one plain forward."""
    found = words(prompt + answer, return_offsets_mapping=True)
    start = next(i for i, (_, end) in enumerate(found["offset_mapping"]) if end > len(prompt))
    ids = torch.tensor([found["input_ids"]])
    return model(ids).logits[0, start - 1 : -1].double(), ids[0, start:]


@torch.no_grad()
def written_logits(model, words, prompt, answer, begin):
    """Return the same of a sequence-to-sequence model, whose decoder begins with some tokens."""
    ids = torch.tensor([words(prompt)["input_ids"]])
    tokens = torch.tensor(words(answer, add_special_tokens=False)["input_ids"])
    logits = model(ids, decoder_input_ids=torch.cat([torch.tensor(begin), tokens[:-1]])[None]).logits
    return logits[0, len(begin) - 1 :].double(), tokens


def log_probs(logits, tokens):
    """Return the log-probabilities (T,) of tokens."""
    return logits.log_softmax(-1).gather(1, tokens[:, None])[:, 0].numpy()

"""Vision-language models of transformers with random weights, and their processors."""

from __future__ import annotations

import torch
import transformers

WORDS = ["what", "colour", "is", "the", "big", "bus", "house", "red", "blue", "dark", "User:", "Assistant:"]
SPECIAL = ["<pad>", "<unk>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
DECODER = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.7,
}
VISION = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def _of_pillow(name):
    """Return the image processor without torchvision, which older releases call by the plain name."""
    return getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
    )


def tokenizer_of_pieces(scheme, around):
    """Return a tokenizer of pieces of words; ``scheme`` says where it writes a space before a text.

    ``around`` such as "<s> $A </s>" puts special tokens around texts.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    special = [*SPECIAL, "<s>", "</s>"]
    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    trainer = trainers.BpeTrainer(vocab_size=120, special_tokens=special, show_progress=False)
    raw.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    named = [(name, raw.token_to_id(name)) for name in special]
    raw.post_processor = processors.TemplateProcessing(single=around, special_tokens=named)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
    )


def llava(words=None):
    words = words or tokenizer()
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**VISION, image_size=16, patch_size=8),
        text_config=transformers.LlamaConfig(**DECODER, vocab_size=len(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
    )
    size = {"height": 16, "width": 16}
    processor = transformers.LlavaProcessor(
        _of_pillow("CLIPImageProcessor")(size=size, crop_size=size),
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    return transformers.LlavaForConditionalGeneration(config), processor


def llava_next():
    """Return LLaVA 1.6, which sees an image as a whole and in tiles."""
    words = tokenizer()
    tiles = [[16, 32], [32, 16]]
    config = transformers.LlavaNextConfig(
        vision_config=transformers.CLIPVisionConfig(**VISION, image_size=16, patch_size=8),
        text_config=transformers.LlamaConfig(**DECODER, vocab_size=len(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=tiles,
    )
    side = {"height": 16, "width": 16}
    processor = transformers.LlavaNextProcessor(
        _of_pillow("LlavaNextImageProcessor")(
            size={"shortest_edge": 16}, crop_size=side, image_grid_pinpoints=tiles
        ),
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    return transformers.LlavaNextForConditionalGeneration(config), processor


def idefics3():
    words = tokenizer()
    processor = transformers.Idefics3Processor(
        _of_pillow("Idefics3ImageProcessor")(
            size={"longest_edge": 16}, max_image_size={"longest_edge": 16}, do_image_splitting=False
        ),
        words,
        image_seq_len=4,
    )
    config = transformers.Idefics3Config(
        vision_config={**VISION, "image_size": 16, "patch_size": 4},
        text_config=transformers.LlamaConfig(**DECODER, vocab_size=len(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    return transformers.Idefics3ForConditionalGeneration(config), processor


def smolvlm():
    """Return SmolVLM with the processor of Idefics3, which prepares images in the same way.

    Its own processor needs packages for videos.
    """
    processor = idefics3()[1]
    words = processor.tokenizer
    config = transformers.SmolVLMConfig(
        vision_config={**VISION, "image_size": 16, "patch_size": 4},
        text_config=transformers.LlamaConfig(**DECODER, vocab_size=len(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    return transformers.SmolVLMForConditionalGeneration(config), processor


def mllama():
    """Return Llama 3.2, whose tokens see images by attention to them: a mask for every token."""
    words = tokenizer()
    words.bos_token = "<unk>"  # its processor writes one
    config = transformers.MllamaConfig(
        vision_config={
            **{name: size for name, size in VISION.items() if name != "num_attention_heads"},
            **{"attention_heads": 2, "num_global_layers": 1, "image_size": 16, "patch_size": 8},
            **{"vision_output_dim": 32, "max_num_tiles": 2, "intermediate_layers_indices": [0]},
            "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        },
        text_config={
            **DECODER,
            **{"vocab_size": len(words), "cross_attention_layers": [1]},
            **{"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 5},
        },
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    images = _of_pillow("MllamaImageProcessor")(size={"height": 16, "width": 16}, max_image_tiles=2)
    model = transformers.MllamaForConditionalGeneration(config)
    for name, parameter in model.named_parameters():
        if "gate" in name:  # they are closed before training
            torch.nn.init.ones_(parameter)
    return model, transformers.MllamaProcessor(images, words)


def gemma3():
    """Return Gemma 3, whose processor writes several tokens where the prompt has one for the image."""
    words = tokenizer()
    words.add_tokens(["<soft>", "<end>"], special_tokens=True)
    for name, token in {"boi_token": "<image>", "eoi_token": "<end>", "image_token": "<soft>"}.items():
        setattr(words, name, token)
        setattr(words, f"{name}_id", words.convert_tokens_to_ids(token))
    numbers = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 5, "head_dim": 8, "sliding_window": 6}
    config = transformers.Gemma3Config(
        text_config={**DECODER, **numbers, "vocab_size": len(words)},
        vision_config={**VISION, "image_size": 16, "patch_size": 8},
        mm_tokens_per_image=4,
        image_token_index=words.image_token_id,
        boi_token_index=words.boi_token_id,
        eoi_token_index=words.eoi_token_id,
    )
    size = {"height": 16, "width": 16}
    images = _of_pillow("Gemma3ImageProcessor")(size=size, do_pan_and_scan=False)
    return transformers.Gemma3ForConditionalGeneration(config), transformers.Gemma3Processor(
        images, words, image_seq_length=4
    )


class _WithoutVideos(transformers.Qwen2VLProcessor):
    """The processor of Qwen-VL where torchvision, which prepares videos, is not installed."""

    __module__ = transformers.Qwen2VLProcessor.__module__

    def check_argument_for_proper_class(self, argument_name, argument):
        return argument is None or super().check_argument_for_proper_class(argument_name, argument)


def _qwen(kind, **vision):
    words = tokenizer()
    image, video, start, end = words.convert_tokens_to_ids(SPECIAL[2:])
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10_000.0}
    numbers = {"pad_token_id": 0, "bos_token_id": None, "eos_token_id": None}
    config = getattr(transformers, f"{kind}Config")(
        vision_config=vision | {"patch_size": 4, "spatial_merge_size": 2, "temporal_patch_size": 1},
        text_config={**DECODER, **numbers, "vocab_size": len(words), "rope_parameters": rope},
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    size = {"shortest_edge": 256, "longest_edge": 256}  # pixels in all
    images = _of_pillow("Qwen2VLImageProcessor")(size=size, patch_size=4, merge_size=2, temporal_patch_size=1)
    return getattr(transformers, f"{kind}ForConditionalGeneration")(config), _WithoutVideos(images, words)


def qwen2_vl():
    return _qwen("Qwen2VL", depth=2, embed_dim=16, hidden_size=16, num_heads=2, mlp_ratio=2)


def qwen2_5_vl():
    sizes = {"hidden_size": 16, "out_hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "depth": 2}
    return _qwen("Qwen2_5_VL", **sizes, window_size=16, fullatt_block_indexes=[1])


_ENCODER = {**VISION, "vocab_size": len(SPECIAL + WORDS), "max_position_embeddings": 12, "projection_dim": 16}


def clip():
    words = tokenizer()
    config = transformers.CLIPConfig(
        text_config={**_ENCODER, "eos_token_id": words.convert_tokens_to_ids("<end_of_utterance>")},
        vision_config={**VISION, "image_size": 16, "patch_size": 8, "projection_dim": 16},
        projection_dim=16,
    )
    size = {"height": 16, "width": 16}
    images = _of_pillow("CLIPImageProcessor")(size=size, crop_size=size)
    return transformers.CLIPModel(config), transformers.CLIPProcessor(images, _ended(words))


def siglip():
    words = _ended(tokenizer())
    config = transformers.SiglipConfig(
        text_config=_ENCODER, vision_config={**VISION, "image_size": 16, "patch_size": 8}
    )
    images = _of_pillow("SiglipImageProcessor")(size={"height": 16, "width": 16})
    return transformers.SiglipModel(config), transformers.SiglipProcessor(images, words)


def _ended(words):
    """Let a tokenizer end every text, as those of both families do."""
    from tokenizers import processors

    end = "<end_of_utterance>"
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, words.convert_tokens_to_ids(end))]
    )
    return words


def seeded(make):
    """Return a model whose images matter, and its processor."""
    torch.manual_seed(0)
    model, processor = make()
    for name, parameter in model.named_parameters():
        if any(part in name for part in ("projector", "connector", "merger")):
            torch.nn.init.normal_(parameter)
    return model.eval(), processor

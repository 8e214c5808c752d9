"""The names that the examples of docstrings take for granted: your model, your photo, your review."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from stand_ins import Game, answering_server, classifier, from_tests, images, language_model
from system_stand_ins import agent, documents, heads, replying_server, training_data

REVIEW = "The film is not the disaster critics described"


def network(_):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.Tanh()).eval()
    return {"model": model, "inputs": torch.rand(2, 8)}


def spex(stack):
    from spex_plugins.captum import Spex

    return network(stack) | {"Spex": Spex}


def ids(_):
    import torch

    from spex_plugins.captum import Spex, feature_ids

    def forward(x):
        return 3.0 * x[:, 2] * x[:, 3] + 2.0 * x[:, 1] * x[:, 2] + x[:, 0] * x[:, 1] * x[:, 3]

    mask = torch.tensor([[3, 7, 12, 40]])
    settings = {"feature_mask": mask, "return_interactions": True}
    _, (found,) = Spex(forward).attribute(torch.ones(1, 4), **settings)
    return {"feature_ids": feature_ids, "interactions": found}


def captum_game(_):
    import torch
    from captum.attr import KernelShap

    from spex_plugins.captum import Spex, game_forward

    return {
        "Spex": Spex,
        "game_forward": game_forward,
        "KernelShap": KernelShap,
        "torch": torch,
        "game": Game(),
    }


def captum_image(stack):
    import torch

    from spex_plugins.captum import Spex, Superpixels, image_and_regions, image_feature_mask
    from spex_plugins.plots import image_regions

    names = images(stack)
    image = torch.tensor(names["photo"]).permute(2, 0, 1)[None].float() / 255
    every_class = names["network"]
    functions = (Spex, Superpixels, image_and_regions, image_feature_mask, image_regions)
    return {one.__name__: one for one in functions} | {
        "image": image,
        "model": lambda x: every_class(x).repeat(1, 70),  # of 210 classes
    }


def prompt(_):
    models = from_tests("games/prompt_models.py")
    return {"model": models.gpt2(), "tokenizer": models.tokenizer()}


def attribution_result(stack):
    from captum.attr import TextTemplateInput

    from spex_plugins.captum import Spex, SpexLLMAttribution

    model, tokenizer = language_model()
    inp = TextTemplateInput("the {} {} {} and", ["plot", "never", "drags"])
    return {"result": SpexLLMAttribution(Spex(model), tokenizer).attribute(inp, "never fails")}


def chat(stack):
    import spex_plugins

    answering_server(stack)
    return {
        "ChatGame": in_games("ChatGame"),
        "spex": spex_plugins,
        "review": "Review: never so dull and good",
    }


def conse(stack):
    names = images(stack)
    return {
        "ConSE": in_games("ConSE"),
        "network": names["network"],
        "names": ["cup", "temple", "bus"],
        "SentenceTransformer": lambda _: Embedding,
        "folder": "model",
        "normalised": in_floats,
        "photos": names["photo"][None].repeat(2, axis=0),
        "embed": Embedding.encode,
    }


class Embedding:
    """A sentence encoder that counts letters."""

    @staticmethod
    def encode(texts):
        return np.array([[text.count(letter) + 0.1 for letter in "aeioutp"] for text in texts])


def in_floats(batch):
    import torch

    return torch.as_tensor(np.asarray(batch), dtype=torch.float32).permute(0, 3, 1, 2) / 255


def image_game(stack):
    import spex_plugins
    from spex_plugins.plots import image_regions
    from spex_plugins.regions import Grid

    names = images(stack)
    return {
        "ImageGame": in_games("ImageGame"),
        "Superpixels": lambda _: Grid(3, 3),  # fewer are quicker
        "spex": spex_plugins,
        "image_regions": image_regions,
        "photo": names["photo"],
        "network": lambda x: names["network"](x).repeat(1, 400),  # of 1,200 classes
        "normalised": in_floats,
    }


def multimodal(stack):
    import spex_plugins
    from spex_plugins.regions import Grid

    few = Grid(2, 3)  # quicker
    names = conse(stack)
    score = names["ConSE"](names["network"], names["names"], names["embed"], preprocess=in_floats)
    game = {"ConSE": lambda *_: score, "MultimodalGame": in_games("MultimodalGame"), "Grid": lambda *_: few}
    return names | game | {"photo": names["photos"][0], "spex": spex_plugins}


def image_text(stack, name="ImageTextAnswer"):
    from spex_plugins.regions import Grid

    kind = in_games(name)
    stack.enter_context(
        patch.object(kind, "from_pretrained", lambda *_, **__: lambda photos, texts: np.ones(len(texts)))
    )
    names = {name: kind, "MultimodalGame": in_games("MultimodalGame"), "Grid": Grid}
    return names | {"photo": images(stack)["photo"]}


def image_text_match(stack):
    return image_text(stack, "ImageTextMatch")


def masked_prompt(_):
    import spex_plugins

    models = from_tests("games/prompt_models.py")
    tokenizer = models.tokenizer()
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %} Answer:"
    labels = {"id2label": {0: "entailment", 1: "other"}, "label2id": {"entailment": 0, "other": 1}}
    return {
        "MaskedPrompt": in_games("MaskedPrompt"),
        "spex": spex_plugins,
        "model": models.gpt2(),
        "tokenizer": tokenizer,
        "review": REVIEW,
        "classifier": models.bert(**labels),
        "words": models.tokenizer("<s> $A </s>", "<s> $A </s> $B:1 </s>:1"),
        "premise": "Anna moved to Rome",
        "hypothesis": "Anna lives in Rome",
    }


def recording(_):
    import spex_plugins as spex

    class Long(Game):
        n, feature_names = 20, tuple(f"word {i}" for i in range(20))

    masks = np.random.default_rng(0).random((1500, 20)) < 0.5
    return {"Recording": spex.Recording, "spex": spex, "game": Long(), "masks": masks}


def session(_):
    from spex_plugins.queries import Queries, Session

    return {"Queries": Queries, "Session": Session}


def shap_explainer(_):
    import shap
    from sklearn.linear_model import LogisticRegression

    from spex_plugins.shap import SpexExplainer

    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5))
    model = LogisticRegression().fit(X, X[:, 0] + X[:, 1] > 0)
    return {
        "SpexExplainer": SpexExplainer,
        "model": model,
        "X_background": X[:10],
        "X": X,
        "shap": QuietShap(shap),
    }


def shap_game(_):
    import shap

    from spex_plugins.shap import SpexExplainer, as_model

    return {"as_model": as_model, "SpexExplainer": SpexExplainer, "game": Game(), "shap": QuietShap(shap)}


def shap_image(stack):
    import shap

    from spex_plugins.plots import image_regions
    from spex_plugins.shap import GroupedImage, SpexExplainer, Superpixels

    names = images(stack)
    return {
        "shap": QuietShap(shap),
        "GroupedImage": GroupedImage,
        "SpexExplainer": SpexExplainer,
        "Superpixels": Superpixels,
        "image": names["photo"].astype(float),
        "model": lambda batch: names["predict"](batch)[:, 1],
        "image_regions": image_regions,
    }


def shap_text(_):
    import shap

    from spex_plugins.shap import GroupedText

    pipeline = classifier()
    return {
        "GroupedText": GroupedText,
        "shap": shap,
        "tokenizer": pipeline.tokenizer,
        "model": shap.models.TransformersPipeline(pipeline),
        "texts": ["the cast never fails to charm"],
    }


class QuietShap:
    """SHAP, whose plots are drawn and not shown."""

    def __init__(self, shap):
        self._shap = shap
        self.plots = self

    def __getattr__(self, name):
        found = getattr(self._shap.plots, name, None)
        if not callable(found):
            return getattr(self._shap, name)
        return lambda *args: found(*args, show=False)


def in_games(name):
    from spex_plugins import games

    return getattr(games, name)


def shapiq_approximator(_):
    shapiq = pytest.importorskip("shapiq")
    from spex_plugins.shapiq import SpexApproximator

    X = np.random.default_rng(0).normal(size=(200, 10))
    return {
        "SpexApproximator": SpexApproximator,
        "shapiq": shapiq,
        "game": lambda coalitions: coalitions[:, 0] + 2.0 * (coalitions[:, 1] & coalitions[:, 2]),
        "model": lambda rows: rows[:, 0] * rows[:, 1],
        "X": X,
    }


NAMES = {
    "ChatGame": chat,
    "ChatReplies": replying_server,
    "ConSE": conse,
    "ContextGame": documents,
    "DataGame": training_data,
    "Embedded": replying_server,
    "GroupedImage": shap_image,
    "GroupedText": shap_text,
    "HeadsGame": heads,
    "ImageGame": image_game,
    "ImageTextAnswer": image_text,
    "ImageTextMatch": image_text_match,
    "MaskedPrompt": masked_prompt,
    "MultimodalGame": multimodal,
    "PartsGame": agent,
    "Recording": recording,
    "ReplyGame": replying_server,
    "Session": session,
    "Spex": spex,
    "SpexApproximator": shapiq_approximator,
    "SpexExplainer": shap_explainer,
    "SpexLLMAttribution": prompt,
    "SpexLLMAttributionResult": attribution_result,
    "as_model": shap_game,
    "feature_ids": ids,
    "game_forward": captum_game,
    "image_feature_mask": captum_image,
}

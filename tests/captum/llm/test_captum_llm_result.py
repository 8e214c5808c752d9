"""What is done with the result of `SpexLLMAttribution`, and arguments that are refused."""

from __future__ import annotations

import pytest
import tiny_llms
import torch
from captum.attr import KernelShap, TextTemplateInput, TextTokenInput
from tiny_llms import TARGET

from spex_plugins.captum import Spex, SpexLLMAttribution
from spex_plugins.errors import InputError


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_llms.make_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    return tiny_llms.gpt2(len(tokenizer)).eval()


@pytest.fixture(scope="module")
def result(model, tokenizer):
    prompt = TextTokenInput("the cast never fails", tokenizer)
    return SpexLLMAttribution(Spex(model), tokenizer).attribute(prompt, TARGET)


def test_outputs_are_the_sequence_and_then_its_tokens(result):
    assert result.interactions.n_outputs == 1 + len(result.output_tokens) == 4
    for one, row in [
        (result.seq_interactions, result.seq_attr),
        *((result.token_interactions(k), result.token_attr[k]) for k in range(3)),
    ]:
        shapley = torch.tensor(one.index("SV").first_order(), dtype=torch.float32)
        torch.testing.assert_close(shapley, row, atol=1e-5, rtol=0)


def test_printed(result):
    lines = repr(result).splitlines()
    assert lines[:2] == ["SpexLLMAttributionResult", "  output      never drags on"]
    for line, value, token in zip(lines[2:6], result.seq_attr.tolist(), result.input_tokens, strict=True):
        assert line.split()[1:] == [token]
        assert float(line.split()[0]) == pytest.approx(value, rel=1e-3)
    assert "\n".join(lines[6:]) == repr(result.seq_interactions)
    assert str(result) == repr(result)


@pytest.mark.parametrize("k", [-1, 3, None])
def test_tokens_that_do_not_exist(k, result):
    with pytest.raises(InputError, match="k: must be 0 to 2, an output token"):
        result.token_interactions(k)


def test_pictures_of_both_packages(result, tmp_path):
    import matplotlib.pyplot as plt

    from spex_plugins.plots import save_html, text_arcs

    for draw in (result.plot_seq_attr, result.plot_token_attr):
        _, axes = draw()
        labels = [label.get_text() for label in axes.get_xticklabels()]
        assert labels == ["the", "cast", "never", "fails"]
    drawn = {text.get_text() for text in text_arcs(result, output=2).texts}
    plt.close("all")
    assert {"the", "cast", "never", "fails"} <= drawn
    save_html(result, tmp_path / "page.html", output=0)
    assert "fails" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_shows_the_strongest_sets_of_the_sequence_in_a_notebook(result):
    shown = result._repr_html_()
    assert "<b>never drags on</b>" in shown
    strongest = " × ".join(
        result.interactions.feature_names[i] for i in result.seq_interactions.top(1).terms[0]
    )
    assert strongest in shown


def test_names_are_written_as_text():
    """Byte-level tokenizers mark a space before a word by a letter of their own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    raw = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "Ġcast": 2, "Ġfails": 3}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = tiny_llms.transformers.PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]")
    torch.manual_seed(0)
    attribution = SpexLLMAttribution(Spex(tiny_llms.gpt2(4).eval()), tokenizer)
    found = attribution.attribute(TextTokenInput("the cast", tokenizer), " fails")
    assert found.input_tokens == ["the", "Ġcast"]
    assert found.interactions.feature_names == ("the", " cast")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_trials": 0}, "num_trials: must be an integer ≥ 1 (draws of random baselines), got 0"),
        ({"use_cached_outputs": True}, "use_cached_outputs: must be False, got True: Captum's cache"),
        ({"forward_in_tokens": True}, "forward_in_tokens: must be False"),
        ({"gen_args": {"max_new_tokens": 2}}, "gen_args: leave it out"),
        ({"target": 3}, "target: must be a text or a tensor of tokens, got int"),
        ({"target": ""}, "target: need one or more tokens"),
        ({"target": torch.ones(1, 2).long()}, "target: need one or more tokens"),
        ({"target": torch.ones(2)}, "target: need one or more tokens"),
        ({"inp": "the cast"}, "inp: must be one of"),
        ({"inp": TextTemplateInput("{}", ["cast"])}, "inp: a mask leaves a prompt without tokens"),
        ({"n_samples": 1}, "n_samples: must be an integer ≥ 2"),
        ({"perturbations_per_eval": 0}, "perturbations_per_eval: must be"),
        ({"index": "shapley"}, "index: 'shapley' is unknown"),
    ],
)
def test_refused(arguments, message, model, tokenizer, monkeypatch):
    given = {"inp": TextTokenInput("the cast never fails", tokenizer), "target": TARGET} | arguments
    attribution = SpexLLMAttribution(Spex(model), tokenizer)
    monkeypatch.setattr(model, "forward", lambda **inputs: pytest.fail("the model was called"))
    with pytest.raises(InputError) as caught:
        attribution.attribute(**given)
    assert str(caught.value).startswith(message)


def test_refused_methods(model, tokenizer):
    for method in (model, KernelShap(model)):
        with pytest.raises(InputError, match=r"attr_method: must be a Spex, got .*Spex\(model\)"):
            SpexLLMAttribution(method, tokenizer)
    with pytest.raises(InputError, match="attr_target: must be 'log_prob' or 'prob'"):
        SpexLLMAttribution(Spex(model), tokenizer, attr_target="logit")

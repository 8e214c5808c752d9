"""`GroupedText`: what the model receives, and every explainer of SHAP on top of it."""

import io
import pickle

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose, assert_array_equal

from spex_plugins import InputError
from spex_plugins.shap import GroupedText, SpexExplainer

TEXT = 'It is a "wonderful" film, never boring. I would not hate it.'


def sentiment_of(texts):
    """A product of words across sentences, so that the groups interact."""
    return np.array(
        [
            1.0 + 2 * ("wonderful" in t) - 3 * ("never" in t and "boring" in t) + ("not" in t and "film" in t)
            for t in texts
        ]
    )


def masked(masker, text, kept):
    (out,) = masker(np.array(kept, dtype=bool), text)
    assert out.shape == (1,)
    return out[0]


def test_the_model_receives_whole_words():
    masker, text = GroupedText(r"\W"), 'never boring, always a "pleasure" (truly)!'
    assert masker.data_transform(text)[0] == [
        "never",
        " boring,",
        " always",
        " a",
        ' "pleasure"',
        " (truly)!",
    ]
    assert masker.feature_names(text) == [["never", "boring,", "always", "a", '"pleasure"', "(truly)!"]]
    assert masked(masker, text, [1, 1, 1, 1, 1, 1]) == text
    assert masked(masker, text, [1, 0, 1, 1, 0, 1]) == "never ... always a ... (truly)!"
    assert masked(masker, text, [0, 0, 1, 1, 1, 0]) == '... always a "pleasure" ...'
    assert masker(False, text)[0][0] == "..."
    assert masker(True, text)[0][0] == text


def test_white_space_reaches_the_model_as_in_shap():
    masker, text = GroupedText(r"\W", "paragraph"), "one  two\n\nthree\tfour"
    assert masked(masker, text, [1, 1]) == "one two three four" == shap.maskers.Text(r"\W")(True, text)[0][0]
    assert "".join(masker.data_transform(text)[0]) == text


def test_sentences_and_mask_token():
    masker = GroupedText(r"\W+", "sentence", mask_token="[gone]")
    assert masked(masker, TEXT, [0, 1]) == "[gone] I would not hate it."
    each = GroupedText(r"\W+", "sentence", "[gone]", collapse_mask_token=False)
    assert masked(each, TEXT, [1, 0]) == TEXT[:39] + " [gone]" * 5


def test_a_function_of_the_text():
    masker = GroupedText(r"\W+", lambda text: text.split(", "))
    with pytest.raises(InputError, match="goes on with ', never"):
        masker.shape(TEXT)
    with pytest.raises(InputError, match="goes on with ', never"):  # and again: nothing stale is kept
        masker.shape(TEXT)
    halves = GroupedText(r"\W+", lambda text: text.partition(" never"))
    assert halves.data_transform(TEXT)[0] == [TEXT[:25], " never", TEXT[31:]]
    assert masked(halves, TEXT, [1, 0, 1]) == TEXT[:25] + " ... boring. I would not hate it."


def test_a_token_over_a_boundary_belongs_to_the_part_it_begins_in():
    masker = GroupedText(r"\s", lambda text: ["un", "happy", "end"])
    assert masker.data_transform("unhappy end")[0] == ["unhappy", " end"]


def test_the_pieces_of_tokens_make_up_the_text():
    """Tokens without text stand before, between and after those with text."""
    spans = {"ab cd ": [None, (0, 2), (0, 0), (3, 5), (0, 0)], " é!?": [(1, 2), (1, 2), (3, 4)]}

    class Tokenizer:
        def __call__(self, text, return_offsets_mapping=True):
            found = spans.get(text, [(0, len(text))] * bool(text))
            return {"input_ids": list(range(len(found))), "offset_mapping": found}

    masker = GroupedText(Tokenizer())
    assert masker.token_segments("ab cd ")[0] == ["", "ab", "", " cd ", ""]
    assert masker.token_segments(" é!?")[0] == [" é", "!", "?"]


@pytest.mark.parametrize("text", ["", "  ", "word", "?!"])
def test_texts_of_at_most_one_word(text):
    explanation = SpexExplainer(sentiment_of, GroupedText(r"\W"))([text], silent=True)
    assert explanation.values.shape == (1, 1)
    assert_allclose(explanation.base_values + explanation.values.sum(1), sentiment_of([text]))
    assert explanation.interactions[0].n_calls == (2 if text else 1)


def test_the_values_are_those_of_the_exact_explainer():
    text = 'A "wonderful" film, never boring. I would not hate it.'
    masker = GroupedText(r"\W")
    groups, n = masker.data_transform(text)[0], masker.shape(text)[1]

    def game(z):
        return sentiment_of(
            ["".join(p if k else " ..." for p, k in zip(groups, row, strict=True)) for row in z]
        )

    exact = shap.ExactExplainer(game, np.zeros((1, n)))(np.ones((1, n)), max_evals=2**n)
    asked = []

    def counted(texts):
        asked.extend(texts.tolist())
        return sentiment_of(texts)

    explanation = SpexExplainer(counted, shap.maskers.Text(r"\W"), features="word")([text], max_evals=2**n)
    assert n == 10
    assert len(asked) == 2**n
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    found = explanation[0].interactions
    assert found.feature_names == tuple(text.split())
    assert found.index("Moebius", 2).as_dict()[3, 4] == pytest.approx(-3)  # never boring


@pytest.mark.slow
@pytest.mark.parametrize("features", ["word", "sentence"])
def test_additive_within_the_budget(features, sentiment):
    texts = [TEXT, "a dull film. it fails to charm, always. boring! not good, never"]
    count = [0]

    def model(batch):
        count[0] += len(batch)
        return sentiment.decision_function(batch)

    explainer = SpexExplainer(model, shap.maskers.Text(r"\W"), features=features)
    explanation = explainer(texts, max_evals=300, silent=True)
    assert count[0] <= 600
    for i, text in enumerate(texts):
        whole = sentiment.decision_function([text])[0]
        assert_allclose(explanation[i].base_values + explanation[i].values.sum(), whole, atol=1e-8)
        assert "".join(explanation[i].data) == text


# SHAP's ExactExplainer takes no text masker: it wants one hierarchy for all texts.
@pytest.mark.parametrize("kind", [shap.PartitionExplainer, shap.PermutationExplainer])
def test_the_explainers_of_shap(kind):
    text = "never boring, wonderful. not a film"
    masker = GroupedText(r"\W")
    explanation = kind(sentiment_of, masker)([text], max_evals=2000, silent=True)
    total = explanation.base_values + explanation.values.sum(1)
    assert_allclose(total, sentiment_of([text]), atol=1e-8)
    assert list(explanation.data[0]) == ["never", " boring,", " wonderful.", " not", " a", " film"]
    if kind is not shap.PartitionExplainer:
        ours = SpexExplainer(sentiment_of, masker)([text], max_evals=64, silent=True)
        assert_allclose(explanation.values, ours.values, atol=1e-8)


@pytest.mark.parametrize("copied", ["pickle", "save"])
def test_copies_mask_alike(copied, capsys):
    masker = GroupedText(r"\W+", "sentence", "[gone]", False)
    if copied == "pickle":
        again = pickle.loads(pickle.dumps(masker))
    else:
        file = io.BytesIO()
        masker.save(file)
        file.seek(0)
        again = GroupedText.load(file)
    assert type(again) is GroupedText
    assert again.features == "sentence"
    assert again(np.array([True, False]), TEXT) == masker(np.array([True, False]), TEXT)


def test_functions_are_saved(capsys):
    file = io.BytesIO()
    GroupedText(r"\W+", lambda text: text.partition(" never")).save(file)
    file.seek(0)
    assert_array_equal(shap.maskers.Masker.load(file).shape(TEXT), (1, 3))


def test_the_explainer_keeps_the_group_when_pickled(sentiment):
    explainer = SpexExplainer(sentiment.decision_function, shap.maskers.Text(r"\W"), features="sentence")
    again = pickle.loads(pickle.dumps(explainer))
    assert again.features == "sentence"
    assert_array_equal(again([TEXT], silent=True).values, explainer([TEXT], silent=True).values)


def test_settings_of_the_text_masker_are_kept():
    text = shap.maskers.Text(r"\W+", "[gone]", False, "token_ids")
    masker = SpexExplainer(len, text, features="word").masker
    for name in ("tokenizer", "mask_token", "mask_token_id", "collapse_mask_token", "output_type"):
        assert getattr(masker, name) == getattr(text, name)


def test_tables_have_no_groups():
    with pytest.raises(InputError, match=r"features: .*TableMasker"):
        SpexExplainer(len, np.zeros((2, 3)), features="word")


def test_the_text_plot_shows_words():
    explanation = SpexExplainer(sentiment_of, GroupedText(r"\W"))([TEXT], silent=True)
    page = shap.plots.text(explanation[0], display=False)
    for word in TEXT.split():
        assert f"> {word}</div>" in page or f">{word}</div>" in page

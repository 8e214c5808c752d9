# %% [markdown]
# # SHAP on a text
#
# A real language model, SmolLM2-135M, judges a review; 300 model calls tell which words decide, and which
# decide together. About a minute on two cores, offline. `make demo` goes on to 2,000 calls.

# %%
import shap
from language_models.small_llm import REVIEW, SentimentScorer, load_small_llm

from spex_plugins.plots import text_arcs, waterfall
from spex_plugins.shap import SpexExplainer

rating = SentimentScorer(*load_small_llm())  # texts to logit(positive) − logit(negative)
explainer = SpexExplainer(rating, shap.maskers.Text(r"\s", mask_token=" "))
explanation = explainer([REVIEW], max_evals=300, silent=True)[0]

# %% [markdown]
# "You will **not regret** it": alone, each of the two words speaks against the film; together they speak
# for it. With 300 calls no other pair is larger than its error.

# %%
ax = text_arcs(explanation, top=1, title="Why SmolLM2-135M calls this review positive")

# %%
ax = waterfall(explanation, top=10, title="From an empty review to this one")

# %% [markdown]
# R², on masks that were left out of the fit, says how far that can be trusted:

# %%
explanation.interactions

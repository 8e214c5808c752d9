# %% [markdown]
# # Sentences that hold an answer
#
# A language model answers a question about a text. The features are its sentences: 100 of the 128 masks say
# which of them the answer stands on. Half a minute on two cores, offline.

# %%
from question_answering import ANSWER, QUESTION, TEXT
from small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import MaskedPrompt
from spex_plugins.plots import text_arcs, upset

game = MaskedPrompt(
    *load_small_llm(),
    TEXT,
    template=f"{{}}\n\nQuestion: {QUESTION}\nAnswer: A ticket costs",
    features="sentence",
    answer=ANSWER,
)
found = spex.explain(game, budget=100, progress=False)

# %% [markdown]
# Two sentences hold the answer. The blue arc says that one of them is enough: together they add less than
# each alone.

# %%
ax = text_arcs(found, top=3, title="How much does a ticket cost? “… nine crowns.”")

# %%
ax = upset(found, top=6)

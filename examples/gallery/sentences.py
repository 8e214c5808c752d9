# %% [markdown]
# # Sentences that hold an answer
#
# A language model answers a question about a text. The features are its sentences: 100 of the 128 masks say
# which of them the answer stands on. Half a minute on two cores, offline.

# %%
from language_models.small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import MaskedPrompt
from spex_plugins.plots import text_arcs, upset

TEXT = (
    "The lighthouse of Skarholm was built in 1871. Its keeper lived there with two goats and a piano. "
    "In winter the mail boat came once a month.\n\n"
    "Today the lighthouse is a museum, open from May to September. A ticket costs nine crowns. "
    "The piano is still there. Who has paid nine crowns for a ticket may play it."
)
game = MaskedPrompt(
    *load_small_llm(),
    TEXT,
    template="{}\n\nQuestion: How much does a ticket for the museum cost?\nAnswer: A ticket costs",
    features="sentence",
    answer=" nine crowns",
)
found = spex.explain(game, budget=100, progress=False)

# %% [markdown]
# Two sentences hold the answer. The blue arc says that one of them is enough: together they add less than
# each alone.

# %%
ax = text_arcs(found, top=3, title="How much does a ticket cost? “… nine crowns.”")

# %%
ax = upset(found, top=6)

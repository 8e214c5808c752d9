# %% [markdown]
# # Retrieved documents
#
# A model answers from four documents. Which of them, and which of their sentences, does the answer stand
# on? 60 prompts tell. Half a minute on two cores, offline.

# %%
from language_models.small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import ContextGame
from spex_plugins.plots import bar, save_sources_html, text_arcs

QUESTION = "How much does a ticket for the museum of Skarholm cost?"
DOCUMENTS = {
    "guide": "The lighthouse of Skarholm was built in 1871. Today it is a museum.",
    "prices": "The museum is open from May to September. A ticket costs nine crowns.",
    "history": "The keeper lived there with two goats. In winter the mail boat came once a month.",
    "weather": "It rains on most days of October.",
}
game = ContextGame(
    *load_small_llm(), QUESTION, DOCUMENTS, answer="A ticket costs nine crowns.", features="sentence"
)
found = spex.explain_levels(game, budget=60, progress=False)

# %%
ax = bar(found.groups, title=QUESTION)

# %%
ax = text_arcs(found, top=3, title="Sentences behind “A ticket costs nine crowns.”")

# %% [markdown]
# A page with the answer beside its sources:

# %%
save_sources_html(found, "sources.html", game)

# %% [markdown]
# # A thousand words
#
# A text of 1,000 words has 2¹⁰⁰⁰ masks. 4,000 of them find which negation turns which word round; the rules
# of a lexicon stand for the model, so that the answer is known. A minute on two cores.

# %%
import numpy as np
from results.questions import LEXICON, REVIEW, TURNS

import spex_plugins as spex
from spex_plugins.plots import network, save_html

rng = np.random.default_rng(0)
fillers = [word for word in REVIEW if word not in LEXICON and word not in TURNS]
words = rng.choice(fillers, 1000).tolist()
pairs = [(k, k + 1) for k in range(20, 1000, 70)]  # "not dull", "hardly new", "never less" …
for (turn, turned), (i, j) in zip(list(TURNS.items()) * 5, pairs, strict=False):
    words[i], words[j] = turn, turned


def rating(masks):
    return sum(LEXICON[words[j]] * masks[:, j] * np.where(masks[:, i], -1.0, 1.0) for i, j in pairs)


found = spex.explain(rating, n=1000, budget=4000, feature_names=words, progress=False)
truth = {pair: -2 * LEXICON[words[pair[1]]] for pair in pairs}
strongest = found.index("Moebius", order=2).of_order(2).top(len(pairs))
print(sum(pair in truth for pair in strongest.terms), "of", len(pairs), "pairs are found")

# %%
ax = network(found, index="Moebius", top=len(pairs), title="Words that turn others round, among a thousand")

# %% [markdown]
# `save_html` writes the whole text, which scrolls by itself to what is chosen in the list:

# %%
save_html(found, "thousand_words.html", title="A thousand words")

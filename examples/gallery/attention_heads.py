# %% [markdown]
# # Attention heads
#
# "When Anna and Peter went to the market, Peter gave the flowers to …" Which attention heads does the model
# need to say *Anna* and not *Peter*? The 42 features are groups of three heads in the last 14 of 30 layers;
# masked heads give their mean output. The longest page here: a minute on two cores, offline.

# %%
from language_models.small_llm import load_small_llm

import spex_plugins as spex
from spex_plugins.games import HeadsGame
from spex_plugins.plots import bar, network

people = [("Anna", "Peter"), ("Mary", "John"), ("Paul", "Lisa"), ("Tom", "Sarah")]
prompts = [f"When {one} and {other} went to the market, {other} gave the flowers to" for one, other in people]
game = HeadsGame(
    *load_small_llm(),
    prompts,
    [f" {one}" for one, _ in people],
    against=[f" {other}" for _, other in people],
    value="log_odds",
    layers=range(16, 30),
    block=3,
)
found = spex.explain(game, budget=200, progress=False)
print(f"{game}: with all heads {found.full_value:+.1f}, without {found.empty_value:+.1f}")

# %% [markdown]
# Red heads help to name the other person. The first heads of layer 23 push the other way, towards the name
# that was said twice; heads of layer 24 undo a part of that.

# %%
ax = bar(found, top=12, title="Heads that make the model name the other person")

# %%
ax = network(found, top=15, title="Heads that need each other")

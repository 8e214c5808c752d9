# %% [markdown]
# # Captum on a language model
#
# `SpexLLMAttribution` takes the place of Captum's `LLMAttribution`. One call for each of the 32 masks
# explains the whole answer and every token of it. Seconds on two cores.

# %%
from captum.attr import TextTemplateInput
from language_models.small_llm import load_small_llm

from spex_plugins.captum import Spex, SpexLLMAttribution
from spex_plugins.plots import waterfall

model, tokenizer = load_small_llm()
prompt = TextTemplateInput(
    "{} lives in {}, {}, and works as a {}. In {} she likes to go",
    values=["Marta", "Tromsø", "Norway", "nurse", "winter"],
    baselines=["She", "a town", "some country", "person", "her free time"],
)
result = SpexLLMAttribution(Spex(model), tokenizer).attribute(prompt, target=" skiing in the mountains")

# %% [markdown]
# Captum's own picture of the tokens:

# %%
figure, ax = result.plot_token_attr()

# %% [markdown]
# All masks were asked, so that nothing is estimated:

# %%
print(result.seq_interactions)

# %% [markdown]
# And what Captum cannot show: from the log-probability of the answer without the five facts to that with
# them, the facts that act together included.

# %%
ax = waterfall(result.seq_interactions, title="Why “skiing in the mountains” is likely")

# %% [markdown]
# # Store answers, stop, go on
#
# Boosted trees judge one tumour by 30 measurements. Every answer is kept in a file: each larger budget asks
# only for what is missing, and the largest run costs 800 calls, not 1,500.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier

import spex_plugins as spex
from spex_plugins.plots import waterfall

data = load_breast_cancer()
model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(data.data, data.target)
row, mean = data.data[40], data.data.mean(axis=0)


def log_odds(masks):
    return model.decision_function(np.where(masks, row, mean))


kept = {"store": Path(tempfile.mkdtemp()) / "run.sqlite", "fingerprint": "trees 1, tumour 40"}
runs = {}
for budget in (100, 200, 400, 800):
    runs[budget] = spex.explain(
        log_odds, n=30, budget=budget, feature_names=data.feature_names, progress=False, **kept
    )
    print(f"{budget}: {runs[budget].n_calls} new calls, {runs[budget].n_stored} from the store")

# %% [markdown]
# R² is measured on uniform masks; a hundred calls are too few for that.

# %%
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
r2 = [float(found.r2) for found in runs.values()]
errors = [2 * float(found.r2_error) for found in runs.values()]
ax.errorbar(runs.keys(), r2, yerr=errors, marker="o", capsize=4, color="#5661b3")
ax.set(xlabel="calls in all", ylabel="R² ± two standard errors", title="What further calls bring")
ax.spines[["top", "right"]].set_visible(False)

# %%
ax = waterfall(runs[800], top=10, title="Why the trees call this tumour malignant (log-odds of benign)")

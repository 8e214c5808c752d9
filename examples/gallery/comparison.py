# %% [markdown]
# # Which method for my model?
#
# Several methods explain the same three predictions of a random forest from the same number of calls.
# Held-out masks judge them. Half a minute on two cores; SHAP and shapiq take part where they are installed.

# %%
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from tables.compare_methods import METHODS, Row

import spex_plugins as spex

wine = load_wine()
model = RandomForestClassifier(100, random_state=0).fit(wine.data, wine.target)
rows = [Row(model, wine.data[i], wine.data.mean(axis=0), wine.feature_names) for i in (10, 80, 160)]
report = spex.compare(rows, methods=METHODS, budgets=[60, 100, 200], progress=False)
report

# %%
report.plot()

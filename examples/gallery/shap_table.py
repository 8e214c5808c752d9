# %% [markdown]
# # SHAP on many rows of a table
#
# Boosted trees predict how a diabetes goes on from ten columns. Pairs of columns are collected over 60
# patients: which act together on average, in which direction, and in how many rows.

# %%
import shap
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor

from spex_plugins.plots import beeswarm, heatmap
from spex_plugins.shap import SpexExplainer

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = X.rename(
    columns={
        "bmi": "body mass",
        "bp": "blood pressure",
        "s1": "cholesterol",
        "s2": "LDL",
        "s3": "HDL",
        "s4": "cholesterol / HDL",
        "s5": "triglycerides",
        "s6": "blood sugar",
    }
)
model = HistGradientBoostingRegressor(max_iter=60, random_state=0).fit(X, y)

explainer = SpexExplainer(model.predict, shap.sample(X, 20, random_state=0))
explanation = explainer(X[:60], silent=True)  # ten columns: all 1,024 masks of every row

# %%
table = explanation.interaction_table()
print(table)

# %% [markdown]
# Each dot is a patient. Body mass and blood pressure count for more together than the sum of both says, for
# two patients out of three: that is what a list of single columns cannot tell.

# %%
ax = beeswarm(table.interactions(), top=8, title="Pairs of columns in 60 patients")

# %% [markdown]
# One patient, all pairs of the columns that matter most:

# %%
ax = heatmap(explanation[0], top=6)

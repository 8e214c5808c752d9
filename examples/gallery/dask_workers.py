# %% [markdown]
# # Many workers
#
# Batches of masks go to Dask workers; each makes the model once, and every answer goes into a store. Here
# the cluster is two processes of this machine, on a real one only the line that makes the client changes.

# %%
import tempfile
from pathlib import Path

from clusters.dask_cluster import Game
from distributed import Client, LocalCluster

import spex_plugins as spex
from spex_plugins.plots import waterfall

store = Path(tempfile.mkdtemp()) / "answers.sqlite"

if __name__ == "__main__":  # the workers import this file
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        found = spex.explain(
            Game(), budget=2000, executor=client.get_executor(), store=store, retries=3, progress=False
        )
    print(found)

# %% [markdown]
# The model adds 64 numbers, and 3 where x3 and x17 are both kept:

# %%
if __name__ == "__main__":
    ax = waterfall(found, top=8, title="What two workers found")

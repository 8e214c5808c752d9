"""A real local Ray: values, errors, and a worker that is killed in the middle of a run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from spex_plugins import InputError, ValueFunctionError, explain
from spex_plugins.queries import RayExecutor

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of Ray itself
]


@pytest.fixture(scope="module")
def cluster():
    here = Path(__file__)
    path = os.pathsep.join([str(here.parent), str(here.parents[3]), os.environ.get("PYTHONPATH", "")])
    environment = {"env_vars": {"PYTHONPATH": path}}
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", runtime_env=environment)
    yield
    ray.shutdown()


class Game:
    n, fingerprint = 16, "ray 1"

    def __init__(self, folder):
        self.folder = Path(folder)

    def __call__(self, masks):
        with open(self.folder / f"asked-{os.getpid()}", "ab") as file:
            file.write(np.packbits(masks, axis=1).tobytes())
        return masks[:, 0] + 2.0 * (masks[:, 3] & masks[:, 11])

    def asked(self):
        content = b"".join(path.read_bytes() for path in self.folder.glob("asked-*"))
        return np.frombuffer(content, dtype=np.uint8).reshape(-1, 2)


class Deadly(Game):
    def __call__(self, masks):
        flag = self.folder / "killed"
        if len(list(self.folder.glob("asked-*"))) and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(masks)


class Failing(Game):
    def __call__(self, masks):
        if masks.shape[0] and masks[:, 5].any():
            raise ValueError("feature 5")
        return super().__call__(masks)


def test_every_mask_is_asked_once(cluster, tmp_path):
    game = Game(tmp_path)
    here = explain(Game(tmp_path / ".."), budget=200, progress=False)
    found = explain(game, budget=200, executor=RayExecutor(), batch_size=16, progress=False)
    asked = game.asked()
    assert len(asked) == len(np.unique(asked, axis=0)) == 200
    assert found.index("FSII").as_dict() == here.index("FSII").as_dict()
    assert RayExecutor().workers == 2
    assert RayExecutor(num_cpus=2).workers == 1


def test_a_killed_worker_loses_nothing(cluster, tmp_path):
    game, store = Deadly(tmp_path), tmp_path / "run.sqlite"
    found = explain(game, budget=200, executor=RayExecutor(), batch_size=16, store=store, progress=False)
    assert (tmp_path / "killed").exists()
    assert found.n_calls == 200
    assert found.top(1).names == ["x3 × x11"]
    again = explain(game, budget=200, store=store, progress=False)
    assert again.n_calls == 0


def test_errors_are_those_of_the_function(cluster, tmp_path):
    with pytest.raises(ValueFunctionError, match="feature 5") as raised:
        explain(Failing(tmp_path), budget=100, executor=RayExecutor(), progress=False)
    assert type(raised.value.__cause__) is ValueError


def test_a_cluster_that_cannot_run_tasks(cluster):
    with pytest.raises(InputError, match=r"^executor: the resources"):
        RayExecutor(num_gpus=1)

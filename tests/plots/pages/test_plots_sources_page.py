"""The page of an answer beside its sources."""

from __future__ import annotations

from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.plots import save_sources_html, to_sources_html

GAME = SimpleNamespace(
    question="Where does <Anna> live?",
    answer="In Rome. & in Italy.",
    documents={"letter": "Anna moved\nto <b>Rome</b>.", "diary": "A dull film."},
    output_names=None,
)
NAMES = ("letter", "diary", "atlas: Rome lies in Italy.")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def found(outputs=1):
    def f(masks):
        one = 2.0 * (masks[:, 0] & masks[:, 2]) - 0.5 * masks[:, 1]
        return one if outputs == 1 else np.stack([one, masks[:, 1] * 1.0], axis=1)

    return spex.explain(f, 3, feature_names=NAMES, progress=False)


def test_the_page_says_all():
    page = to_sources_html(found(), GAME)
    read = Page(page)
    text = " ".join(read.text)
    for part in (GAME.question, GAME.answer, *GAME.documents.values(), NAMES[2]):
        assert part in text
    assert "−0.500" in text
    assert "letter × atlas: Rome lies in Italy" in text
    assert "+2.00" in text
    assert "<b>Rome" not in page
    assert "script" not in read.tags
    assert "http" not in page


def test_each_sentence_has_a_section():
    sentences = ("In Rome.", "& in Italy.")
    game = SimpleNamespace(**vars(GAME) | {"output_names": sentences})
    read = Page(to_sources_html(found(2), game))
    assert read.tags.count("section") == 2
    assert all(any(sentence == piece for piece in read.text) for sentence in sentences)


def test_pinned_documents_and_the_meaning_of_values_are_shown():
    read = Page(to_sources_html(found(), GAME)).text
    assert "pinned" not in read
    documents = GAME.documents | {"rules": "Always <be> brief."}
    game = SimpleNamespace(
        **vars(GAME)
        | {"documents": documents, "group_names": ("letter", "diary", "atlas"), "value_name": "odds"}
    )
    read = Page(to_sources_html(found(), game)).text
    assert read[read.index("rules") :][:3] == ["rules", "Always <be> brief.", "pinned"]
    assert read.count("pinned") == 1
    assert "f: odds" in read


def test_what_has_interactions_is_taken_and_saved(tmp_path):
    leveled = SimpleNamespace(interactions=found())
    save_sources_html(leveled, tmp_path / "page.html", GAME, title="Sources & answer")
    assert "<h1>Sources &amp; answer</h1>" in (tmp_path / "page.html").read_text()


def test_unusable_arguments():
    with pytest.raises(InputError, match=r"^interactions"):
        to_sources_html(3, GAME)
    with pytest.raises(InputError, match=r"^game"):
        to_sources_html(found(), SimpleNamespace(question="?"))
    with pytest.raises(InputError, match=r"^index"):
        to_sources_html(found(), GAME, index="Fourier")

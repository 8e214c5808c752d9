"""The HTML page: complete, escaped, and in need of nothing from elsewhere."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from plots_sample import REVIEW, interactions

from spex_plugins import InputError
from spex_plugins.plots import save_html, to_html

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Words, rows and tags of a page; fails on tags that are not closed in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.words, self.rows, self.text = [], [], [], [], {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes.get("class", "")))
        if (tag, attributes.get("class")) == ("span", "w"):
            self.words.append({**attributes, "text": ""})
        if tag == "tr" and "data-rank" in attributes:
            self.rows.append({**attributes, "text": ""})

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == ("span", "w"):
            self.words[-1]["text"] += data
        elif self.rows and any(tag == "tr" for tag, _ in self.open):
            self.rows[-1]["text"] += data + " "


def test_every_word_stands_in_order_with_its_sets(review):
    page = Page(to_html(review))
    plain = [re.sub("[₀-₉]", "", word["text"]) for word in page.words]
    assert plain == REVIEW
    for row in page.rows:
        members = [
            k for k, word in enumerate(page.words) if row["data-rank"] in word.get("data-sets", "").split()
        ]
        assert members == [int(i) for i in row["data-words"].split()]


def test_rows_are_ranked_with_names_and_values(review):
    rows = Page(to_html(review, top=3)).rows
    assert [row["data-rank"] for row in rows] == ["1", "2", "3"]
    assert [row["data-say"] for row in rows] == [
        "not₂ × good₂: −1.83",
        "hardly × masterpiece: −1.30",
        "not₁ × disappointed: +1.20",
    ]
    assert [row["data-words"] for row in rows] == [" ".join(map(str, term)) for term in review.top(3).terms]


def test_colours_follow_the_sign_and_leave_no_effect_to_the_page():
    words = Page(to_html(interactions("abc", {(0,): 1.0, (1,): -0.5}))).words
    up, down, none = (word["style"].removeprefix("background:") for word in words)
    (r0, _, b0, most), (r1, _, b1, less) = (
        map(float, re.fullmatch(r"rgba\((.*)\)", color)[1].split(",")) for color in (up, down)
    )
    assert r0 > b0
    assert b1 > r1
    assert less == pytest.approx(most / 2, abs=1e-3)
    assert none == "transparent"


def test_sentences_are_whole_in_the_text_and_short_in_the_list():
    sentence = "The old lighthouse of Skarholm was built in 1871 by a man who had never seen the sea."
    page = Page(to_html(interactions([sentence, "Yes.", "x" * 200], {(0, 1): 1.0, (2,): 1.0})))
    assert [word["text"] for word in page.words[:2]] == [sentence, "Yes."]
    assert len(page.words[2]["text"]) == 32
    assert len(page.rows[0]["data-say"]) < 60
    assert [a["class"] for tag, a in page.tags if a.get("class") in ("u", "u long")] == ["u long", "u", "u"]


def test_words_and_titles_are_escaped():
    bad = ["<script>alert(1)</script>", '" onmouseover="x', "a&b", "</style>"]
    found = interactions(bad, {(0, 1): 1.0, (2, 3): -1.0}, design="<b>plan</b>")
    page = to_html(found, title="<i>title</i>")
    parsed = Page(page)
    assert [word["text"] for word in parsed.words] == bad
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert "<b>plan" not in page
    assert "<i>title" not in page
    assert "<i>title</i>" in unescape(page)


def test_the_page_needs_nothing_from_elsewhere(review):
    page = to_html(review)
    addresses = set(re.findall(r"https?://[^\"' )]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address that is fetched
    assert not re.search(r"<link|<img|@import|url\(|\bsrc=", page)


def test_header_states_faithfulness_cost_and_plan(review):
    page = to_html(review, title="Rating")
    for part in ("Rating", "R² = 0.875 (held-out masks)", "1,234 model calls", "spex: 3 groups of 16 bins"):
        assert part in page


def test_without_script_numbers_tie_words_to_rows(review):
    page = to_html(review, top=1)
    assert page.count('<sup><span class="badge down"><span>1</span></span></sup>') == 2


def test_a_constant_has_a_page():
    page = to_html(interactions(["only"], {(): 1.0}))
    assert len(Page(page).words) == 1
    assert "no interactions" in page


def test_outputs_and_indices_are_checked(review):
    with pytest.raises(InputError, match="index: 'nope' is unknown"):
        to_html(review, index="nope")
    several = interactions("ab", {(0, 1): [1.0, -2.0]})
    with pytest.raises(InputError, match="output: "):
        to_html(several)
    assert "a × b: −2.00" in to_html(several, output=1)


def test_the_page_is_saved(review, tmp_path):
    save_html(review, tmp_path / "page.html", top=2, words=[f"ü{i}" for i in range(review.n)])
    saved = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert saved == to_html(review, top=2, words=[f"ü{i}" for i in range(review.n)])


def test_a_word_turns_none_of_its_neighbours_around():
    """Directional formatting in a name is shown as what it is, and every word is a text of its own."""
    names = ["good", "\u202emask", "film", "\u2069\u202enot", "\u2067bad", "last"]
    found = interactions(names, {(0,): 1.0, (1, 2): 2.0, (3, 4): 1.0})
    page = to_html(found, title="a \u202etitle")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)
    assert [word["text"] for word in Page(page).words][5] == "last"
    style = re.search(r"\.w \{[^}]*\}", page)[0]
    assert "unicode-bidi: plaintext" in style  # isolates, and a word sets its own direction


def test_words_from_right_to_left_keep_their_place():
    """In lists and tooltips a name is isolated, and a text runs as most of its letters do."""
    found = interactions(["שלום", "עולם", "x"], {(0, 1): 1.0, (0,): 1.0})
    page = to_html(found)
    assert '<div id="text" dir="rtl">' in page
    assert Page(page).rows[0]["data-say"] == "\u200f\u2068שלום\u2069 × \u200f\u2068עולם\u2069: +1.00"
    assert Page(page).words[0]["title"].startswith("\u2068שלום\u2069: own effect")
    marked = to_html(interactions(["\u200fmark", "plain", "words", "here"], {(0, 1): 1.0}))
    assert '<div id="text" dir="ltr">' in marked
    assert "\u2068\u200fmark\u2069 × plain" in marked


def test_half_a_pair_of_surrogates_is_replaced(tmp_path):
    found = interactions(["\ud800", "b\udfff", "c"], {(0, 1): 1.0}, design="\ud800")
    save_html(found, tmp_path / "page.html", title="\ud800")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("\ufffd") > 4

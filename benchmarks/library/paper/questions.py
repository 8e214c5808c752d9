"""Questions with annotated sentences, in the formats of HotpotQA and DROP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spex_plugins.regions.texts import sentences

__all__ = ["Question", "own_questions", "read_drop", "read_hotpotqa", "text_of"]


@dataclass(frozen=True)
class Question:
    """A question about a text whose sentences are the features.

    Attributes
    ----------
    name, question, answer : str
    evidence : str
        What the answer follows from, to be stated behind it; empty if there is none.
    sentences : tuple of str
    titles : tuple of str
        The title that stands before each sentence, which is never masked; empty for none.
    paragraphs : tuple of int
        Number of the paragraph of each sentence.
    supporting : tuple of int
        The annotated sentences; empty where the data has no annotations.
    """

    name: str
    question: str
    answer: str
    evidence: str
    sentences: tuple[str, ...]
    titles: tuple[str, ...]
    paragraphs: tuple[int, ...]
    supporting: tuple[int, ...]


def own_questions(task: str) -> list[Question]:
    """Return the questions that were written for this project: of a task, "multihop" or "numeric"."""
    path = Path(__file__).with_name(f"{task}.json")
    return read_hotpotqa(path, titles=False) if task == "multihop" else read_drop(path)


def read_hotpotqa(path: Path, *, titles: bool = True) -> list[Question]:
    """Read questions of HotpotQA (Yang et al. 2018).

    Parameters
    ----------
    path : Path
        A list in JSON, as the authors publish it, or JSON lines, as the ``datasets`` library writes it.
    titles : bool
        Whether the titles of the paragraphs are part of the text.
    """
    return [_of_hotpotqa(row, titles) for row in _rows(path)]


def _of_hotpotqa(row: Mapping[str, Any], titles: bool) -> Question:
    context = _pairs(row["context"], "title", "sentences")
    named = [(title, number) for title, texts in context for number in range(len(texts))]
    facts = [tuple(fact) for fact in _pairs(row["supporting_facts"], "title", "sent_id")]
    return Question(
        name=str(row.get("_id", row.get("id"))),
        question=row["question"],
        answer=row["answer"],
        evidence=row.get("evidence", ""),
        sentences=tuple(text.strip() for _, texts in context for text in texts),
        titles=tuple(title if titles and not number else "" for title, number in named),
        paragraphs=tuple(k for k, (_, texts) in enumerate(context) for _ in texts),
        supporting=tuple(named.index(fact) for fact in dict.fromkeys(facts) if fact in named),
    )


def read_drop(path: Path) -> list[Question]:
    """Read questions of DROP (Dua et al. 2019) whose answer is a number or a span.

    Parameters
    ----------
    path : Path
        Passages by their names in JSON, as the authors publish them, or JSON lines with ``answers_spans``, as
        the ``datasets`` library writes them. DROP annotates no sentences; our own items have the numbers of
        those that the answer needs.
    """
    return [one for row in _rows(path) for one in _of_drop(row) if one.answer]


def _of_drop(row: Mapping[str, Any]) -> Iterator[Question]:
    passage = row["passage"]
    parts = tuple(sentences(passage))
    for pair in row.get("qa_pairs", [row]):
        yield Question(
            name=str(pair["query_id"]),
            question=pair["question"],
            answer=_answer_of_drop(pair),
            evidence=pair.get("evidence", ""),
            sentences=parts,
            titles=("",) * len(parts),
            paragraphs=(0,) * len(parts),
            supporting=tuple(pair.get("supporting_sentences", ())),
        )


def _answer_of_drop(pair: Mapping[str, Any]) -> str:
    """Return the number or the spans of an answer; nothing for a date that is no span."""
    if "answers_spans" in pair:
        return ", ".join(dict.fromkeys(pair["answers_spans"]["spans"][:1]))
    answer = pair["answer"]
    return str(answer.get("number") or ", ".join(answer.get("spans", ())))


def text_of(question: Question) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of a question, and the place of every sentence in it."""
    text, spans = "", []
    for title, sentence in zip(question.titles, question.sentences, strict=True):
        if title:
            text += f"{chr(10) if text else ''}{title}:"
        text += " " if text else ""
        spans.append((len(text), len(text) + len(sentence)))
        text += sentence
    return text, spans


def _rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = json.loads(text)
    return list(rows.values()) if isinstance(rows, dict) else rows


def _pairs(value: Any, first: str, second: str) -> list[Any]:
    """Return pairs from a list of pairs, or from a dict of two lists."""
    return list(zip(value[first], value[second], strict=True)) if isinstance(value, dict) else value

"""Rejoinder against `sigx` 0.1.1 (MIT), in one run on the same conversations: speed of detection, and three-way macro-F1.

sigx labels with regular expressions and TF-IDF; its kinds are read as negative (rephrase, correction, negative), positive,
and neutral where it says nothing. Both work in one process; the labelled file is one that neither was fitted on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sigx import Pipeline, RephraseDetector, SentimentDetector

from benchmarks.conversations import write_log
from rejoinder.feedback import DetectFeedback, LabelledConversation, read_gold
from rejoinder.feedback.scorecard import Comparison, scorecard
from rejoinder.ingest.plan import plan
from rejoinder.ingest.read_logs import ReadLogs
from rejoinder.records import Conversation
from rejoinder.taxonomies import load

NEGATIVE = {"rephrase", "correction", "negative"}
CODES = {"negative": "NEG_AWARE", "positive": "POS", "neutral": "NEU"}
"""Any negative code does: only the three-way view is compared."""


def main(folder: Path, gold: Path, conversations: int = 5_000) -> str:
    """Run both on `conversations` generated ones and on the labelled file `gold`; return a Markdown table."""
    log = folder / "sigx.jsonl"
    write_log(log, conversations, seed=3)
    units = plan([log], spool=folder / "spool").units
    chats = [row for row in ReadLogs()(units) if isinstance(row, Conversation)]
    log.unlink()
    ours, theirs = _seconds(lambda: DetectFeedback()(chats)), _seconds(lambda: _sigx(chats))
    labelled = read_gold(gold)
    conversations_of = [one.conversation for one in labelled]
    scores = _score(labelled, _ours(conversations_of)), _score(labelled, _sigx(conversations_of))
    turns = sum(max(0, len(chat.turns) - 1) for chat in chats)
    return "\n".join(
        [
            f"{len(chats):,} generated conversations with {turns:,} follow-ups; {scores[0].n} labelled turns of {gold.name}.",
            "",
            "| | follow-ups/s of CPU time | ratio | three-way macro-F1 (95 % interval) | NEG precision | NEG recall |",
            "|---|---:|---:|---:|---:|---:|",
            _row("rejoinder", turns / ours, theirs / ours, scores[0]),
            _row("sigx 0.1.1", turns / theirs, 1.0, scores[1]),
        ]
    )


def _seconds(work: Callable[[], object]) -> float:
    work()  # once to warm up: weights, tables and compiled patterns
    start = time.process_time()
    work()
    return time.process_time() - start


def _ours(chats: list[Conversation]) -> dict[tuple[str, int], str]:
    return {(row.conversation.id, f.turn): f.category for row in DetectFeedback()(chats) for f in row.feedback}


def _sigx(chats: list[Conversation]) -> dict[tuple[str, int], str]:
    detector = Pipeline([RephraseDetector(), SentimentDetector()])
    rows: list[dict[str, Any]] = [
        {"conversation_id": chat.id, "conversation": [{"role": m.role, "content": m.content} for m in chat.messages]}
        for chat in chats
    ]
    # its turn_index counts messages, whatever its documentation says
    numbers = {(chat.id, turn.start): turn.number for chat in chats for turn in chat.turns}
    told: dict[tuple[str, int], str] = {}
    for signal in sorted(detector.run(rows), key=lambda signal: signal.confidence):
        polarity = "negative" if signal.signal_type in NEGATIVE else "positive"
        told[signal.conversation_id, numbers[signal.conversation_id, signal.turn_index]] = CODES[polarity]
    return told


def _score(labelled: list[LabelledConversation], told: dict[tuple[str, int], str]) -> Any:
    rows = [(one, label) for one in labelled for label in one.labels]
    predicted = [told.get((one.conversation.id, label.turn), "NEU") for one, label in rows]
    names = load("user-feedback").names
    return scorecard(
        Comparison(
            gold=[label.label for _, label in rows],
            predicted=predicted,
            confidence=[1.0] * len(rows),
            probabilities=[tuple(float(name == code) for name in names) for code in predicted],
            clusters=[f"{one.source}/{one.conversation.id}" for one, _ in rows],
            languages=[one.language for one, _ in rows],
            sources=[one.source for one, _ in rows],
            unscored={},
        )
    )


def _row(name: str, rate: float, ratio: float, score: Any) -> str:
    three = score.views["three"]
    low, high = three.intervals["macro_f1"]
    negative = three.classes["NEG"]
    quality = f"{three.macro_f1:.3f} ({low:.3f} to {high:.3f}) | {negative.precision:.2f} | {negative.recall:.2f}"
    return f"| {name} | {rate:,.0f} | {ratio:.2f} | {quality} |"


if __name__ == "__main__":
    target = Path("bench-data")
    target.mkdir(exist_ok=True)
    print(main(target, Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/gold/dev.jsonl")))

"""Against a server that fails in every way at once: every question has its answer, none is paid twice, nothing hangs."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from rejoinder.gateway.faulty import FAULTS, Fault, Faults, Faulty
from rejoinder.gateway.loop import new_event_loop
from rejoinder.records import Answer
from tests.gateway.questions import question, served

QUESTIONS = 5_000
SHARES: dict[Fault, float] = dict.fromkeys(FAULTS, 0.02) | {"wait": 0.004, "wait-silent": 0.004, "hang": 0.01}
WHOLE = {None, "off-schema", "wrong-usage"}


async def _ask_all(folder: Path, server: Faulty) -> tuple[list[Answer], Counter[str], Counter[str]]:
    gateway = served(folder, server.base_url, timeout=3, in_flight=256)  # far above what a busy machine adds
    async with gateway:
        answers = await asyncio.gather(*(gateway.ask("m", question(f"number {n}")) for n in range(QUESTIONS)))
    kinds = Counter(attempt.kind for attempt in gateway.journal.attempts())
    keys = Counter(attempt.key for attempt in gateway.journal.attempts() if attempt.kind == "answer")
    (tally,) = gateway.tally.values()
    assert tally.asked == sum(tally.states.values()) == QUESTIONS
    assert Counter(tally.states) == Counter(answer.state for answer in answers)
    return answers, kinds, keys


@pytest.mark.slow
def test_five_thousand_questions_under_every_fault_at_once(tmp_path: Path) -> None:
    async def everything() -> None:
        async with Faulty(Faults(SHARES, latency=0.01, retry_after="0.05")) as server:
            answers, kinds, keys = await asyncio.wait_for(_ask_all(tmp_path, server), timeout=120)
        counts = server.counts
        assert len(answers) == QUESTIONS
        assert sum(answer.state == "ok" for answer in answers) > 0.99 * QUESTIONS
        assert set(SHARES) <= {*counts.faults, "hang", "trickle"}, "every fault happened"
        assert counts.faults["left"] > 0, "and so did those that only end when the client goes"
        # nothing is asked again after a whole answer: by the server's count, by the draw of its faults and by our journal
        assert max(counts.whole.values()) == 1
        assert max(keys.values()) == 1
        assert len(keys) == len(counts.whole) == kinds["answer"], "each whole answer has reached the journal"
        for asked, times in counts.received.items():
            drawn = [server.faults.of(asked, time) for time in range(1, times + 1)]
            assert not WHOLE & set(drawn[:-1]), "only a fault is a reason to ask again"
        # what was billed beyond that was spoilt on its way: cut, hung, or no JSON
        spoilt = sum(counts.spoilt.values())
        assert spoilt == kinds["malformed"] + kinds["timeout"] + counts.faults["cut"]

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(everything())


def test_the_same_faults_happen_again_in_a_second_run() -> None:
    faults = Faults(SHARES, seed=7)
    drawn = [faults.of("question", time) for time in range(200)]
    assert drawn == [Faults(SHARES, seed=7).of("question", time) for time in range(200)]
    assert len(set(drawn)) > 5
    assert drawn != [Faults(SHARES, seed=8).of("question", time) for time in range(200)]

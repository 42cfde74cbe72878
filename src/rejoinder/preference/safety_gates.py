"""Gates about harm: praise of unsafe answers, complaints that push for them, and refusals. They alter no text.

Which requests are unsafe, `unsafe_signs.py` says; the other gates and their order stand in `gates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rejoinder.preference import phrases, unsafe_requests
from rejoinder.preference.candidate import Answer, Case, before_answer
from rejoinder.preference.finding import Finding
from rejoinder.preference.unsafe_signs import default_threshold, pushes, unsafe, unsafe_request
from rejoinder.records import Message


@dataclass(frozen=True, slots=True)
class UnsafePraise:
    """Praise, a vote or a thumb for an answer to a toxic, unsafe or jailbreak request is not a preference for it.

    Goes by the log's own moderation verdicts, by what a detector said of the requests (`Feedback.unsafe`), by the phrase
    lists `jailbreak` and `unsafe`, and by the embedded classifier, over all that was said before the answer; for a repair that
    includes the complaint, which may be the jailbreak.
    Source: arXiv 2507.23158, section 4: praised responses are slightly more toxic than others, because jailbreaks get praised.
    """

    name: str = "unsafe-praise"
    least: float | None = field(default_factory=default_threshold)
    """Probability of the classifier from which a request counts as unsafe; None goes without it."""
    weights: str = field(default_factory=unsafe_requests.fingerprint)
    """Name of the classifier's content: other weights drop other rows."""

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop candidates that would teach the answer; flag bad examples."""
        reason = unsafe(case, self.least)
        if reason is None:
            return None
        return Finding(reason, drops=case.chosen is not None, flag="unsafe-request")


@dataclass(frozen=True, slots=True)
class UnsafeComplaint:
    """A complaint that pushes for harm, or about an answer to an unsafe request, is no reason to unlearn the answer.

    Who asks for harm dislikes mostly that it was refused, evaded or given in part: unlearning that would teach to comply, and
    a log seldom says plainly which it was. Source: refusal validation of WildReward, where a refused harmful request counts as
    the best answer, however the user took it.
    """

    name: str = "unsafe-complaint"
    least: float | None = field(default_factory=default_threshold)
    weights: str = field(default_factory=unsafe_requests.fingerprint)

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop bad examples; pairs, whose chosen answer followed the complaint, fall to `UnsafePraise`.

        A toxic answer that drew a complaint stays a bad example, and so does one in a conversation that is toxic as a whole.
        """
        if case.chosen is not None or case.rejected is None:
            return None
        reason = pushes(case, self.least) or unsafe_request(case, self.least)
        return Finding(reason) if reason else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal is nothing to learn as chosen or good, and nothing to unlearn where the request was unsafe.

    A refusal that the user disliked is flagged: it is not a preference against refusing. An answer refuses by its words, or
    because a detector said so (`Feedback.refusal`); the regrets of a letter that the user asked for are none.
    """

    name: str = "refusal"
    least: float | None = field(default_factory=default_threshold)
    weights: str = field(default_factory=unsafe_requests.fingerprint)

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop chosen refusals and disliked refusals of unsafe requests; flag other disliked ones."""
        if case.chosen is not None and (how := _refuses(case, case.chosen)):
            return Finding(f"The answer to be learnt is a refusal: {how}.")
        if case.rejected is None or not _refuses(case, case.rejected):
            return None
        if unsafe(case, self.least) or pushes(case, self.least):
            return Finding("The disliked answer refuses an unsafe request, which is right.", flag="disliked-refusal")
        return Finding("The disliked answer is a refusal.", drops=False, flag="disliked-refusal")


def _refuses(case: Case, answer: Answer) -> str | None:
    """How it is known that an answer declines, or None; a detector speaks of the logged answer, not of its siblings."""
    opening = answer.text.lstrip()[:300]
    found = phrases.find("refusal", opening)
    if found is None and (sorry := phrases.find("regret", opening)):
        # "Unfortunately, I cannot attend" is what was asked for where the user wants to decline an invitation
        found = None if case.reading.first(_draft, before_answer(case.turns[answer.turn - 1])) else sorry
    if found:
        return f"“{phrases.short(found)}”"
    if any(one.refusal and one.about == answer.turn for one in case.labels) and case.logged(answer):
        return "the detector says so"
    return None


def _draft(message: Message) -> str | None:
    return phrases.find("draft", message.content) if message.role == "user" else None

"""Gates: each looks at one candidate and finds nothing, or a reason to drop it, or something to flag.

A gate is a frozen value with a `name` and its numbers as fields, so that a run's name changes with them. It alters no text.
`GATES` is the fixed order: the first gate that drops gives the reason, later ones only add their flags.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from rejoinder.errors import UsageError
from rejoinder.preference import phrases
from rejoinder.preference.answers_complaint import AnswersComplaint
from rejoinder.preference.candidate import Case
from rejoinder.preference.demands import unmet_demand
from rejoinder.preference.ending import cut_off
from rejoinder.preference.finding import Finding
from rejoinder.preference.language import differ, language
from rejoinder.preference.safety_gates import Refusal, UnsafeComplaint, UnsafePraise
from rejoinder.preference.similarity import similarity
from rejoinder.preference.soft_gates import LowQuality, OnlyLonger, PersonalData
from rejoinder.preference.unsafe_signs import chosen_threshold
from rejoinder.records import UNSEEN_PARTS, Message


class Gate(Protocol):
    """A frozen value that judges one case."""

    @property
    def name(self) -> str:
        """What `dropped_by` says."""
        ...

    def __call__(self, case: Case, /) -> Finding | None:
        """None where the case passes."""
        ...


@dataclass(frozen=True, slots=True)
class Empty:
    """An answer without text, or a context that does not end in a user message with text."""

    name: str = "empty"

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop what has nothing to learn from."""
        for side, answer in (("chosen", case.chosen), ("rejected", case.rejected)):
            if answer is not None and not answer.text.strip():
                return Finding(f"The {side} answer has no text.")
        return None if case.request.strip() else Finding("The request has no text.")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """Tools were used up to the later answer or within it: it rests on what they returned, which trainers do not see here."""

    name: str = "tool-use"

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop candidates whose context or answers hold tool calls or tool messages."""
        used = case.reading.first(_tool, case.used)
        return Finding("The conversation used tools up to this answer.") if used else None


def _tool(message: Message) -> str | None:
    return "tool" if message.role == "tool" or message.tool_calls else None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A message holds something else than text and thoughts (an image, a file): the text alone is another request."""

    name: str = "attachment"

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop candidates whose context or answers hold parts that are not text."""
        kind = case.reading.first(_attached, case.used)
        return Finding(f"A message before the answer holds a part of type {kind}.") if kind else None


def _attached(message: Message) -> str | None:
    match = _NOT_TEXT.search(message.parts) if message.parts else None
    return match.group(1) if match else None


_TEXT = ("text", "input_text", "output_text", "multimodal_text")
_NOT_TEXT = re.compile(rf'"(?:type|content_type)"\s*:\s*"(?!(?:{"|".join((*_TEXT, *UNSEEN_PARTS))})")([^"]{{1,40}})"')


@dataclass(frozen=True, slots=True)
class CutOff:
    """The answer to be learnt stops before its end."""

    name: str = "cut-off"

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop by finish reason, open code fence, or a last sentence left open."""
        if case.chosen is None:
            return None
        if case.chosen.finish_reason in _STOPPED:
            return Finding(f"The answer was stopped: finish reason {case.chosen.finish_reason}.")
        how = cut_off(case.chosen.text)
        return Finding(f"The answer seems cut off: {how}.") if how else None


_STOPPED = frozenset({"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "content_filter", "interrupted", "error"})


@dataclass(frozen=True, slots=True)
class NearIdentical:
    """Both answers of a pair are nearly the same: nothing in them could say which is better, but for what the user asked for.

    A repair of one word, one line or the form, where that is what the complaint plainly asked for, is flagged only.
    """

    name: str = "near-identical"
    most: float = 0.95

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop pairs at or above the similarity `most`, flag those whose difference is what was asked for."""
        chosen, rejected, complaint = case.chosen, case.rejected, case.candidate.complaint
        if chosen is None or rejected is None or (alike := similarity(chosen.text, rejected.text)) < self.most:
            return None
        asked_for = bool(complaint) and unmet_demand(complaint, case.request, chosen.text, rejected.text).met
        return Finding(f"The two answers are nearly identical (similarity {alike:.2f}).", drops=not asked_for or alike == 1.0)


@dataclass(frozen=True, slots=True)
class RepeatsContext:
    """The judged answer stands word for word in an earlier answer of its own context: the model repeated itself.

    Its context shows it as an answer already, to learn or to unlearn. Answers shorter than `least` characters ("Yes.") may
    well be right twice. The rejected answer of a pair may repeat: that is what it is rejected for.
    """

    name: str = "repeats-context"
    least: int = 20

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop what an assistant message of the context holds already."""
        judged = case.chosen or case.rejected
        text = judged.text.strip() if judged else ""
        if len(text) < self.least:
            return None
        repeated = any(m.role == "assistant" and text in m.content for m in case.context)
        return Finding("The answer stands word for word in its own context.") if repeated else None


@dataclass(frozen=True, slots=True)
class IgnoresFeedback:
    """The chosen answer does not do what the complaint asked for, as far as that can be checked without a model.

    Checked: shorter, longer, a language by name, quoted words and numbers that are to stand in the answer, a word or package
    that is to be left out; else that the answer changed at all.
    """

    name: str = "ignores-feedback"
    most: float = 0.90

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop repairs with an unmet demand, and those as similar as `most` to what drew the complaint."""
        chosen, rejected, complaint = case.chosen, case.rejected, case.candidate.complaint
        if chosen is None or rejected is None or not complaint:
            return None
        demand = unmet_demand(complaint, case.request, chosen.text, rejected.text)
        if demand.unmet:
            return Finding(f"The chosen answer ignores the feedback: {demand.unmet}.")
        if demand.met or similarity(chosen.text, rejected.text) < self.most:
            return None
        return Finding("The chosen answer ignores the feedback: it hardly differs from what drew the complaint.")


@dataclass(frozen=True, slots=True)
class LengthRatio:
    """One answer of a pair is many times as long as the other: the pair would teach length."""

    name: str = "length-ratio"
    least: float = 0.125
    most: float = 8.0

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop pairs whose chosen/rejected length ratio, in characters, is outside [least, most]."""
        if case.chosen is None or case.rejected is None:
            return None
        ratio = len(case.chosen.text) / max(1, len(case.rejected.text))
        if self.least <= ratio <= self.most:
            return None
        return Finding(f"The chosen answer is {ratio:.3g} times as long as the rejected one.")


@dataclass(frozen=True, slots=True)
class LanguageSwitch:
    """The answer to be learnt is in another language than the request and the other answer, and nobody asked for that."""

    name: str = "language-switch"

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop where the languages can be told and differ, and no message asks for a language or a translation."""
        if case.chosen is None:
            return None
        asked_in = differ(case.chosen.text, case.request)
        pair = asked_in if case.rejected is None else differ(case.chosen.text, case.rejected.text)
        if pair is None or (asked_in is None and language(case.request)):  # as the request: then the other one had switched
            return None
        if case.reading.first(_names_language, case.seen) or _asks_language(case.candidate.complaint):
            return None
        return Finding(f"The answer is in another language ({pair[0]}) than was spoken before ({pair[1]}).")


def _names_language(message: Message) -> str | None:
    return _asks_language(message.content) if message.role in ("user", "system") else None


def _asks_language(text: str) -> str | None:
    """The language that a text names, or the words with which it asks for a translation."""
    return next(iter(sorted(phrases.languages_named(text))), None) or phrases.find("translation", text)


@dataclass(frozen=True, slots=True)
class ApologyOpener:
    """The chosen repair speaks about the earlier answer first ("You're right, sorry"): it does not answer the request alone.

    Learnt for the request alone, it would teach to apologise to a first request. Texts are never altered: it is dropped, or
    only flagged with `drops=False`, where a few more pairs are worth it.
    """

    name: str = "apology-opener"
    drops: bool = True

    def __call__(self, case: Case, /) -> Finding | None:
        """Find chosen answers of mined pairs that open with an apology or a reference to a correction."""
        if case.chosen is None or not case.candidate.complaint:
            return None
        found = phrases.starts("apology", case.chosen.text)
        return Finding(f"The chosen answer opens with “{phrases.short(found)}”.", drops=self.drops) if found else None


AnyGate = (
    Empty | ToolUse | Attachment | UnsafePraise | UnsafeComplaint | Refusal | CutOff | NearIdentical | RepeatsContext
    | IgnoresFeedback | LengthRatio | LanguageSwitch | ApologyOpener | AnswersComplaint | LowQuality | OnlyLonger | PersonalData
)  # fmt: skip

GATES: tuple[AnyGate, ...] = (
    Empty(),
    ToolUse(),
    Attachment(),
    UnsafePraise(),
    Refusal(),
    UnsafeComplaint(),
    CutOff(),
    NearIdentical(),
    RepeatsContext(),
    IgnoresFeedback(),
    LengthRatio(),
    LanguageSwitch(),
    ApologyOpener(),
    AnswersComplaint(),
    LowQuality(),
    OnlyLonger(),
    PersonalData(),
)
"""The order in which a candidate meets the gates."""
SOFT: tuple[str, ...] = tuple(gate.name for gate in GATES if isinstance(gate, LowQuality | OnlyLonger | PersonalData))
"""Gates that flag unless they are told to drop."""


def gates_with(drops: Sequence[str], unsafe: float | Literal["off"] | None = None) -> tuple[AnyGate, ...]:
    """`GATES`, with the named ones of `SOFT` dropping what they otherwise only flag, and a threshold for unsafe requests.

    `unsafe` is the probability of the embedded classifier from which a request counts as unsafe: None takes its card's, "off"
    goes by moderation, detector and phrase lists alone.

    Raises:
        UsageError: a name is none of `SOFT`, or the threshold is no probability above 0.
    """
    if unknown := [name for name in drops if name not in SOFT]:
        raise UsageError(f"no gate that could drop is called {', '.join(unknown)}; known are {', '.join(SOFT)}")
    least = chosen_threshold(unsafe)
    return tuple(_as_told(gate, drops, least) for gate in GATES)


def _as_told(gate: AnyGate, drops: Sequence[str], least: float | None) -> AnyGate:
    if isinstance(gate, LowQuality | OnlyLonger | PersonalData) and gate.name in drops:
        return replace(gate, drops=True)
    return replace(gate, least=least) if isinstance(gate, UnsafePraise | UnsafeComplaint | Refusal) else gate


def judge(case: Case, gates: Sequence[Gate]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Send a case through the gates: the gate that dropped it, its reason, and all flags in the order of the gates."""
    dropped_by: str | None = None
    reason: str | None = None
    flags: list[str] = []
    for gate in gates:
        finding = gate(case)
        if finding is None:
            continue
        if finding.drops and dropped_by is None:
            dropped_by, reason = gate.name, finding.reason
        if finding.flag or dropped_by != gate.name:
            flags.append(finding.flag or gate.name)
    return dropped_by, reason, tuple(dict.fromkeys(flags))

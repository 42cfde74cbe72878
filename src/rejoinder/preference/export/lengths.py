"""How long the examples are against what trainers keep: exact quantiles from counts, so memory does not grow with the rows.

Tokens are estimated: a quarter of the UTF-8 bytes, rounded up, plus 4 per message for the chat template. English text has
about 4 characters per token; scripts of 2 or 3 bytes per character come out near 2 and 1.3 characters per token. Only the
model's own tokenizer knows better.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from rejoinder.preference.export.messages import prompt
from rejoinder.records import PreferenceExample

TRAINER_MAX_LENGTH = 1024
"""Default `max_length` of TRL 1.16's SFT, DPO, KTO and reward trainers, in tokens."""
TOKENS_PER_MESSAGE = 4
RULE = "ceil(UTF-8 bytes / 4) + 4 per message"
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


class Spread(msgspec.Struct, frozen=True):
    """The distribution of one length over the examples of one kind."""

    n: int
    mean: float
    quantiles: dict[str, int]
    """By percentile, as `p50`; each is a length that occurs (lower of two neighbours)."""
    longest: int


class KindLengths(msgspec.Struct, frozen=True):
    """Lengths of one kind of example, and how many of them a trainer would cut or drop at its default."""

    prompt_characters: Spread
    answer_characters: Spread
    prompt_tokens: Spread
    total_tokens: Spread
    """Prompt with the longer of the two answers."""
    over_max_length: int
    """Examples whose estimated total is over the default: trainers cut their end."""
    share_over_max_length: float
    prompt_fills_max_length: int
    """Examples whose estimated prompt alone reaches the default: TRL drops them without a word."""


class LengthReport(msgspec.Struct, frozen=True):
    """What `lengths.json` says."""

    max_length: int
    token_estimate: str
    kinds: dict[str, KindLengths]


@dataclass
class _Counts:
    prompt_characters: Counter[int] = field(default_factory=Counter)
    answer_characters: Counter[int] = field(default_factory=Counter)
    prompt_tokens: Counter[int] = field(default_factory=Counter)
    total_tokens: Counter[int] = field(default_factory=Counter)


@dataclass
class Lengths:
    """Counts the lengths of examples one by one; memory is bounded by the number of different lengths."""

    _kinds: dict[str, _Counts] = field(default_factory=dict)

    def add(self, example: PreferenceExample) -> None:
        """Count one kept example."""
        counts = self._kinds.setdefault(example.kind, _Counts())
        texts = [m["content"] for m in prompt(example)]
        answers = [text for text in (example.chosen, example.rejected) if text is not None]
        tokens = sum(map(estimated_tokens, texts))
        counts.prompt_characters[sum(map(len, texts))] += 1
        counts.answer_characters[max(map(len, answers), default=0)] += 1
        counts.prompt_tokens[tokens] += 1
        counts.total_tokens[tokens + max(map(estimated_tokens, answers), default=0)] += 1

    def report(self) -> LengthReport:
        """The distributions of all kinds, in alphabetical order."""
        kinds = {kind: _kind_lengths(self._kinds[kind]) for kind in sorted(self._kinds)}
        return LengthReport(TRAINER_MAX_LENGTH, RULE, kinds)


def estimated_tokens(text: str) -> int:
    """Tokens of one message by the rule above."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4) + TOKENS_PER_MESSAGE


def _kind_lengths(counts: _Counts) -> KindLengths:
    over = sum(n for length, n in counts.total_tokens.items() if length > TRAINER_MAX_LENGTH)
    return KindLengths(
        prompt_characters=_spread(counts.prompt_characters),
        answer_characters=_spread(counts.answer_characters),
        prompt_tokens=_spread(counts.prompt_tokens),
        total_tokens=_spread(counts.total_tokens),
        over_max_length=over,
        share_over_max_length=round(over / counts.total_tokens.total(), 6),
        prompt_fills_max_length=sum(n for length, n in counts.prompt_tokens.items() if length >= TRAINER_MAX_LENGTH),
    )


def _spread(counts: Counter[int]) -> Spread:
    n = counts.total()
    mean = sum(length * times for length, times in counts.items()) / n
    quantiles = {f"p{round(100 * share)}": _quantile(counts, share) for share in _QUANTILES}
    return Spread(n, round(mean, 2), quantiles, max(counts))


def _quantile(counts: Counter[int], share: float) -> int:
    """The smallest length that at least `share` of the examples do not exceed."""
    need, seen = share * counts.total(), 0
    for length in sorted(counts):
        seen += counts[length]
        if seen >= need:
            return length
    return max(counts)

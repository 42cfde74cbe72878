"""What a reply means for its request: settled, to be tried again, to be put differently, or hopeless.

It tries nothing itself.
"""

from __future__ import annotations

from typing import Literal

from rejoinder.gateway.request import Reply, Request

Verdict = Literal[
    "answer",  # a whole answer, good or bad
    "refused",  # the provider declines this request, and always will
    "overflow",  # longer than the model can read
    "rejected",  # the server finds the request wrong, for a reason that nobody here can mend
    "dialect",  # the server wants to be asked otherwise
    "denied",  # the key is wrong, or spent
    "unknown",  # there is no such model, or no such address
    "busy",  # too many requests
    "server",  # the server failed
    "malformed",  # a 200 whose body is no answer: paid, and useless
    "cut",  # the connection broke, perhaps after the answer was paid
    "unreachable",  # nothing listens there
    "timeout",  # no whole answer in time
    "abandoned",  # nobody waited for the answer any more: a straggler, or an interrupted run
]

AGAIN: frozenset[str] = frozenset({"busy", "server", "malformed", "cut", "unreachable", "timeout"})
"""Verdicts that another attempt may change."""
_SPENT = ("insufficient_quota", "billing", "credit balance", "insufficient credits")
_FILTERED = ("content_filter", "content management policy", "content_policy", "moderation", "flagged")
_TOO_LONG = ("context_length", "context length", "context size", "context window", "maximum context", "too many tokens")
_TOO_LONG_TOO = ("prompt is too long", "input is too long", "exceed_context", "exceeds the limit of")
_WANTS = {
    "schema": (
        *("response_format", "json_schema", "json schema", "json_object", "guided", "grammar", "structured output"),
        *("minlength", "maxlength", "minitems", "maxitems"),
    ),
    "tokens": ("max_tokens", "max_completion_tokens"),
    "temperature": ("temperature",),
    "seed": ("seed",),
}


def verdict_of(reply: Reply, request: Request) -> Verdict:
    """What a reply means; the words of errors are those of OpenAI, Azure, OpenRouter, vLLM, SGLang and llama.cpp."""
    if reply.status == 200:
        return "malformed" if reply.text is None else "answer"
    if reply.status >= 500 or reply.status in {408, 409, 425, 429}:
        return _failed(reply, request)
    told = reply.error.lower()
    if reply.status in {401, 402, 403}:
        return "refused" if reply.status == 403 and _says(told, _FILTERED) else "denied"
    declined = _declined(told)
    if declined == "rejected" and (request.kind == "score" or complaint(reply)):
        return "dialect"
    return "unknown" if reply.status in {404, 405} else declined


def _failed(reply: Reply, request: Request) -> Verdict:
    """The server could not answer now: because of us, because of how it was asked, or because of itself."""
    if reply.status == 429:
        return "denied" if _says(reply.error.lower(), _SPENT) else "busy"
    if reply.status == 529 or (reply.status == 503 and reply.retry_after):
        return "busy"
    if request.schema is not None and complaint(reply) == "schema":
        return "dialect"  # some servers answer a schema that they do not know with 500
    return "dialect" if request.kind == "score" and reply.status == 501 else "server"


def complaint(reply: Reply) -> str | None:
    """Which part of the dialect an error is about, or None where it is about none."""
    told = reply.error.lower()
    if _says(told, _TOO_LONG) or _says(told, _TOO_LONG_TOO):
        return None  # it may name max_tokens, too
    return next((part for part, words in _WANTS.items() if _says(told, words)), None)


def _declined(told: str) -> Verdict:
    if _says(told, _FILTERED):
        return "refused"
    return "overflow" if _says(told, _TOO_LONG) or _says(told, _TOO_LONG_TOO) else "rejected"


def _says(told: str, words: tuple[str, ...]) -> bool:
    return any(word in told for word in words)

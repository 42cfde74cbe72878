"""Replaces personal data by a word such as `[EMAIL]` in all texts of a record, ids by a fingerprint, and counts it.

Patterns with checksums where there are any: it misses names and addresses, and is no proof that none are left.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec

from rejoinder.errors import UsageError
from rejoinder.identity import fingerprint
from rejoinder.ingest.content import as_json
from rejoinder.ingest.decode import decode_row
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.normalise import clean as storable
from rejoinder.records import Alternative, Conversation, Failure, Message, Signal

Clean = Callable[[str], str]

_TOKENS = "|".join(
    (
        r"sk-(?:proj-|ant-|or-v1-|svcacct-)?[\w-]{20,}",  # OpenAI, Anthropic, OpenRouter
        r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}",
        r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
        r"AIza[\w-]{35}",  # Google
        r"hf_[A-Za-z0-9]{30,}|xox[abprs]-[\w-]{10,}|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{40,}",
        r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
        r"SG\.[\w-]{16,}\.[\w-]{16,}",  # SendGrid
        r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",  # JWT
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----",
        r"(?<=[Bb]earer )[\w.~+/-]{20,}=*",
    )
)
_TOKEN_SIGNS = (
    *("sk-", "gh", "glpat-", "AKIA", "ASIA", "AIza", "hf_", "xox", "npm_", "pypi-", "_live_", "_test_", "SG.", "eyJ"),
    *("PRIVATE KEY", "earer "),
)
_PHONE = r"(?<![\w.,/:=#$-])(?<!\d[ -])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}|" + (
    r"\([2-9]\d{2}\) ?\d{3}[ .-]\d{4}|[2-9]\d{2}([-.])\d{3}\1\d{4}|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5})(?![\w/:%-]|\.\d)"
)
_CARD = r"(?<![\w.,+-])(?:\d{14,16}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-]|\.\d)"
_ISSUED = re.compile(r"4\d{15}|(?:5[1-5]|2[2-7]|6[0245])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}")
"""How the card numbers of the large issuers begin, with their lengths (ISO/IEC 7812)."""
_IPV4 = r"(?<![\w.=/-])(?<![Vv]ersion )(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)"
_IPV6 = r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){0,6}(?![\w:])"


def _luhn(text: str) -> bool:
    """ISO/IEC 7812: beginning, length and check digit of card numbers."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    issued = _ISSUED.fullmatch("".join(map(str, digits))) is not None
    return issued and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    """ISO 13616: modulo 97."""
    bare = text.replace(" ", "")
    return 15 <= len(bare) <= 34 and int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _address(text: str) -> bool:
    """An address of a host: not a version number such as 1.2.3.4, a network, the machine itself, or C++."""
    parts = [part for part in re.split("[.:]", text) if part]
    if len(parts) < 3 or all(len(part) == 1 for part in parts) or text.endswith(".0"):
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)


def _phone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    numbers = _phonenumbers()
    if not 9 <= digits <= 15:
        return False
    if numbers is None or not text.startswith("+"):
        return True
    try:
        return bool(numbers.is_possible_number(numbers.parse(text, None)))
    except numbers.NumberParseException:
        return False


@cache
def _phonenumbers() -> Any:
    """The package of the extra `pii`, which knows the lengths of every country; None where it is not installed."""
    try:
        import phonenumbers  # noqa: PLC0415  # optional, and 30 MB of tables
    except ImportError:
        return None
    return phonenumbers


class _Kind(msgspec.Struct, frozen=True):
    word: str
    pattern: re.Pattern[str]
    signs: tuple[str, ...]
    """Every text with a match holds one of these ..."""
    hint: re.Pattern[str] | None
    """... or a match of this: both are cheaper than the pattern."""
    holds: Callable[[str], bool] | None = None


_DIGITS = re.compile(r"\d[\d\W]{6}|\d{7}")
"""Cards, IBANs and phone numbers have seven digits close together; most texts have not."""
_DOTS = re.compile(r"[.:](?:\d{1,3}\.\d|[0-9A-Fa-f]{0,4}:)")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|[nrt])")
_URL = r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"<>]+:[^\s/@'\"<>]+@[^\s'\"<>)]+"
_EMAIL = r"(?<![\w.+-])[\w.+-]{1,64}@(?!\d+x\.)(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}(?!\w)"
_IBAN = r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"
_KINDS: dict[str, _Kind] = {
    "url": _Kind("[URL]", re.compile(_URL), ("@",), None),
    "email": _Kind("[EMAIL]", re.compile(_EMAIL), ("@",), None),
    "key": _Kind("[KEY]", re.compile(rf"(?<![\w-])(?:{_TOKENS})"), _TOKEN_SIGNS, None),
    "iban": _Kind("[IBAN]", re.compile(_IBAN), (), _DIGITS, _iban),
    "card": _Kind("[CARD]", re.compile(_CARD), (), _DIGITS, _luhn),
    "ip": _Kind("[IP]", re.compile(f"{_IPV4}|{_IPV6}"), (), _DOTS, _address),
    "phone": _Kind("[PHONE]", re.compile(_PHONE), (), _DIGITS, _phone),
}
KINDS = tuple(_KINDS)
"""In the order in which they are replaced."""


def check_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds in the order of `KINDS`; `all` means all.

    Raises:
        UsageError: a word is no kind.
    """
    wanted = set(kinds)
    unknown = sorted(wanted - {*KINDS, "all"})
    if unknown:
        raise UsageError(f"Unknown kind of personal data: {', '.join(unknown)}. Known: all, {', '.join(KINDS)}.")
    return tuple(kind for kind in KINDS if kind in wanted or "all" in wanted)


def redacted(conversation: Conversation, kinds: tuple[str, ...]) -> Conversation:
    """The conversation with personal data replaced in all its texts, and ids that hold some replaced by a fingerprint.

    `repairs` gets one line per kind with the number of replacements; what stood there is not kept in the record.
    """
    counts: Counter[str] = Counter()

    def clean(text: str) -> str:
        return redact_text(text, kinds, counts)

    changes: dict[str, Any] = {
        "id": _distinct("conversation", conversation.id, clean),
        "messages": tuple([_message(message, clean) for message in conversation.messages]),
        "user": conversation.user and _distinct("user", conversation.user, clean),
        "model": conversation.model and clean(conversation.model),
        "title": conversation.title and clean(conversation.title),
        "repairs": tuple([clean(line) for line in conversation.repairs]),
    }
    if not counts:
        return conversation
    lines = [f"redacted {kind}: {counts[kind]}" for kind in KINDS if counts[kind]]
    return msgspec.structs.replace(conversation, **changes | {"repairs": (*changes["repairs"], *lines)})


def redacted_failure(failure: Failure, kinds: tuple[str, ...]) -> Failure:
    """The failure with personal data replaced in its row, its detail and its item; a row of JSON stays one."""

    def clean(text: str) -> str:
        return redact_text(text, kinds, Counter())

    return msgspec.structs.replace(
        failure,
        detail=clean(failure.detail),
        item=_distinct("item", failure.item, clean),
        raw=None if failure.raw is None else _json(failure.raw, clean, lambda text: clean(_unescaped(text))),
    )


def redact_text(text: str, kinds: tuple[str, ...], counts: Counter[str]) -> str:
    """One text with personal data replaced; adds to `counts`."""
    hinted: dict[re.Pattern[str], bool] = {}
    for name in kinds:
        kind = _KINDS[name]
        if kind.hint is None:
            likely = any(sign in text for sign in kind.signs)
        else:
            likely = hinted[kind.hint] if kind.hint in hinted else kind.hint.search(text) is not None
            hinted[kind.hint] = likely
        if likely:
            text = _replaced(text, name, kind, counts)
    return text


def _replaced(text: str, name: str, kind: _Kind, counts: Counter[str]) -> str:
    def word(match: re.Match[str]) -> str:
        if kind.holds is not None and not kind.holds(match.group()):
            return match.group()
        counts[name] += 1
        return kind.word

    return kind.pattern.sub(word, text)


def _message(message: Message, clean: Clean) -> Message:
    changes: dict[str, Any] = {"content": clean(message.content)}
    for field in ("name", "model", "finish_reason"):
        value = getattr(message, field)
        if value:
            changes[field] = clean(value)
    for field in ("tool_calls", "parts"):
        value = getattr(message, field)
        if value:
            changes[field] = _json(value, clean, clean)
    if message.id:
        changes["id"] = _distinct("message", message.id, clean)
    if message.signals:
        changes["signals"] = tuple([_signal(signal, clean) for signal in message.signals])
    if message.alternatives:
        changes["alternatives"] = tuple([_alternative(sibling, clean) for sibling in message.alternatives])
    return msgspec.structs.replace(message, **changes)


def _signal(signal: Signal, clean: Clean) -> Signal:
    return msgspec.structs.replace(
        signal,
        text=signal.text and clean(signal.text),
        name=signal.name and clean(signal.name),
        origin=clean(signal.origin),
    )


def _alternative(sibling: Alternative, clean: Clean) -> Alternative:
    return msgspec.structs.replace(
        sibling,
        content=clean(sibling.content),
        model=sibling.model and clean(sibling.model),
        id=sibling.id and _distinct("message", sibling.id, clean),
        signals=tuple([_signal(signal, clean) for signal in sibling.signals]),
    )


def _distinct(tag: str, name: str, clean: Clean) -> str:
    """The name if nothing in it is to be replaced, else its fingerprint, so that different names stay different."""
    return name if clean(name) == name else fingerprint(tag, name)


def _json(text: str, clean: Clean, otherwise: Clean) -> str:
    """JSON with every key, string and number in it cleaned, whatever its escapes; `otherwise` for what is no JSON."""
    try:
        value = decode_row(text.encode("utf-8", "surrogatepass"))
        inside = _inside(value, clean)
    except (Unreadable, RecursionError):
        return otherwise(text)
    return text if inside == value else storable(as_json(inside))


def _inside(value: Any, clean: Clean) -> Any:
    if isinstance(value, dict):
        return {clean(name): _inside(item, clean) for name, item in value.items()}
    if isinstance(value, list):
        return [_inside(item, clean) for item in value]
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int) and not isinstance(value, bool):
        digits = str(value)
        word = clean(digits)
        return value if word == digits else word
    return value


def _unescaped(text: str) -> str:
    """A broken row without JSON's escapes, behind which personal data would not be seen."""
    return storable(_ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\n", text))

"""The language that a complaint tells the answer to be in, by name; knows no answer and decides nothing.

A language that is only mentioned ("I am learning Italian", "how do I say that in Spanish?") is no demand: the name has to
stand behind its preposition and be an instruction, by a verb that speaks of the answer or by standing alone as a clause.
"""

from __future__ import annotations

import re

from rejoinder.preference import phrases

_QUESTION = re.compile(
    r"\b(?:how (?:do|does|to|would|can|could|is|are)|what(?:['’]s| is| are| does| do| would)|wie (?:heißt|sagt|schreibt)"
    r"|was (?:heißt|bedeutet)|comment (?:dit|dire|on|se)|que veut dire|qu['’]est|cómo se|qué (?:es|significa|quiere)|como se"
    r"|o que é|come si|cosa (?:significa|vuol)|как (?:будет|сказать|по|называ\w+)|что (?:такое|значит|означает)"
    r"|jak (?:się|jest|powiedzieć)|nasıl)\b"
    r"|怎[么麼样樣]|什[么麼]|如何|甚麼|何と|どう[言い]|뭐라고|어떻게|كيف|ما معنى",
    re.IGNORECASE,
)
"""Words of questions about a language, such as how something is called in it."""
_MANNER = (
    r"(?:(?:the|plain|simple|proper|good|only|old|modern|british|american|traditional|simplified|brazilian|mexican)\s+){0,2}"
)
_NAME = rf"{_MANNER}[a-z]{{4,}}"
_IN_ENGLISH = rf"in(?:to)?\s+{_NAME}"
_ANSWER = (
    r"(?:me|us|it|this|that|these|them|all|everything|again|back|only|just|please|to|with|the|your|my|whole|full|entire|same|of"
    r"|text|answers?|reply|replies|response|story|poem|letter|essay|e-?mail|article|summary|list|sentences?|paragraphs?)"
)
"""Words that stand between a verb and "in Spanish" where the answer is meant, and not something that it is about."""
_TELLS = r"(?:answer|reply|respond|response|write|rewrite|speak|talk|explain|translate|say|repeat|continue|put|text)"
_IN_OTHERS = (
    r"(?:auf|en|em|in|po|на)\s+\w{4,}|по-\w+|(?:用|[译譯写寫]成|[说說讲講])(?:[简簡繁]\w)?\w{1,3}[文语語]|\w{1,6}語で|\w{1,6}어로"
    r"|بال\w+|باللغة\s+\w+|\w{3,}[cç][ae]"
)
_TELLS_IN_OTHERS = (
    r"(?:antwort|schreib|sprich|sprech|übersetz|erklär|répon|écri|parle|tradui|respond|contest[ae]|escri[bv]|habl|fal[ae]"
    r"|tradu[cz]|rispond|scriv|parla|ответ|отвеч|напиши|пиши|говор|перевед|odpow|napisz|pisz|mów|yaz|cevap|yanıt|anlat|konuş|çevir)\w*"
)
_COURTESY = (
    r"(?:,?\s*(?:please|only|instead|this time|again|now|bitte|s['’]il (?:vous|te) pla[iî]t|por favor|per favore|пожалуйста"
    r"|proszę|lütfen))*"
)
_LEADS = (
    r"(?:no|sorry|please|but|and|i mean(?:t)?|i said|i asked(?: you)?(?: for it)?|i want(?:ed)? it|i need it"
    r"|(?:should|must|has to|had to) be|nein|bitte|non|por favor|нет|请|請|请你|請你|お願い)"
)
_ALONE = rf"(?:^|[.,;:!?。！，、\n]\s*|\b{_LEADS}[\s,]+|[请請]你?使?)(?P<name>{{language}}){_COURTESY}\s*(?=[.;!)\n。！]|$)"
_DEMANDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_TELLS}\s+(?:{_ANSWER}\s+){{0,4}}(?P<name>{_IN_ENGLISH})\b",
        rf"\btranslate\s+(?:{_ANSWER}\s+){{0,4}}(?P<name>to\s+{_NAME})\b",
        rf"(?:^|[.,;:!?]\s*|\b(?:please|(?:can|could|would) you|you (?:must|should))\s+)(?P<name>(?:speak|use)\s+{_NAME})\b",
        _ALONE.format(language=_IN_ENGLISH),
        _ALONE.format(language=_IN_OTHERS),
        rf"\b{_TELLS_IN_OTHERS}(?:[\s-]+\w+){{0,3}}?\s+(?P<name>{_IN_OTHERS})",
        rf"(?P<name>{_IN_OTHERS})\s+(?:\w+\s+){{0,2}}?{_TELLS_IN_OTHERS}",
        rf"(?P<name>{_IN_OTHERS})\s*(?:回答|回复|答|写|寫|说|說|书|書|答え|書い|言っ|話|대답|답변|써|말해|설명)",
    )
)


def languages_demanded(complaint: str) -> frozenset[str]:
    """ISO 639-1 codes of the languages that a complaint tells the answer to be in; empty where it asks about a language."""
    if _QUESTION.search(complaint):
        return frozenset()
    pieces = {match["name"] for pattern in _DEMANDS for match in pattern.finditer(complaint)}
    return frozenset(code for piece in pieces for code in phrases.languages_named(piece))

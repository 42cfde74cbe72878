"""Invented turns that are easy for a person and hard for a word list; (request, response, follow-up, polarity)."""

from __future__ import annotations

CASES = (
    # quoted or pasted anger is not feedback
    (
        "help me answer a mail",
        "Of course, paste it.",
        "he wrote: 'this is wrong, try again, you are useless'. what do I reply?",
        "neutral",
    ),
    (
        "write a review of the film",
        "A slow, warm film about two sisters.",
        "now one for a restaurant where the food was terrible",
        "neutral",
    ),
    # thanks before a complaint
    ("draw up a plan", "Day 1: museum. Day 2: beach.", "thanks, but that's not what I asked for", "negative"),
    ("sort this list", "[3, 2, 1]", "Thanks but it is sorted the wrong way round", "negative"),
    # praise, then something new
    ("write a haiku", "Old pond, a frog leaps.", "Beautiful! Now write one about winter", "positive"),
    ("explain recursion", "A function that calls itself.", "Great explanation, thank you. What about iteration?", "positive"),
    # the same request again
    ("list five rivers in Asia", "Yangtze, Ganges.", "list five rivers in Asia", "negative"),
    ("What is the capital of Australia?", "I cannot answer that.", "what's the capital of Australia", "negative"),
    # the same sentence about something else
    ("How tall is Mont Blanc?", "4,806 metres.", "How tall is Kilimanjaro?", "neutral"),
    ("Translate 'cat' into Welsh", "cath", "Translate 'dog' into Welsh", "neutral"),
    # an answer to the assistant's question
    ("book a table", "For how many people?", "four, no smoking", "neutral"),
    ("I feel ill", "Do you have a fever?", "no, just a headache", "neutral"),
    # code that fails
    ("write a csv reader", "```python\nimport csv\n```", "it doesn't work, I get KeyError: 'name'", "negative"),
    ("write a csv reader", "```python\nimport csv\n```", "works perfectly, thanks a lot!", "positive"),
    # repair of length, style, content
    ("write a birthday card", "Dear Ann, on this wonderful day ...", "make it shorter and less formal", "negative"),
    ("who won the cup in 2010?", "Germany won it.", "No, it was Spain", "negative"),
    ("who won the cup in 2010?", "Germany won it.", "are you sure?", "negative"),
    # other languages
    ("écris un poème", "Le vent se lève.", "c'est trop long, raccourcis", "negative"),
    ("écris un poème", "Le vent se lève.", "Merci, c'est parfait !", "positive"),
    ("¿cuál es la capital de Perú?", "Bogotá.", "No, eso es incorrecto", "negative"),
    ("wie macht man Brot?", "Mehl, Wasser, Salz.", "Danke, sehr hilfreich!", "positive"),
    ("wie macht man Brot?", "Mehl, Wasser, Salz.", "Das ist falsch, du hast die Hefe vergessen", "negative"),
    ("напиши код", "print(1)", "не работает, та же ошибка", "negative"),
    ("напиши код", "print(1)", "спасибо, всё работает", "positive"),
    ("写一首诗", "春天来了。", "太长了，短一点", "negative"),
    ("写一首诗", "春天来了。", "谢谢，写得很好", "positive"),
    ("10+5は？", "14です。", "違います、15です", "negative"),
    ("ما عاصمة مصر؟", "الإسكندرية", "هذا خطأ", "negative"),
    ("bir şiir yaz", "Rüzgar eser.", "teşekkürler, çok güzel", "positive"),
    ("viết một bài thơ", "Gió thổi.", "cảm ơn, hay quá", "positive"),
)

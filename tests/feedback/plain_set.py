"""Short plain feedback in 26 languages that the training corpus does not hold: what people say after an answer, and what it is.

It is data for `test_plain_feedback.py`; nothing is trained on it.
"""

from __future__ import annotations

CONTEXTS = (
    (
        "What is the boiling point of ethanol?",
        "Ethanol boils at 78.4 degrees Celsius at sea level.",
    ),
    (
        "Write a short toast for my uncle who retires from the post office.",
        "Dear Uncle Ben, forty years of letters, dogs and rain. Today the parcels can wait. To you!",
    ),
    (
        "how do i remove duplicates from a list in python and keep the order",
        "Use a dictionary:\n```python\nunique = list(dict.fromkeys(items))\n```\nIt keeps the first of each.",
    ),
)
"""Each English phrase is said after each of these (request, response)."""

POSITIVE = """
not too shabby
not bad, not bad at all
Hey, that's not half bad
can't complain
no complaints from me
nothing to complain about here
that isn't bad at all!
couldn't have said it better
couldn't ask for more
I have no objections, this is excellent
you're not wrong, nice
wasn't expecting something this good
no issues at all, works great
never seen it explained so well
👍🏽
👏
👏👏👏
🎉
💯
🥰
😊👍
💪
🤩
✅
❤❤❤
🙏🏻
👌👌
yay 🎉
nice 🔥
thumbs up
9/10
five stars
A+
10 out of 10
bingo
bravo!
superb
splendid
stellar work
terrific
ace
top notch
first class
nailed it
chef's kiss
lgtm, thanks
this looks great
looks perfect to me
reads well
works for me
works like a charm
runs perfectly
yup it runs now
yes!! that did the trick
solved my problem
precisely what i was after
just what the doctor ordered
that's the one
Much clearer
even better
way better than the last one
big help
this helped so much
super useful
u rock
you're a legend
you are a star
I'm impressed
I love how this turned out
thanks a bunch
many thanks
thanks a million!
thank you kindly
ta
thx a lot
thanks, all set
No, that's all, thank you so much
No problem at all, thanks for the help
no that's great, thanks
No need to change anything, it's perfect
don't change a thing
nothing else, this was very helpful
Great tip! Does it also hold at high altitude?
Very clear, thank you. What about methanol?
Lovely. Could you also do a card for my aunt?
Good to know! And what happens with water?
Perfect, now how would I do it for a tuple?
Nice one! Is there a shorter way as well?
Wonderful toast! What music would fit?
That works, thanks! How do I count them too?
Beautiful, can I have one in rhyme as well?
Excellent explanation. Why does pressure matter?
"""

NEGATIVE = """
Not good enough
not impressed
not bad advice, but it's for the wrong liquid
this isn't great
not exactly helpful
gee thanks, now nothing runs
thanks for wasting my time
Thanks a lot, now my file is empty
oh great, another wrong answer
wow, what a useless reply
brilliant, you just deleted everything I needed
nice try, but no
lovely, except it is completely wrong
great job breaking my script
well done, now it crashes
thanks but no, that's something else
congratulations, you ignored the question
perfect, if I had asked for a poem
😠
😡😡
👎🏿
🤬
🤮
😤
💩
😒
🙄🙄
🤦‍♂️
❌
👎 wrong
meh...
mediocre
awful
dreadful
rubbish
nonsense
pathetic
2/10
0/10
fail
this sucks
so bad
bad answer
what a mess
way off
not true at all
false.
untrue
nah, wrong
that's not it
that ain't right
nope, it's higher than that
No, it is 79 degrees
no, he worked at the bank
doesn't run
it still crashes
this doesn't help me
not even remotely what I wanted
too wordy
too stiff
too vague
way too cheesy
I hate this version
no, do it properly
you misread my question
you left out the most important part
that is out of date
I am disappointed
worst answer ever
waste of time
"""

NEUTRAL = """
No thank you
no, thanks, not now
No, that's not necessary
no, just the two of us
nope, I only have python 3.8
write a thank you letter to my teacher
how do you say thanks in Finnish
draft a complaint to my landlord
How do I tell someone "great job" without sounding fake?
what does 👍 mean in Iran?
which emoji stands for sarcasm
What's the best way to thank a host?
Translate "that is wrong" into Greek
translate "not bad" to Spanish
correct the spelling: thankyou verry much
name a song called Perfect
great lakes of Africa
good restaurants near Lyon
Is it bad to drink tap water in Rome?
what is a bad loan
list nice villages in Provence
My boss said "great, it broke everything". Was he joking?
rewrite politely: your work is awful
what's wrong with my car if it clicks
now explain acetone
and for propanol?
what about methanol
next one please
tell me about the history of post offices
who invented the stamp
give me three synonyms for brilliant
how much is 10/10 as a percentage
I rate the film 7/10, write a review
Compare it with water
Make one for my aunt too
does this work in javascript
and how do I sort it
show the same with numpy
alright
hello again
I'm off to bed
yes, in celsius
3
option two
the second
It is for a party of twenty
He is 65 and likes fishing
maybe later
"""

OTHERS = """
sv | Vad är huvudstaden i Australien? | Huvudstaden i Australien är Sydney.
+ Tack så mycket | Riktigt bra svar | Det var till stor hjälp
- Nej, det är Canberra | Det där är fel | Det stämmer inte alls | Du svarade fel
= Och i Kanada? | Nej tack
no | Hva er hovedstaden i Australia? | Hovedstaden i Australia er Sydney.
+ Takk skal du ha | Kjempebra | Tusen takk for hjelpen
- Nei, det er Canberra | Det er ikke riktig | Det var feil svar
= Og i Canada? | Hvor mange bor der?
da | Hvad er hovedstaden i Australien? | Hovedstaden i Australien er Sydney.
+ Mange tak for hjælpen | Rigtig godt svar | Det virker, tak
- Nej, det er Canberra | Det passer ikke | Svaret er forkert
= Og i Canada? | Hvor mange bor der?
fi | Mikä on Australian pääkaupunki? | Australian pääkaupunki on Sydney.
+ Kiitos avusta | Todella hyvä vastaus | Suuret kiitokset!
- Ei, se on Canberra | Vastaus on väärä | Tuo ei pidä paikkaansa
= Entä Kanadan? | Kuinka monta asukasta siellä on?
cs | Jaké je hlavní město Austrálie? | Hlavní město Austrálie je Sydney.
+ Díky moc za pomoc | Výborná odpověď | Moc děkuju
- Ne, je to Canberra | To není pravda | Odpověď je špatná
= A Kanady? | Kolik tam žije lidí?
sk | Aké je hlavné mesto Austrálie? | Hlavné mesto Austrálie je Sydney.
+ Ďakujem pekne | Skvelá odpoveď | Vďaka za pomoc
- Nie, je to Canberra | To nie je pravda | Odpoveď je zlá
= A Kanady? | Koľko ľudí tam žije?
hu | Mi Ausztrália fővárosa? | Ausztrália fővárosa Sydney.
+ Köszönöm szépen a segítséget | Nagyon jó válasz | Hálás köszönet
- Nem, Canberra az | Ez nem igaz | Rossz válasz
= És Kanadáé? | Hányan laknak ott?
ro | Care este capitala Australiei? | Capitala Australiei este Sydney.
+ Mulțumesc mult pentru ajutor | Foarte bun răspuns | Mersi frumos
- Nu, este Canberra | Nu este adevărat | Răspunsul e greșit
= Și a Canadei? | Câți locuitori are?
el | Ποια είναι η πρωτεύουσα της Αυστραλίας; | Η πρωτεύουσα της Αυστραλίας είναι το Σίδνεϊ.
+ Ευχαριστώ πολύ για τη βοήθεια | Πολύ καλή απάντηση | Σε ευχαριστώ
- Όχι, είναι η Καμπέρα | Αυτό δεν είναι σωστό | Η απάντηση είναι λάθος
= Και του Καναδά; | Πόσοι ζουν εκεί;
he | מהי בירת אוסטרליה? | בירת אוסטרליה היא סידני.
+ תודה רבה על העזרה | תשובה מצוינת | מעולה, תודה
- לא, זו קנברה | זאת טעות | התשובה שגויה
= ומה לגבי קנדה? | כמה תושבים יש שם?
bn | অস্ট্রেলিয়ার রাজধানী কী? | অস্ট্রেলিয়ার রাজধানী সিডনি।
+ অনেক ধন্যবাদ | খুব ভালো উত্তর | ধন্যবাদ, এটা কাজ করেছে
- না, এটা ক্যানবেরা | উত্তরটা ভুল | এটা ঠিক নয়
= আর কানাডার? | সেখানে কত মানুষ থাকে?
lt | Kokia yra Australijos sostinė? | Australijos sostinė yra Sidnėjus.
+ Labai ačiū už pagalbą | Puikus atsakymas
- Ne, tai Kanbera | Atsakymas neteisingas | Tai netiesa
= O Kanados?
lv | Kas ir Austrālijas galvaspilsēta? | Austrālijas galvaspilsēta ir Sidneja.
+ Liels paldies par palīdzību | Lieliska atbilde
- Nē, tā ir Kanbera | Atbilde ir nepareiza | Tā nav taisnība
= Un Kanādas?
et | Mis on Austraalia pealinn? | Austraalia pealinn on Sydney.
+ Suur aitäh abi eest | Väga hea vastus
- Ei, see on Canberra | Vastus on vale | See pole õige
= Aga Kanada?
sw | Mji mkuu wa Australia ni upi? | Mji mkuu wa Australia ni Sydney.
+ Asante sana kwa msaada | Jibu zuri sana
- Hapana, ni Canberra | Jibu si sahihi | Umekosea
= Na wa Kanada?
tl | Ano ang kabisera ng Australia? | Ang kabisera ng Australia ay Sydney.
+ Maraming salamat sa tulong | Ang galing ng sagot
- Hindi, Canberra iyon | Mali ang sagot | Hindi totoo iyan
= At ng Canada?
hr | Koji je glavni grad Australije? | Glavni grad Australije je Sydney.
+ Hvala puno na pomoći | Odličan odgovor
- Ne, to je Canberra | Odgovor je pogrešan | To nije istina
= A Kanade?
bg | Коя е столицата на Австралия? | Столицата на Австралия е Сидни.
+ Благодаря много за помощта | Страхотен отговор
- Не, това е Канбера | Отговорът е грешен | Това не е вярно
= А на Канада?
sl | Katero je glavno mesto Avstralije? | Glavno mesto Avstralije je Sydney.
+ Najlepša hvala | Odličen odgovor
- Ne, to je Canberra | Odgovor je napačen
= In Kanade?
pt | Qual é a capital da Austrália? | A capital da Austrália é Sydney.
+ Nada mal! | Valeu mesmo
- Não, é Camberra | A resposta está errada
= E a do Canadá? | Não, obrigado
vi | Thủ đô của Úc là gì? | Thủ đô của Úc là Sydney.
+ Cảm ơn bạn nhiều nhé
- Không, là Canberra | Câu trả lời sai rồi
= Còn Canada?
id | Apa ibu kota Australia? | Ibu kota Australia adalah Sydney.
+ Terima kasih banyak atas bantuannya
- Bukan, itu Canberra | Jawabannya salah
= Kalau Kanada?
es | ¿Cuál es la capital de Australia? | La capital de Australia es Sídney.
+ ¡Nada mal! | Mil gracias
- No, es Canberra | La respuesta es errónea
= ¿Y la de Canadá? | No, gracias
de | Was ist die Hauptstadt von Australien? | Die Hauptstadt von Australien ist Sydney.
+ Nicht schlecht! | Tausend Dank
- Nein, es ist Canberra | Die Antwort ist verkehrt
= Und die von Kanada? | Nein, danke
fr | Quelle est la capitale de l'Australie ? | La capitale de l'Australie est Sydney.
+ Pas mal du tout ! | Mille mercis
- Non, c'est Canberra | La réponse est fausse
= Et celle du Canada ? | Non merci
"""
"""For each language request and response, then praise (+), complaints (-) and neither (=)."""


def phrases() -> list[tuple[str, str, str, str, str]]:
    """(language, polarity, request, response, follow-up), English ones three times."""
    found = [
        ("en", polarity, request, response, said)
        for polarity, block in (("positive", POSITIVE), ("negative", NEGATIVE), ("neutral", NEUTRAL))
        for said in block.strip().split("\n")
        for request, response in CONTEXTS
    ]
    polarities = {"+": "positive", "-": "negative", "=": "neutral"}
    language = request = response = ""
    for line in OTHERS.strip().split("\n"):
        if line[0] not in polarities:
            language, request, response = line.split(" | ")
        else:
            found += [(language, polarities[line[0]], request, response, said) for said in line[2:].split(" | ")]
    return found

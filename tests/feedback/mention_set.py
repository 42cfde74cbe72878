"""Turns that mention errors or praise without giving any, the same words meant, and praise without thanks in 18 languages.

It is data for `test_mentions.py`; nothing is trained on it.
"""

from __future__ import annotations

MENTIONS = """
en | write a login form in html | ```html\\n<form><input name="user"><input name="pass"><button>Log in</button></form>\\n```
= When the credentials are rejected, show a red line below the button
= if the server fails, the page should fall back to a cached copy
= Log every failed attempt with the time and the address
= The text for a bad login is "Incorrect username or password."
= Throw an exception whenever the token is invalid
= a user who gets it wrong three times must wait an hour
= write a unit test which fails if the field is missing
- the button does nothing when i click it
- It throws an exception on the first line
- the password field is missing its label, that's wrong
- It should show a message, but the page stays blank
en | parse the temperatures from this log | ```python\\nvalues = [float(line.split()[1]) for line in open("log.txt")]\\n```
= skip broken lines and count how many were bad
= what kinds of mistakes do people make with open()?
= Return None if the line does not make sense
= show me how to catch that error
- float() fails on the header line
- no, that reads the wrong column
- I get an IndexError with this
en | translate "good evening" to Greek | Καλησπέρα
= And "your report is full of mistakes"?
= now "I did not order this, it is wrong"
= and how would I say "stop lying to me"
= Next: "This is terrible, I want my money back."
- it is wrong, that means good afternoon
- that is terrible greek
en | Write a short scene in a garage. | Mia wiped her hands. "Your brakes are fine," she said. "It is the tyres."
= The customer should shout "you have no idea what you are doing!"
= now the customer complains that the bill is wrong
= let him admit that he lied
= In the next scene nothing works and she gets angry
- this is not a scene, it is one line
- The dialogue sounds wrong, nobody talks like that
en | I run a small hotel. How do I answer reviews? | Answer quickly, thank the guest, name what you change and stay polite.
= Classify: "The room smelled awful and the staff were useless" - positive or negative?
= A guest wrote "worst breakfast ever, never again". Draft an answer.
= rephrase this politely: you did not pay and that is not acceptable
= Explain why "the shower did not work" lowers the rating so much
= what should I do when a complaint is unjustified?
- that is not very useful, I know how to be polite
- this advice did not work at all
de | Schreibe eine Funktion, die eine Zahl einliest. | ```python\\nzahl = int(input("Zahl: "))\\n```
= Bei falscher Eingabe soll eine Warnung erscheinen
= Wenn die Datei fehlt, gib einen Fehler aus
= Übersetze: Das habe ich so nicht bestellt
- Bei mir kommt ein Fehler
- Das ist die falsche Funktion
es | Haz un formulario de registro | Listo: nombre, correo y contraseña.
= Si el correo es incorrecto, muestra un aviso en rojo
= Traduce al inglés: esto no es lo que pedí
- El formulario no muestra nada
- Eso está mal hecho
fr | Écris un quiz en Python | ```python\\nreponse = input("Capitale de l'Espagne ? ")\\n```
= Affiche « Mauvaise réponse » si le joueur se trompe
= Que veut dire « tu as tort » en anglais ?
- Le programme se trompe sur la réponse
- Ça plante dès la première ligne
pt | Crie um script que lê um CSV | ```python\\nimport csv\\nlinhas = list(csv.reader(open("a.csv")))\\n```
= Se o arquivo estiver errado, mostre uma mensagem de erro
- O script dá erro na segunda linha
ru | Напиши форму входа | Готово: поле имени и поле пароля.
= Если пароль неверный, выведи сообщение об ошибке
= Переведи на английский: вы всё сделали неправильно
- Форма не открывается, ошибка
zh | 写一个登录程序 | ```python\\nname = input("用户名")\\n```
= 如果密码错误，就显示提示信息
= 把“你说的不对”翻译成英文
- 运行的时候报错了
ja | ログイン画面のコードを書いて | ```python\\nname = input("名前")\\n```
= パスワードが間違っている場合はエラーを表示してください
= 「それは違います」を英語に訳して
- 実行するとエラーになります
"""

PRAISE = """
en | How do I fold a fitted sheet? | Put the corners into each other, lay it flat and fold it in thirds.
+ So easy to follow | just what I was hoping for | oh yes, perfect | this makes so much sense now | couldn't be clearer
- So hard to follow | far too complicated for me
= what about a duvet cover
de | Wie bekomme ich Rotwein aus dem Teppich? | Mit Salz bestreuen, einwirken lassen und mit Mineralwasser ausspülen.
+ Genau danach habe ich gesucht | Wirklich gut erklärt | Der Fleck ist weg, es hat funktioniert
- Viel zu umständlich | Das bringt mir nichts
= Und bei Kaffee?
es | ¿Cómo quito una mancha de vino? | Echa sal, espera y enjuaga con agua con gas.
+ Era justo lo que quería | Está muy bien explicado | Te quedó genial
- Es demasiado complicado | Eso no me ayuda
= ¿Y una de café?
fr | Comment enlever une tache de vin ? | Mettez du sel, attendez et rincez à l'eau gazeuse.
+ C'est tout à fait ce que je cherchais | Bien expliqué | J'aime beaucoup cette idée
- C'est bien trop compliqué | Ça ne m'aide pas
= Et pour le café ?
pt | Como tiro uma mancha de vinho? | Ponha sal, espere e enxágue com água com gás.
+ Era bem isso que eu procurava | Bem explicado | Ficou lindo
- Complicado demais | Isso não me ajuda
= E de café?
it | Come tolgo una macchia di vino? | Metti del sale, aspetta e sciacqua con acqua frizzante.
+ Proprio quello che cercavo | Spiegato bene | Adesso va tutto
- Troppo complicato così | Non mi aiuta per niente
= E di caffè?
nl | Hoe krijg ik een wijnvlek weg? | Strooi er zout op, wacht en spoel met bruiswater.
+ Dit is precies wat ik zocht | Goed uitgelegd | Ja, nu werkt het wel
- Dit is me veel te ingewikkeld | Daar heb ik niks aan
= En een koffievlek?
ru | Как вывести пятно от вина? | Посыпьте солью, подождите и промойте газированной водой.
+ Как раз то, что я искал | Хорошо объяснил | Мне очень понравилось
- Слишком запутанно | Мне это не помогает
= А от кофе?
pl | Jak usunąć plamę z wina? | Posyp solą, odczekaj i spłucz wodą gazowaną.
+ Właśnie tego szukałem | Dobrze wyjaśnione | Podoba mi się to
- Zbyt zawiłe | To mi nic nie daje
= A plamę z kawy?
tr | Şarap lekesi nasıl çıkar? | Tuz dök, bekle ve maden suyuyla durula.
+ Tam aradığım şey buydu | Çok iyi anlatılmış | Beğendim bunu
- Fazla karmaşık | Bu bana yardımcı olmadı
= Peki kahve lekesi?
ar | كيف أزيل بقعة النبيذ؟ | ضع الملح وانتظر ثم اشطفها بالماء الغازي.
+ هذا ما كنت أبحث عنه تماما | شرح واضح وسهل | أحببت هذه الفكرة
- الشرح معقد للغاية | لم تساعدني هذه الإجابة
= وماذا عن القهوة؟
hi | शराब का दाग कैसे हटाएँ? | नमक डालें, रुकें और सोडा वाटर से धोएँ।
+ मैं ठीक यही ढूँढ रहा था | बहुत आसानी से समझ में आया | यह तरीका मुझे अच्छा लगा
- यह तो बहुत मुश्किल है | इससे मेरी मदद नहीं हुई
= और कॉफ़ी का दाग?
zh | 怎么去掉红酒渍？ | 撒上盐，等一会儿，再用苏打水冲洗。
+ 这就是我想找的 | 讲解得很清楚 | 我挺喜欢这个 | 你说得没错
- 步骤太麻烦了 | 这对我没什么帮助
= 那咖啡渍呢？
ja | ワインのしみはどう落としますか？ | 塩をふって少し待ち、炭酸水ですすいでください。
+ ちょうど探していたものです | 説明が分かりやすかったです | これは気に入った
- 説明が複雑で分かりません | 全然役に立たない | 手順が違いますよ
= コーヒーのしみは？
ko | 와인 얼룩은 어떻게 지우나요? | 소금을 뿌리고 기다렸다가 탄산수로 헹구세요.
+ 제가 찾던 게 바로 이거예요 | 설명이 이해하기 쉽네요 | 정말 마음에 듭니다
- 설명이 너무 어려워요 | 전혀 도움이 안 됐어요 | 순서가 틀렸는데요
= 커피 얼룩은요?
sv | Hur får jag bort en vinfläck? | Strö på salt, vänta och skölj med kolsyrat vatten.
+ Precis vad jag letade efter | Bra förklarat | Nu gick det
- Alldeles för krångligt | Det hjälpte mig inte
= Och en kaffefläck?
vi | Làm sao tẩy vết rượu vang? | Rắc muối, chờ một lúc rồi xả bằng nước có ga.
+ Đây chính là điều tôi đang tìm | Giải thích dễ hiểu lắm
- Phức tạp quá đi
= Còn vết cà phê?
id | Bagaimana menghilangkan noda anggur? | Taburi garam, tunggu, lalu bilas dengan air soda.
+ Ini yang saya cari | Penjelasannya mudah dimengerti
- Ribet sekali caranya
= Kalau noda kopi?
"""
"""For each language request and response, then praise (+), complaints (-) and neither (=)."""


def phrases(block: str) -> list[tuple[str, str, str, str, str]]:
    """(language, polarity, request, response, follow-up) of `MENTIONS` or `PRAISE`."""
    polarities = {"+": "positive", "-": "negative", "=": "neutral"}
    found = []
    language = request = response = ""
    for line in block.strip().split("\n"):
        if line[0] not in polarities:
            language, request, response = line.replace("\\n", "\n").split(" | ")
        else:
            found += [(language, polarities[line[0]], request, response, said) for said in line[2:].split(" | ")]
    return found

"""English names and ISO 639-2/3 codes of languages, with their ISO 639-1 codes; holds no rule.

Source: ISO 639 (Library of Congress), the languages that a two-letter code exists for.
"""

from __future__ import annotations

_LANGUAGES = """
ab abk Abkhazian|aa aar Afar|af afr Afrikaans|ak aka Akan|sq sqi,alb Albanian|am amh Amharic|ar ara,arb Arabic
an arg Aragonese|hy hye,arm Armenian|as asm Assamese|av ava Avaric|ae ave Avestan|ay aym Aymara|az aze Azerbaijani
bm bam Bambara|ba bak Bashkir|eu eus,baq Basque|be bel Belarusian|bn ben Bengali,Bangla|bi bis Bislama|bs bos Bosnian
br bre Breton|bg bul Bulgarian|my mya,bur Burmese|ca cat Catalan|ch cha Chamorro|ce che Chechen|ny nya Chichewa,Chewa,Nyanja
zh zho,chi,cmn,yue,wuu Chinese,Mandarin,Cantonese|cu chu Church Slavic|cv chv Chuvash|kw cor Cornish|co cos Corsican
cr cre Cree|hr hrv Croatian|cs ces,cze Czech|da dan Danish|dv div Divehi,Dhivehi|nl nld,dut Dutch,Flemish|dz dzo Dzongkha
en eng English|eo epo Esperanto|et est,ekk Estonian|ee ewe Ewe|fo fao Faroese|fj fij Fijian|fi fin Finnish|fr fra,fre French
fy fry Western Frisian,Frisian|ff ful Fulah|gd gla Scottish Gaelic|gl glg Galician|lg lug Ganda|ka kat,geo Georgian
de deu,ger German|el ell,gre Greek|kl kal Kalaallisut|gn grn Guarani|gu guj Gujarati|ht hat Haitian,Haitian Creole
ha hau Hausa|he heb,iw Hebrew|hz her Herero|hi hin Hindi|ho hmo Hiri Motu|hu hun Hungarian|is isl,ice Icelandic|io ido Ido
ig ibo Igbo|id ind,in Indonesian|ia ina Interlingua|ie ile Interlingue|iu iku Inuktitut|ik ipk Inupiaq|ga gle Irish
it ita Italian|ja jpn Japanese|jv jav Javanese|kn kan Kannada|kr kau Kanuri|ks kas Kashmiri|kk kaz Kazakh
km khm Khmer,Central Khmer|ki kik Kikuyu|rw kin Kinyarwanda|ky kir Kirghiz,Kyrgyz|kv kom Komi|kg kon Kongo|ko kor Korean
kj kua Kuanyama|ku kur Kurdish|lo lao Lao|la lat Latin|lv lav,lvs Latvian|li lim Limburgan|ln lin Lingala|lt lit Lithuanian
lu lub Luba-Katanga|lb ltz Luxembourgish|mk mkd,mac Macedonian|mg mlg Malagasy|ms msa,may,zsm Malay|ml mal Malayalam
mt mlt Maltese|gv glv Manx|mi mri,mao Maori|mr mar Marathi|mh mah Marshallese|mn mon,khk Mongolian|na nau Nauru|nv nav Navajo
nd nde North Ndebele|nr nbl South Ndebele|ng ndo Ndonga|ne nep Nepali|no nor Norwegian|nb nob Norwegian Bokmal,Bokmal
nn nno Norwegian Nynorsk,Nynorsk|oc oci Occitan|oj oji Ojibwa|or ori,ory Oriya,Odia|om orm Oromo|os oss Ossetian|pi pli Pali
ps pus Pashto|fa fas,per,pes Persian,Farsi|pl pol Polish|pt por Portuguese|pa pan Punjabi,Panjabi|qu que Quechua
ro ron,rum Romanian|rm roh Romansh|rn run Rundi|ru rus Russian|se sme Northern Sami|sm smo Samoan|sg sag Sango|sa san Sanskrit
sc srd Sardinian|sr srp Serbian|sn sna Shona|sd snd Sindhi|si sin Sinhala|sk slk,slo Slovak|sl slv Slovenian|so som Somali
st sot Southern Sotho|es spa Spanish,Castilian|su sun Sundanese|sw swa,swh Swahili|ss ssw Swati|sv swe Swedish
tl tgl,fil Tagalog,Filipino|ty tah Tahitian|tg tgk Tajik|ta tam Tamil|tt tat Tatar|te tel Telugu|th tha Thai
bo bod,tib Tibetan|ti tir Tigrinya|to ton Tonga|ts tso Tsonga|tn tsn Tswana|tr tur Turkish|tk tuk Turkmen|tw twi Twi
ug uig Uighur,Uyghur|uk ukr Ukrainian|ur urd Urdu|uz uzb Uzbek|ve ven Venda|vi vie Vietnamese|vo vol Volapuk|wa wln Walloon
cy cym,wel Welsh|wo wol Wolof|xh xho Xhosa|ii iii Sichuan Yi|yi yid Yiddish|yo yor Yoruba|za zha Zhuang|zu zul Zulu
"""


def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for entry in _LANGUAGES.replace("\n", "|").strip("|").split("|"):
        code, longer, names = entry.split(" ", 2)
        for word in (code, *longer.split(","), *names.split(",")):
            codes[word.lower()] = code
    return codes


CODES: dict[str, str] = _codes()
"""ISO 639-1 code by lower-case name or code."""

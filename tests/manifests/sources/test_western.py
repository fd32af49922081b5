"""Windows-1252 is read where it surely is that; other code pages are refused, never misread."""

import time

import pytest

from manifests.sources.encoding import EncodingError, decoded

WESTERN = """
A man sits in a café and plays guitar
The jalapeño crêpe is on the table at the café
A choir sings "Così fan tutte" in the Città Alta
It costs 5 € – or £4 – at 20 °C in 5 m²
He said “hello” — and left…
Un café très bruyant
Le chien aboie derrière la maison où un homme parle
Un bœuf mugit, c'est naïf
Ein Löwe brüllt, ein Mädchen läuft über die Straße
El niño corre y una señora habla: ¿qué pasa?
Uma mãe fala com as crianças na estação
La città è rumorosa, così un uomo parla
En hund gør på gården
Två män står på en båt
Mies kävelee ja koira haukkuu
Een man in een café, één hond blaft
Un gos borda a la plaça i és gran
FRANÇOIS PARLE À LA FEMME DANS LA FORÊT
Kafé
""".strip().split("\n")

OTHERS = {
    "cp1250": """
Pes štěká hlasitě
Žena zpívá a děti se smějí
Egy kutya ugat és esik az eső
Pies szczeka głośno i kobieta mówi
Kobieta śpiewa
Un câine latră şi plouă
O fată cântă
Čovjek priča i pas laje
Noć je mirna
A man in Gdańsk speaks to Dvořák
""",
    "cp1254": """
Bir köpek havlıyor ve ağlıyor
Kapı açılıyor
Erdoğan speaks to the people in the hall
""",
    "cp1257": """
Šuo loja ir vyras kalba
Suns rej un vīrietis runā
Bērni dzied
""",
    "cp1251": "Собака лает\nЯ и ты\nHe says да to the man",
    "iso8859-2": "Mężczyzna śpiewa\nŠuma je tiha",
    "koi8-r": "Собака лает",
    "cp1253": "Ένας σκύλος γαβγίζει",
    "cp1255": "כלב נובח",
    "cp1256": "كلب ينبح",
    "cp874": "สุนัขเห่า",
    "gbk": "一只狗在叫",
    "cp437": "Un café\nEin Vögelchen",
    "mac-roman": "Ein Löwe\nEl niño habla",
}


@pytest.mark.parametrize("text", WESTERN)
def test_what_western_europe_writes_is_read(text: str) -> None:
    listed = f'file,caption\na.mp4,"{text}"\n'
    assert decoded(listed.encode("cp1252")) == listed


@pytest.mark.parametrize(
    ("page", "text"),
    [(page, text) for page, texts in OTHERS.items() for text in texts.strip().split("\n")],
)
def test_another_code_page_is_refused_with_the_line_and_what_to_do(page: str, text: str) -> None:
    listed = f"file,caption\nb.mp4,a dog\na.mp4,{text}\n"
    with pytest.raises(EncodingError, match=r"line 3 is not UTF-8 text, .*: save it as UTF-8"):
        decoded(listed.encode(page))


def test_one_word_of_another_code_page_far_below_is_found() -> None:
    good = "a.mp4,Un café très bruyant\n" * 60_000
    bad = "b.mp4,Pes štěká\n".encode("cp1250")
    with pytest.raises(EncodingError, match="line 60001 "):
        decoded(good.encode("cp1252") + bad)


def test_a_text_of_any_length_takes_no_longer_than_its_length() -> None:
    began = time.perf_counter()
    for data in (
        b"\xe9" * 2_000_000,
        b"caf\xe9 " * 400_000,
        b"m\xf1" * 500_000,
        b"\xb2\n" * 500_000,
    ):
        try:
            decoded(data)
        except EncodingError:
            continue
    assert time.perf_counter() - began < 10

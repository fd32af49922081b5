"""Old text is read where it is the same in each Latin code page or its page is named, else refused."""

import io

import pytest

from manifests.sources.encoding import EncodingError, decoded, encoding_of

SAME = """
A man sits in a café at 20 °C
Ein Löwe brüllt, ein Mädchen läuft über die Straße
He said “hello” — and left…
It costs 5 €
A dog’s bark – very loud
They don’t stop, ‘the others’ do
She says “the dog’s here”, and he’s gone
Pages 10–20, «oui»
CAFÉ MÜLLER, ÖSTERREICH
Kafé
On mówi
Mies kävelee
""".strip().split("\n")

OTHERS = {
    "cp1252": "Un café très bruyant\nEl niño corre\nTvå män på en båt\nIt costs £4",
    "cp1250": "Pes štěká hlasitě\nEgy kutya ugat és esik az eső\nKobieta śpiewa",
    "cp1254": "Bir köpek havlıyor\nKapı açılıyor",
    "cp1257": "Šuo loja ir vyras kalba\nBērni dzied",
    "cp1251": "Собака лает\nЯ и ты\nHe says да to the man",
    "iso8859-2": "Mężczyzna śpiewa\nŠuma je tiha\nPies biegnie drogą\nKtoś puka do drzwi\n"
    "chlapec chce spať\nDzieci są w domu\nkot śpi",
    "koi8-r": "Собака лает\nдом и сад",
    "cp1253": "Ένας σκύλος γαβγίζει",
    "cp1255": "כלב נובח",
    "cp1256": "كلب ينبح",
    "cp874": "สุนัขเห่า",
    "gbk": "一只狗在叫",
    "shift-jis": "犬が吠える\nｱｶ\nﾄﾓﾄﾞｱ\nﾜﾝ",
    "euc-kr": "개가 짖는다",
    "cp437": "Un café\nEin Vögelchen\nDas Öl\nLe rôle\nà la mer\nOù est-il\nÇa va\nEl niño está aquí",
    "cp850": "En hund på en gata\nEtt äpple\nUn chien à la mer\nUn étang\nEn sjö\nKoira ja äiti\nÚLTIMA",
    "cp865": "Hund på gården\nEt æble\nEn bæk",
    "mac-roman": "Ein Löwe\nÜber der Stadt\nÖsterreich\nÄpfel fallen\nLos españoles cantan\nEl río\n"
    "Así es\nUna acción\nHabló con él\nDie Straße\nSpaß macht es\nA dog barks, then waits…\n"
    "It waits… and barks\nIt says “hello”\nA dog’s bark",
}


@pytest.mark.parametrize("text", SAME)
@pytest.mark.parametrize("page", ["cp1252", "cp1250"])
def test_what_is_the_same_in_the_latin_code_pages_is_read(text: str, page: str) -> None:
    listed = f'file,caption\na.mp4,"{text}"\n'
    assert decoded(listed.encode(page)) == listed


@pytest.mark.parametrize(
    ("page", "text"), [(page, text) for page, texts in OTHERS.items() for text in texts.split("\n")]
)
def test_what_may_be_another_page_is_refused_with_the_line_and_what_to_do(
    page: str, text: str
) -> None:
    listed = f"file,caption\nb.mp4,a dog\na.mp4,{text}\n"
    with pytest.raises(EncodingError, match=r"line 3 is not UTF-8 text, .*: save it as UTF-8"):
        decoded(listed.encode(page))


@pytest.mark.parametrize(
    ("page", "text"), [(page, texts.split("\n")[0]) for page, texts in OTHERS.items()]
)
def test_a_text_of_a_named_page_is_read(page: str, text: str) -> None:
    assert decoded(text.encode(page), page) == text


@pytest.mark.parametrize("text", ["Á", "Un café très bruyant", "“quoted” dog’s", "犬が吠える"])
@pytest.mark.parametrize("page", ["cp1252", "shift-jis"])
def test_utf_8_is_read_as_that_whatever_is_named(text: str, page: str) -> None:
    assert decoded(text.encode(), page) == text


def test_a_text_that_lacks_the_bytes_of_the_named_page_is_refused() -> None:
    with pytest.raises(EncodingError, match="it is no CP1252 text, though its encoding is said to"):
        decoded(b"caf\x81", "cp1252")


@pytest.mark.parametrize("page", ["iso2022-jp", "utf-7", "hz"])
def test_a_page_that_is_written_in_ascii_is_read_where_it_is_named(page: str) -> None:
    assert decoded("犬".encode(page), page) == "犬"


@pytest.mark.parametrize("page", ["iso2022-jp", "iso2022-jp-2", "iso2022-jp-3"])
def test_escapes_are_refused_with_their_line(page: str) -> None:
    with pytest.raises(EncodingError, match="line 2 holds escapes"):
        decoded("file,caption\na.mp4,犬\n".encode(page))


@pytest.mark.parametrize("start", [b"\x93NUMPY\x01\x00v\x00", b"\x89HDF\r\n", b"\x80\x05\x95"])
def test_arrays_are_no_text(start: bytes) -> None:
    with pytest.raises(EncodingError, match="not text"):
        decoded(start + b"A dog barks")


def test_a_byte_order_mark_is_surer_than_a_name() -> None:
    assert encoding_of(io.BytesIO("a dog".encode("utf-16")), "cp1252") == "utf-16"


def test_one_word_far_below_is_found() -> None:
    good = "a.mp4,Ein Löwe\n" * 60_000
    with pytest.raises(EncodingError, match="line 60001 "):
        decoded(good.encode("cp1252") + "b.mp4,Pes štěká\n".encode("cp1250"))

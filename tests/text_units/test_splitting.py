"""Texts as paragraphs, sentences and tokens: what falls where, in every language."""

# ruff: noqa: E501 - tables of cases hold one case per line, messages whole

import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import ConfigError, MissingExtra
from pellucid.text_units import LANGUAGE_CODES, split, splitter, tokens


def units(text, language="en", granularity="token"):
    return [text[start:end] for start, end in splitter(language, granularity)(text)]


TOKENS = {
    "en": ("She doesn't like Dr. Bell's $3.50 tea-time.", "She|does|n't|like|Dr.|Bell|'s|$|3.50|tea|-|time|."),
    "de": ("Das ist z. B. Müllers Café, d. h. gut.", "Das|ist|z.|B.|Müllers|Café|,|d.|h.|gut|."),
    "fr": ("L'été, c'est aujourd'hui.", "L'|été|,|c'|est|aujourd'hui|."),
    "es": ("¿Qué tal el Sr. López?", "¿|Qué|tal|el|Sr.|López|?"),
    "pt": ("Não é bom, é ótimo!", "Não|é|bom|,|é|ótimo|!"),
    "it": ("L'amico dell'uomo.", "L'|amico|dell'|uomo|."),
    "nl": ("Dhr. Jansen kwam bijv. gisteren.", "Dhr.|Jansen|kwam|bijv.|gisteren|."),
    "da": ("Hr. Hansen kom bl.a. i går.", "Hr.|Hansen|kom|bl.a.|i|går|."),
    "sv": ("Det kostar t.ex. 3.50 kr.", "Det|kostar|t.ex.|3.50|kr."),
    "nb": ("F.eks. dette, ikke det.", "F.eks.|dette|,|ikke|det|."),
    "fi": ("Kahvi on hyvää.", "Kahvi|on|hyvää|."),
    "pl": ("Nie lubię kawy.", "Nie|lubię|kawy|."),
    "cs": ("Káva je dobrá.", "Káva|je|dobrá|."),
    "ru": ("Он не приехал в 2020 г.", "Он|не|приехал|в|2020|г."),
    "uk": ("Кава дуже смачна!", "Кава|дуже|смачна|!"),
    "el": ("Ο κ. Παπάς ήρθε.", "Ο|κ.|Παπάς|ήρθε|."),
    "tr": ("Dr. Yılmaz'ın kahvesi.", "Dr.|Yılmaz'ın|kahvesi|."),
    "hu": ("Dr. Nagy pl. itt van.", "Dr.|Nagy|pl.|itt|van|."),
    "ar": ("القهوة جيدة.", "القهوة|جيدة|."),
    "he": ("הקפה טוב.", "הקפה|טוב|."),
    "hi": ("यह अच्छा है।", "यह|अच्छा|है|।"),
    "bn": ("আমি যাই।", "আমি|যাই|।"),
    "zh": ("我爱北京天安门！", "我|爱|北京|天安门|！"),
    "ja": ("私は東京に住んでいます。", "私|は|東京|に|住ん|で|い|ます|。"),
    "th": ("ฉันรักประเทศไทย", "ฉัน|รัก|ประเทศ|ไทย"),
    "ko": ("나는 서울에 산다.", "나는|서울에|산다|."),
    "vi": ("Tôi yêu Việt Nam.", "Tôi|yêu|Việt|Nam|."),
}


@pytest.mark.parametrize(
    "language", [pytest.param(code, marks=pytest.mark.slow) if code in ("fr", "th") else code for code in TOKENS]
)
def test_a_sentence_falls_into_words(language):
    text, expected = TOKENS[language]
    assert "|".join(units(text, language)) == expected


SENTENCES = {
    "en": "Dr. Bell paid $3.50 at 5 p.m. on Monday.|Mr. J. R. Cook did not, e.g. because of Ann.|Why?|He's out!",
    "de": "Das ist z. B. gut.|Prof. Dr. Maier zahlte am 3. Mai 3.50 Euro.|Ja!",
    "fr": "M. Dupont et Mme. Durand sont venus.|Il a payé 3,50 €.|Voilà !",
    "es": "El Sr. López y la Sra. Ruiz pagaron 3.50 euros.|¡Qué bien!|¿Y tú?",
    "pt": "O Sr. Silva e a Dra. Costa vieram.|Bem.",
    "it": "Il Sig. Rossi ed il Dott. Bianchi.|Costa 3,50 euro.",
    "nl": "Dhr. Jansen kwam bijv. gisteren.|Einde.",
    "da": "Hr. Hansen kom bl.a. i går.|Slut.",
    "nb": "Dr. Berg kom kl. 3.50 i går.|Kl. 5 kom han.|Ja.",
    "pl": "Dr. Nowak mówił m.in. o tym.|Koniec.",
    "ru": "Проф. Иванов ушёл в 2020 г. и так далее.|Т.е. всё.|Конец.",
    "cs": "Např. dr. Novák zaplatil 3.50 Kč.|Konec.",
    "fi": "Dr. Virtanen maksoi 3.50.|Loppu.",
    "hu": "Dr. Nagy pl. itt van.|Vége.",
    "el": "Ο κ. Παπάς ήρθε.|Τι κάνεις;|Καλά.",
    "tr": "Dr. Yılmaz geldi.|Son.",
    "hy": "Ես գնացի։|Նա եկավ։",
    "ur": "یہ اچھا ہے۔|وہ گیا۔",
    "hi": "यह अच्छा है।|वह गया।",
    "ar": "هذا جيد.|ذهب إلى البيت؟|نعم.",
    "vi": "Tôi yêu Việt Nam.|Hôm nay trời đẹp.",
    "sr": "Др. Петровић је дошао.|Крај.",
    "ro": "Dl. Popescu a plătit 3.50 lei.|Gata.",
    "sv": "Kl. 5 kom Dr. Berg.|Slut.",
    "lt": "Dr. Petraitis atėjo, pvz. vakar.|Pabaiga.",
}


@pytest.mark.parametrize(
    "language", [pytest.param(code, marks=pytest.mark.slow) if code == "fr" else code for code in SENTENCES]
)
def test_abbreviations_and_numbers_end_no_sentence(language):
    sentences = SENTENCES[language].split("|")
    assert units(" ".join(sentences), language, "sentence") == sentences


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("zh", ["我爱北京天安门。", "今天天气很好！"]),
        ("ja", ["私は東京に住んでいます。", "良い天気ですね。"]),
    ],
)
def test_sentences_without_blanks_between_them_are_told_apart(language, sentences):
    assert units("".join(sentences), language, "sentence") == sentences


def test_thai_marks_no_end_of_a_sentence_so_its_clauses_are_taken():
    assert units("ฉันรักประเทศไทย วันนี้อากาศดี", "th", "sentence") == ["ฉันรักประเทศไทย", "วันนี้อากาศดี"]


def test_a_line_break_ends_a_paragraph_and_a_sentence():
    text = "  One line\r\n\n\tTwo lines. And more.  \n3"
    assert units(text, granularity="paragraph") == ["One line", "Two lines. And more.", "3"]
    assert units(text, granularity="sentence") == ["One line", "Two lines.", "And more.", "3"]


def test_offsets_count_characters_whatever_their_size():
    text = "😀 naïve — 𝒳 ok"
    assert [(start, text[start:end]) for start, end in splitter("en", "token")(text)] == [
        (0, "😀"),
        (2, "naïve"),
        (8, "—"),
        (10, "𝒳"),
        (12, "ok"),
    ]


def test_a_long_japanese_text_is_no_obstacle():
    assert len(units("とても良いです" * 5_000, "ja")) >= 15_000


def test_a_long_run_without_blanks_is_cut_since_time_grows_with_its_square():
    assert [len(unit) for unit in units("see " + "a" * 600 + " (ok)")] == [3, 256, 256, 88, 1, 2, 1]


@pytest.mark.parametrize("language", ["en", "ja", "zh", pytest.param("th", marks=pytest.mark.slow)])
def test_half_a_surrogate_pair_is_a_character_like_others(language):
    text = "a \ud83d b"
    for granularity in ("token", "sentence", "paragraph"):
        spans = splitter(language, granularity)(text)
        assert (spans[0][0], spans[-1][1]) == (0, 5)


CODES = (
    "zh da nl en fr de el it ja lt xx nb pl pt ro ru es af sq ar hy eu bn bg ca hr cs et fi gu he hi hu is id ga kn ky lv "
    "lij lb mk ml mr ne fa sa sr tn si sk sl sv tl ta tt te th tr uk ur vi yo"
)
"""Clarify's list, in its order."""


def test_every_language_of_clarify_is_known():
    assert (*CODES.split(), "ko") == LANGUAGE_CODES


@pytest.mark.slow
@pytest.mark.parametrize("granularity", ["token", "sentence"])
def test_every_language_of_clarify_splits_texts(granularity):
    text = "Dr. A 3.50 b! C d?"
    for language in LANGUAGE_CODES:
        found = units(text, language, granularity)
        assert "".join("".join(found).split()) == "".join(text.split()), language


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["en", "de", "zh", "ja"])
)
def test_units_lie_in_order_apart_and_inside_the_larger_ones(text, language):
    outer = [(0, len(text))]
    for granularity in ("paragraph", "sentence", "token"):
        found = splitter(language, granularity)(text)
        assert all(text[start:end].strip() == text[start:end] != "" for start, end in found)
        assert all(end <= start for (_, end), (start, _) in pairwise(found))
        assert all(any(a <= start and end <= b for a, b in outer) for start, end in found)
        outer = found


@pytest.mark.parametrize("name", ["german", "DE", "German"])
def test_a_language_goes_by_name_or_code_in_any_case(name):
    assert splitter(name, "token") == splitter("de", "token")


@pytest.mark.parametrize(
    ("language", "granularity", "message"),
    [
        (
            "germn",
            "token",
            "language: got 'germn'. Use the name or the code of a language, such as 'german' or 'de'; did you mean 'german'?",
        ),
        (
            "klingon",
            "token",
            "language: got 'klingon'. Use the name or the code of a language, such as 'german' or 'de'.",
        ),
        ("en", "tokens", "granularity: got 'tokens'. Use a unit of text; did you mean 'token'?"),
    ],
)
def test_an_unknown_language_or_unit_is_named(language, granularity, message):
    with pytest.raises(ConfigError) as caught:
        splitter(language, granularity)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("language", "module", "extra"),
    [("zh", "rjieba", "text-asian"), ("ja", "sudachipy", "text-asian"), ("sv", "spacy", "text")],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch, language, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    for cached in (split._split, tokens._spacy_tokenizer, tokens.tokens_of):
        cached.cache_clear()
    with pytest.raises(MissingExtra) as caught:
        splitter(language, "token")
    assert str(caught.value) == f"{module} is not installed. Run: pip install 'pellucid[{extra}]'"

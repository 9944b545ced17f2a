"""Tokenizers: text as numbers and back, told exactly what is lost."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.data.text.byte_tokenizer import ByteTokenizer
from engine.data.text.hugging_face import HuggingFaceTokenizer, NoTokenizer, existing
from engine.data.text.making import (
    DamagedTokenizer,
    NothingToLearnFrom,
    made,
    tokenizer_from_json,
    tokenizer_to_json,
)
from engine.data.text.preparation import TextPreparation
from engine.data.text.sampling import choice, pieces
from engine.data.text.tokenizer import NOT_KNOWN, SPECIALS, NoSuchToken
from engine.data.text.words import WordTokenizer, words_of
from engine.data.vocabulary import CharVocabulary

from .material import LINES

SPECS = {
    "char": {"kind": "char"},
    "byte": {"kind": "byte"},
    "word": {"kind": "word", "min_count": 1},
    "bpe": {"kind": "bpe", "vocabulary_size": 300},
    "unigram": {"kind": "unigram", "vocabulary_size": 320},
}


def make(spec, texts=LINES, task="causal-lm", **how):
    preparation = TextPreparation.parse({"tokenizer": spec, **how})
    return made(preparation, task, lambda: iter(texts)).tokenizer


@pytest.fixture(scope="module")
def learned():
    return {kind: make(spec) for kind, spec in SPECS.items()}


@pytest.mark.parametrize("kind", ["byte", "bpe", "unigram"])
@given(text=st.text())
@example("<s> </s> [PAD] <unk> padding")
@example(" \t\r\n  two  spaces \u00a0\u2028")
@example("\x00\x7f\ud7ff\U0010ffff")
def test_every_text_comes_back_from_its_bytes(learned, kind, text):
    tokenizer = learned[kind]
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert not len(tokens) or tokens.min() >= len(SPECIALS), "no text is taken for a special token"


@given(text=st.text(alphabet="".join(LINES)))
def test_every_text_of_known_characters_comes_back(learned, text):
    assert learned["char"].decode(learned["char"].encode(text)) == text


@given(text=st.text())
def test_words_are_all_of_a_text(text):
    assert "".join(words_of(text)) == text


@given(text=st.text(alphabet="abc .,\n"))
def test_what_a_word_tokenizer_does_not_know_is_shown(learned, text):
    tokenizer = learned["word"]
    unknown = tokenizer.special("unknown")
    known = [word for word in words_of(text) if word in tokenizer.words]
    tokens = tokenizer.encode(text)
    shown = [word if word in tokenizer.words else "\ufffd" for word in words_of(text)]
    assert tokenizer.decode(tokens) == "".join(shown)
    assert len(tokens) == len(words_of(text))
    assert tokenizer.decode(tokens[tokens != unknown]) == "".join(known)
    assert int((tokens == unknown).sum()) == len(words_of(text)) - len(known)


@pytest.mark.parametrize("kind", list(SPECS))
def test_many_texts_give_the_tokens_of_each(learned, kind):
    tokens, lengths = learned[kind].encode_all(LINES)
    one_by_one = [learned[kind].encode(text).tolist() for text in LINES]
    assert lengths.tolist() == [len(found) for found in one_by_one]
    assert tokens.tolist() == sum(one_by_one, [])


@pytest.mark.parametrize("kind", list(SPECS))
def test_a_file_gives_an_equal_tokenizer(learned, kind):
    again = tokenizer_from_json(tokenizer_to_json(learned[kind]))
    assert (again.kind, len(again)) == (kind, len(learned[kind]))
    assert again.special_tokens == learned[kind].special_tokens
    for text in (*LINES, "zebra ßΩ"):
        assert again.encode(text).tolist() == learned[kind].encode(text).tolist()


@pytest.mark.parametrize("kind", ["char", "byte", "bpe", "unigram"])
def test_lengths_of_tokens_add_up_to_the_text(learned, kind):
    chars, size = learned[kind].lengths
    for text in LINES:
        tokens = learned[kind].encode(text)
        assert (chars[tokens].sum(), size[tokens].sum()) == (len(text), len(text.encode()))
    assert size[learned[kind].special("unknown")] == NOT_KNOWN
    assert size[learned[kind].special("end")] == 0


def test_a_learned_tokenizer_is_no_larger_than_wanted_and_the_same_each_time(learned):
    for kind in ("bpe", "unigram"):
        most = SPECS[kind]["vocabulary_size"]
        assert 261 <= len(learned[kind]) <= most
        assert make(SPECS[kind]).document() == learned[kind].document()


def test_frequent_pairs_are_merged(learned):
    assert len(learned["bpe"].encode(" the cat")) < len(" the cat") / 2


def test_rare_characters_and_words_are_unknown():
    char = make({"kind": "char", "min_count": 2}, ["aab"])
    assert char.encode("ab").tolist() == [5, char.special("unknown")]
    words = make({"kind": "word", "min_count": 2}, ["go go stop"])
    assert words.words == (" go", "go") or words.words == ()
    few = WordTokenizer.of(["b b a a c"], size=len(SPECIALS) + 2, min_count=1)
    assert few.words == (" a", " b")


def test_small_letters_and_one_way_of_writing():
    tokenizer = make({"kind": "char"}, ["Ａbc é"], lower=True, normalisation="nfkc")
    assert tokenizer.decode(tokenizer.encode("ＡBC E\u0301")) == "abc é"
    again = tokenizer_from_json(tokenizer_to_json(tokenizer))
    assert again.encode("ABC").tolist() == tokenizer.encode("abc").tolist()
    assert again.kind == "char"


def test_bytes_that_are_no_character_are_shown_as_such():
    tokenizer = ByteTokenizer()
    assert tokenizer.decode(tokenizer.encode("é")[:1]) == "\ufffd"
    assert tokenizer.decode(np.array([1, 102, 3]), special="|") == "\ufffda|"


@pytest.mark.parametrize("kind", list(SPECS))
def test_pieces_of_tokens_are_the_text_in_parts(learned, kind):
    tokenizer, text = learned[kind], "the cat and the mat"
    assert "".join(tokenizer.piece(token) for token in tokenizer.encode(text).tolist()) == text
    assert tokenizer.piece(tokenizer.special("end")) == "⟨end⟩"


def test_of_a_part_of_a_character_the_bytes_are_shown():
    tokenizer = ByteTokenizer()
    assert [tokenizer.piece(token) for token in tokenizer.encode("é").tolist()] == ["⟨c3⟩", "⟨a9⟩"]


def test_texts_without_a_character_teach_nothing():
    for spec in (SPECS["char"], SPECS["bpe"], SPECS["word"]):
        with pytest.raises(NothingToLearnFrom, match="all empty"):
            make(spec, ["", ""])


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "char"}', '{"kind": "other"}', "[1]"])
def test_a_damaged_file_is_refused(text):
    with pytest.raises(DamagedTokenizer, match="damaged"):
        tokenizer_from_json(text)


# -- tokenizers that exist -------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, learned):
    """A byte-level tokenizer as the library of Hugging Face keeps it, with tokens of its own."""
    from tokenizers import AddedToken, Tokenizer

    library = Tokenizer.from_str(json.dumps(learned["bpe"].document()["library"]))
    library.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    library.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "<|endoftext|>"}')
    return tmp_path


def test_a_folder_of_hugging_face_has_its_own_numbers(folder, learned):
    tokenizer = existing(str(folder), ["padding", "begin", "end"])
    own = len(learned["bpe"]) - len(SPECIALS)
    assert tokenizer.special_tokens == {"begin": own, "end": own, "padding": own + 1}
    assert len(tokenizer) == own + 2
    text = "the cat <|endoftext|> naïve"
    tokens = tokenizer.encode(text)
    assert tokens.tolist() == (learned["bpe"].encode(text) - len(SPECIALS)).tolist()
    assert tokenizer.decode(tokens) == text, "what looks like a special token is text"
    assert tokenizer.decode(np.append(tokens[:3], own), special="|").endswith("|")
    assert tokenizer.lengths.bytes[tokens].sum() == len(text.encode())
    pieces_of_it = [tokenizer.piece(token) for token in tokens.tolist()]
    assert "".join(pieces_of_it[:4]) == text[: len("".join(pieces_of_it[:4]))]
    assert tokenizer.piece(own) in ("⟨begin⟩", "⟨end⟩")
    again = tokenizer_from_json(tokenizer_to_json(tokenizer))
    assert isinstance(again, HuggingFaceTokenizer)
    assert again.encode(text).tolist() == tokens.tolist()
    assert again.special_tokens == tokenizer.special_tokens
    with pytest.raises(NoSuchToken, match="'mask', only for begin, end, padding"):
        tokenizer.special("mask")


def test_how_much_text_a_token_is_is_not_guessed(folder):
    from tokenizers import Tokenizer, normalizers

    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    library.normalizer = normalizers.Lowercase()
    library.save(str(folder / "tokenizer.json"))
    assert existing(str(folder), []).lengths is None


def test_a_name_on_the_hub_is_fetched_and_read_like_a_folder(folder, monkeypatch):
    import huggingface_hub

    fetched = []

    def fetch(name, file):
        fetched.append((name, file))
        return str(folder / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    monkeypatch.setattr(huggingface_hub, "file_exists", lambda _, file: "config" in file)
    found = existing("somebody/tokenizer", ["end"])
    assert found.document() == existing(str(folder), ["end"]).document()
    assert fetched == [
        ("somebody/tokenizer", "tokenizer.json"),
        ("somebody/tokenizer", "tokenizer_config.json"),
    ]

    def fail(name, file):
        raise OSError("no such repository\nand more")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(NoTokenizer, match=r"hub does not give it \(no such repository\)"):
        existing("somebody/else", [])


def test_a_tokenizer_that_is_not_there_is_named_with_what_to_give(tmp_path):
    with pytest.raises(NoTokenizer, match=r"no tokenizer\.json in that folder.*Give a folder"):
        existing(str(tmp_path), [])
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(NoTokenizer, match="cannot read it"):
        existing(str(tmp_path), [])


# -- what they learn from --------------------------------------------------------------------------


@given(text=st.text(alphabet="ab \n", max_size=60), most=st.integers(2, 20))
def test_pieces_put_together_are_the_text(text, most):
    found = list(pieces(text, most))
    assert "".join(found) == text
    assert all(len(piece) <= most for piece in found)


@given(
    texts=st.lists(st.text(alphabet="ab", max_size=8), max_size=30),
    most=st.integers(12, 60),
    seed=st.integers(0, 3),
)
def test_a_choice_of_texts_is_small_enough_in_order_and_the_same_each_time(texts, most, seed):
    numbered = [f"{place}{text}" for place, text in enumerate(texts)]
    found = choice(numbered, most_chars=most, seed=seed)
    assert found == choice(numbered, most_chars=most, seed=seed)
    assert found.texts == [text for text in numbered if text in set(found.texts)]
    assert found.chars == sum(map(len, found.texts)) <= most
    if sum(map(len, numbered)) <= most:
        assert found.texts == numbered
        assert found.chars == found.of_chars


def test_a_small_part_of_a_large_text_is_told(monkeypatch):
    monkeypatch.setattr("engine.data.text.making.MOST_CHARS", 50)
    preparation = TextPreparation.parse({"tokenizer": SPECS["word"]})
    note = made(preparation, "causal-lm", lambda: iter(LINES)).note
    assert "random choice" in note
    assert f"of the {sum(map(len, LINES)):,} characters" in note


def test_char_vocabularies_of_bundled_texts_are_as_they_were():
    vocabulary = CharVocabulary.of("abc", ("padding", "mask"))
    assert vocabulary.encode("cab").tolist() == [4, 2, 3]
    assert vocabulary.lengths.chars.tolist() == [0, 0, 1, 1, 1]

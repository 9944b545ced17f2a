"""Texts and code with something to be said of them: right, padded, nothing held out was seen."""

import keyword
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import losses
from engine.data import highlighting, python_code, restoration, statements
from engine.data.loaded import Masking
from engine.data.masking import hidden
from engine.data.sources import load
from engine.data.specs import (
    MaskedDocsSpec,
    PythonConstructsSpec,
    PythonKeywordsSpec,
    PythonTokensSpec,
    RestoreDocsSpec,
)
from engine.data.vocabulary import IGNORED, PADDING

PADDED = [RestoreDocsSpec(), PythonTokensSpec(), PythonKeywordsSpec(), PythonConstructsSpec()]
LETTER = dict(zip(highlighting.CHARACTERS, " KND1SCO", strict=True))


def rows(arrays):
    return {row[row != PADDING].tobytes() for row in arrays["inputs"]}


def texts(loaded, split, name="inputs"):
    return [loaded.vocabulary.decode(row) for row in split[name]]


@pytest.fixture
def library(monkeypatch):
    """Modules of one's own in the place of Python's."""

    def fake(**sources):
        found = {name: textwrap.dedent(source) for name, source in sources.items()}
        monkeypatch.setattr(python_code, "modules", lambda: found)
        monkeypatch.setattr(statements, "modules", lambda: found)
        monkeypatch.setattr(highlighting, "modules", lambda: found)
        for cached in (statements.keywords, statements.constructs, highlighting.windows):
            cached.cache_clear()
        return found

    yield fake
    for cached in (statements.keywords, statements.constructs, highlighting.windows):
        cached.cache_clear()


# -- padded texts --------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", PADDED, ids=lambda spec: spec.source)
def test_padding_is_at_the_end_only_and_no_sample_is_empty(spec):
    for split in (load(spec).train, load(spec).val):
        real = split["inputs"] != PADDING
        assert split["inputs"].shape[1] == spec.length
        assert real[:, 0].all()
        assert (real[:, :-1] >= real[:, 1:]).all()


@pytest.mark.parametrize("spec", PADDED, ids=lambda spec: spec.source)
def test_no_held_out_text_is_in_the_training(spec):
    loaded = load(spec)
    key = "decoder_inputs" if spec.source == "restore-docs" else "inputs"
    train, val = (set(texts(loaded, split, key)) for split in (loaded.train, loaded.val))
    assert len(train) == loaded.facts.train_samples
    assert len(val) == loaded.facts.val_samples
    assert train & val == set()


@pytest.mark.parametrize("spec", PADDED[1:], ids=lambda spec: spec.source)
def test_every_class_has_training_samples(spec):
    targets = load(spec).train["targets"]
    classes = load(spec).facts.classes
    if targets.ndim == 2 and targets.dtype == np.float32:
        assert ((targets.mean(axis=0) > 0.005) & (targets.mean(axis=0) < 0.6)).all()
    else:
        assert (np.bincount(targets[targets != IGNORED], minlength=len(classes)) >= 50).all()


# -- code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("def f(x):", "KKK DONOO"),
        ("a = 'b'  # c\n", "N O SSS  CCC "),
        ("class A: pass", "KKKKK DO KKKK"),
        ("x += 1.5e3", "N OO 11111"),
        ('"""a\nb"""', "SSSSSSSSS"),
        ("f'{x} y'", "SSSSSSSS"),
        ("f'{f\"{x}\"}' + y", "SSSSSSSSSSS O N"),
    ],
)
def test_each_character_is_what_it_is_part_of(code, kinds):
    said = "".join(LETTER[highlighting.CHARACTERS[kind]] for kind in highlighting.characters(code))
    assert said == kinds


def test_a_form_feed_does_not_count_as_a_line(library):
    library(m="x = 1\n\x0c\ndef f(a):\n    return a.b\n")
    assert highlighting.windows("m", length=20)[-1] == (
        "    return a.b\n",
        bytes(highlighting.CHARACTERS.index(kind) for kind in ["space"] * 4)
        + bytes([1] * 6 + [0, 2, 7, 2, 0]),
    )
    assert [text for text, _ in statements.keywords("m", length=20)] == ["a.b"]


def test_windows_are_whole_lines_that_fit(library):
    long = "x" * 12
    library(m=f"a = 1\nb = 2\n{long}\nc = 3\n")
    found = highlighting.windows("m", length=11)
    assert [text for text, _ in found] == ["a = 1\n", "b = 2\n", "c = 3\n"]
    library(m=f"a = 1\nb = 2\n{long}\nc = 3\n\n\n")
    assert [text for text, _ in highlighting.windows("m", length=12)] == [
        "a = 1\nb = 2\n",
        "c = 3\n\n\n",
    ]


def test_no_window_begins_inside_of_a_string(library):
    library(m='def f():\n    """Say\n    more\n    words.\n    """\n    return 1\n')
    assert [text for text, _ in highlighting.windows("m", length=20)] == [
        'def f():\n    """Say\n',
        "    return 1\n",
    ]


def test_statements_are_shown_without_their_keyword(library):
    library(
        m="""
        for a, b in c:
            if a.b(
                c
            ):
                raise E(1) from None
        with open(f) as g:
            return
        while not x:
            return x + 1
        try:
            x = 'é'
        except (A, B) as e:
            raise
        if 'é': pass
        """
    )
    found = {text: statements.KEYWORDS[kind] for text, kind in statements.keywords("m", length=20)}
    assert found == {
        "a, b in c": "for",
        "a.b( c )": "if",
        "E(1) from None": "raise",
        "open(f) as g": "with",
        "not x": "while",
        "x + 1": "return",
        "(A, B)": "except",
    }


def test_no_statement_begins_with_the_keyword_that_is_asked_for():
    loaded = load(PythonKeywordsSpec())
    for text, kind in zip(texts(loaded, loaded.train), loaded.train["targets"], strict=True):
        assert not text.startswith(f"{loaded.facts.classes[kind]} ")
    assert all(keyword.iskeyword(name) for name in loaded.facts.classes)


@pytest.mark.parametrize(
    ("code", "contains"),
    [
        ("x = y", ()),
        ("x.y(z)", ("call", "attribute")),
        ("x = a[1] + 2", ("item", "arithmetic", "number")),
        ("x = not a", ("logic",)),
        ("x = 'a' if b > c else True", ("comparison", "string")),
        ("x = [a for a in (b, c)]", ("collection", "comprehension")),
        ("x += f'{y}'", ("arithmetic", "string")),
    ],
)
def test_what_a_statement_contains(library, code, contains):
    library(m=code)
    ((text, present),) = statements.constructs("m", length=40)
    assert text == code
    assert present == tuple(int(name in contains) for name in statements.CONSTRUCTS)


def test_conditions_count_and_docstrings_do_not(library):
    library(m='"""Words."""\nif a and b:\n    pass\n')
    assert [text for text, _ in statements.constructs("m", length=40)] == ["a and b"]


def test_a_text_with_two_answers_keeps_the_more_frequent_and_stays_in_one_split(library):
    library(
        a="if x: pass\nif x: pass\nwhile x: pass\n" * 9,
        b="while x: pass\nif y: pass",
    )
    samples = python_code.split_samples(
        lambda name: statements.keywords(name, length=20), val_fraction=0.3, split_seed=0
    )
    names = [[(text, statements.KEYWORDS[kind]) for text, kind in split] for split in samples]
    assert names == [[("x", "if")], [("y", "if")]]


def test_a_python_without_sources_is_named(monkeypatch):
    python_code.modules.cache_clear()
    monkeypatch.setattr(python_code, "MODULES", ("nothing_like_it",))
    with pytest.raises(python_code.SourceCodeMissing, match=r"nothing_like_it\.py is missing"):
        python_code.modules()
    python_code.modules.cache_clear()


# -- text to be restored -------------------------------------------------------------------------


def test_pieces_are_prose_of_whole_words_without_repetition():
    prose = "The value of each element is kept, as long as it is not the first one."
    code = "    >>> x = [1, 2]\n    >>> y"
    assert restoration.pieces([f"{prose}\n\n{code}", f"{prose}\n\nNo."], length=30) == [
        "The value of each element is",
        "kept, as long as it is not the",
        "first one.",
    ]
    assert restoration.stripped("Kept, as PEP 8 says!") == "keptaspep8says"


def test_the_decoder_is_given_what_came_before_and_asked_for_what_comes():
    loaded = load(RestoreDocsSpec())
    begin, end = (loaded.vocabulary.special(name) for name in ("begin", "end"))
    inputs, given, asked = (loaded.train[name] for name in ("inputs", "decoder_inputs", "targets"))
    assert given.shape == asked.shape == (len(inputs), 33)
    assert loaded.facts.target_tokens == 33
    assert (given[:, 0] == begin).all()
    real = asked != IGNORED
    assert (given[:, 1:][real[:, 1:]] == asked[:, :-1][real[:, 1:]]).all()
    assert (asked[np.arange(len(asked)), real.sum(axis=1) - 1] == end).all()
    written = loaded.vocabulary.decode(asked[0][real[0]])
    assert loaded.vocabulary.decode(inputs[0]) == restoration.stripped(written)


# -- hidden tokens -------------------------------------------------------------------------------

MASKING = Masking(share=0.15, token=1, candidates=range(2, 50))
TEXT = np.arange(2, 50, dtype=np.int64)[np.arange(64 * 40).reshape(40, 64) % 48]
NUMBERS = np.arange(40)


def test_hidden_tokens_are_masked_replaced_or_left_and_the_others_untouched():
    samples = np.tile(TEXT, (50, 1))
    inputs, targets = hidden(samples, np.arange(len(samples)), MASKING, seed=0, epoch=0)
    asked = targets != IGNORED
    assert (asked.sum(axis=1) == 10).all()
    assert (targets[asked] == samples[asked]).all()
    assert (inputs[~asked] == samples[~asked]).all()
    assert (inputs[asked] == MASKING.token).mean() == pytest.approx(0.8, abs=0.01)
    assert (inputs[asked] == samples[asked]).mean() == pytest.approx(0.1, abs=0.01)
    assert inputs.min() >= 1
    assert asked.mean(axis=0) == pytest.approx(10 / 64, abs=0.04)


@given(
    chosen=st.lists(st.integers(0, 39), min_size=1, max_size=8),
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 1000),
)
def test_what_is_hidden_is_a_function_of_seed_epoch_and_sample(chosen, seed, epoch):
    whole = hidden(TEXT, NUMBERS, MASKING, seed=seed, epoch=epoch)
    part = hidden(TEXT[chosen], NUMBERS[chosen], MASKING, seed=seed, epoch=epoch)
    for all_rows, some in zip(whole, part, strict=True):
        assert np.array_equal(all_rows[chosen], some)


def test_every_seed_epoch_and_sample_hides_others():
    same = np.tile(TEXT[:1], (2, 1))
    seen = [
        hidden(same, np.array([0, 1]), MASKING, seed=seed, epoch=epoch)[1]
        for seed in (0, 1)
        for epoch in (0, 1)
    ]
    assert len({row.tobytes() for rows in seen for row in rows}) == 8


def test_what_is_hidden_is_the_same_in_every_release():
    """Otherwise a run could not be resumed after an update."""
    _, targets = hidden(TEXT[:1], NUMBERS[:1], MASKING, seed=7, epoch=3)
    assert np.flatnonzero(targets[0] != IGNORED).tolist() == [3, 10, 20, 23, 33, 43, 45, 59, 60, 62]


def test_what_is_ignored_is_what_the_losses_ignore():
    assert losses.IGNORED == IGNORED


def test_a_tiny_sample_hides_a_token_nevertheless():
    masking = Masking(share=0.01, token=1, candidates=range(2, 50))
    assert (hidden(TEXT, NUMBERS, masking, seed=0, epoch=0)[1] != IGNORED).sum() == 40


def test_the_share_is_that_of_the_spec():
    loaded = load(MaskedDocsSpec(mask_share=0.3, length=32))
    assert (loaded.masking.share, loaded.block_size) == (0.3, 32)
    assert loaded.masking.candidates == range(2, len(loaded.vocabulary))

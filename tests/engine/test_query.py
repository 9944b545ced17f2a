"""The language of queries: what each sentence means, and what is said where it means nothing."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.runs.entry import Entry
from engine.runs.fact_row import Shapes
from engine.runs.query.errors import QueryError
from engine.runs.query.order import ordered
from engine.runs.query.query import Language
from engine.runs.query.syntax import DEEPEST, LONGEST
from engine.runs.run import Labels
from engine.runs.store import RunStore
from tests import fabricate

DAY = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
FACTS = {
    "id": "20261101-120000-abcdef",
    "name": "Wide GPT",
    "tags": ("good one", "wide"),
    "notes": "secret",
    "project": "Docs",
    "group": "",
    "archived": False,
    "status": "completed",
    "model": "GPT 4×128",
    "data": "Python docs",
    "step": 120,
    "best": 1.25,
    "trained_s": 700.0,
    "created_at": DAY + 3600.0,
    "started_at": None,
    "optimizer.name": "adamw",
    "optimizer.lr": 1e-3,
    "evaluation.batch_size": 256,
    "batching.batch_size": 32,
    "batching.shuffle": True,
    "reproducibility.seed": 0,
}
METRICS = {
    "val/loss": 1.5,
    "train/loss": 1.0,
    "val/accuracy": 0.9,
    "odd name (x)": 7.0,
    "diverged": math.nan,
    "rising": math.inf,
    "x/perplexity": 4.0,
}
EXTREMES = {"val/loss": (1.25, 3.0), "val/accuracy": (0.1, 0.95), "x/perplexity": (3.0, 5.0)}


class Index:
    """An index that knows the extremes of every run to be the same."""

    def extremes(self, entry, metric):
        return EXTREMES.get(metric)


def entry_of(facts=FACTS, metrics=METRICS):
    return Entry(str(facts["id"]), Shapes().row(facts, metrics))


OTHER = entry_of({**FACTS, "id": "other"}, {"train/loss": 9.0, "only/here": 1.0})
LANGUAGE = Language(Index(), [entry_of(), OTHER])


def means(text, language=LANGUAGE):
    """Whether the query asks for the first of the two runs."""
    return FACTS["id"] in [entry.id for entry in language.find(text)]


def refusal(text, language=LANGUAGE):
    with pytest.raises(QueryError) as caught:
        language.find(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", True),
        ("val/loss < 1.6", True),
        ("val/loss < 1.5", False),
        ("val/loss <= 1.5", True),
        ("val/loss >= 15e-1", True),
        ("val/loss > +1.49", True),
        ("val/loss == 1.5", True),
        ("val/loss = 1.5", True),
        ("val/loss != 1.5", False),
        ("1.5 < 2", None),
        ('val/loss < 1.6 and optimizer.name == "adamw"', True),
        ("val/loss < 1.6 AND NOT optimizer.name == 'ADAMW'", False),
        ("optimizer.name in (sgd, AdamW)", True),
        ("optimizer.name not in ('sgd', lion)", True),
        ("optimizer.name != adamw", False),
        ("`odd name (x)` == 7", True),
        ('"odd name (x)" == 7', True),
        ("optimizer.lr == 1e-3", True),
        ("lr <= .001", True),
        ("training.optimizer.lr == 0.001", True),
        ("optimizer == adamw", True),
        ("seed == 0", True),
        ("SEED == 0", True),
        ("batch_size == 32", True),
        ("shuffle == true", True),
        ("shuffle == no", False),
        ("archived == false", True),
        ("perplexity == 4", True),
        ("tags contains wide", True),
        ('tags contains "Good One"', True),
        ("tags contains good", False),
        ("tags ~ good", True),
        ("tags == wide", True),
        ("tags != wide", False),
        ("tags not contains wide", False),
        ("tags in (x, wide)", True),
        ("name contains 'de gp'", True),
        ("name not contains 'de gp'", False),
        ("name ~ 'gpt wide'", True),
        ("status == completed", True),
        ("trained_s > 10m", True),
        ("trained_s > 0.5h", False),
        ("trained_s == 700s", True),
        ("trained_s < 1d", True),
        ("trained_s == 700000ms", True),
        ("created_at > 2026-10-31", True),
        ("created_at > 2026-11-01", False),
        ("created_at >= 2026-11-01", True),
        ("created_at == 2026-11-01", True),
        ("created_at != 2026-11-01", False),
        ("created_at <= 2026-11-01", True),
        ("created_at < 2026-11-02", True),
        ("created_at == 2026-11-01T01:00", True),
        ('created_at > "2026-11-01 00:59:59"', True),
        ("min(val/loss) == 1.25", True),
        ("MAX(val/loss) > 2.5", True),
        ("best(val/accuracy) == 0.95", True),
        ("best(val/loss) == 1.25", True),
        ("best(x/perplexity) == 3", True),
        ("min(train/loss) < 1", False),
        ("best == 1.25", True),
        ("known(val/loss)", True),
        ("known(started_at)", False),
        ("known(only/here)", False),
        ("only/here == 1", False),
        ("only/here != 1", False),
        ("not only/here == 1", True),
        ("only/here not in (1)", False),
        ("diverged < 1", False),
        ("diverged >= 1", False),
        ("diverged != 1", True),
        ("diverged == nan", True),
        ("val/loss == nan", False),
        ("val/loss != NaN", True),
        ("rising == inf", True),
        ("rising > -inf", True),
        ("wide", True),
        ("WIDE gpt", True),
        ("wide sgd", False),
        ("wide or sgd", True),
        ("wide not sgd", True),
        ('"wide gpt"', True),
        ('"gpt wide"', False),
        ("20261101", True),
        ("docs 4×128 completed", True),
        ("secret", False),
        ("nothing or wide and nothing", False),
        ("(nothing or wide) and not nothing", True),
        ("android or wide", True),
        ("in", False),
        ("\n wide\t", True),
    ],
)
def test_a_sentence_means_this(text, meant):
    if meant is None:
        assert "no run has '1.5'" in str(refusal(text))
    else:
        assert means(text) is meant


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("val/los < 1", 0, ["no run has 'val/los'", "val/loss"]),
        (
            "status == x and optimiser.name == y",
            16,
            ["no run has 'optimiser.name'", "optimizer.name"],
        ),
        ("zzzz == 1", 0, ["no run has 'zzzz'", "for example", "status"]),
        ("loss < 1", 0, ["train/loss or val/loss", "whole name"]),
        ("val/loss < low", 11, ["val/loss is a number", "'low'"]),
        ("val/loss in (1, two)", 16, ["'two'"]),
        ("val/loss ~ 1", 11, ["is a number", "~ 1"]),
        ("step > 10m", 7, ["step is a number", "'10m'"]),
        ("trained_s > long", 12, ["10m"]),
        ("created_at > 5", 13, ["2026-11-01"]),
        ("created_at > 2026-13-01", 13, ["is a time", "2026-13-01"]),
        ("shuffle == 1", 11, ["true or false"]),
        ("tags < x", 7, ["is a list", "contains"]),
        ("min(status) == 1", 4, ["'status' is no metric"]),
        ("best(rising) == 1", 5, ["min(rising)", "max(rising)"]),
        ("val/loss <", 10, ["ends too early"]),
        ("wide and", 8, ["ends too early"]),
        ("(wide", 5, ["ends too early"]),
        ("< 3", 0, ["name of a fact is missing"]),
        ("wide)", 4, ["')' makes no sense here"]),
        ('name == "wide', 8, ['the " that begins here has no end']),
        ("a `b", 2, ["the ` that begins here has no end"]),
        ("hello!", 5, ["'!' makes no sense here", "quotes"]),
        ("status in ()", 11, ["makes no sense here"]),
        ("x" * (LONGEST + 1), LONGEST, ["2,001 characters"]),
        ("not " * (DEEPEST + 1) + "x", 0, [f"more than {DEEPEST} deep"]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, column, words):
    error = refusal(text)
    assert error.column == column
    assert [word for word in words if word not in str(error)] == []


def test_brackets_alone_nest_nothing():
    assert means("(" * 900 + "wide" + ")" * 900)


def test_the_caret_stands_below_the_place_that_is_wrong():
    assert refusal("wide and val/los < 1").pointed == "wide and val/los < 1\n         ^"
    assert refusal("'日本' and é < 1").pointed == "'日本' and é < 1\n           ^"
    long = refusal("wide " * 100 + "val/los < 1" + " wide" * 100).pointed
    line, caret = long.split("\n")
    assert line[caret.index("^") :].startswith("val/los")
    assert len(line) < 70


def test_without_runs_every_name_is_possible():
    assert Language(Index(), []).find("anything/at_all < 1") == []


def test_a_date_is_meant_in_the_readers_zone():
    east = Language(Index(), [entry_of()], timezone(timedelta(hours=2)))
    assert means("created_at == 2026-11-01T03:00", east)
    assert not means("created_at == 2026-11-01T01:00", east)


def refusal_or_none(text):
    try:
        LANGUAGE.find(text)
    except QueryError as error:
        return error
    return None


@given(st.text())
@example("\ud800 < 1")
@example("0" * 400 + "e999 == 1e999")
@example("created_at > 0001-01-01")
@example("created_at > 9999-12-31")
def test_no_text_does_more_than_ask_or_be_refused(text):
    error = refusal_or_none(text)
    if error is not None:
        assert 0 <= error.column <= max(len(text), LONGEST)
        assert error.pointed.endswith("^")


PIECES = ["val/loss", "tags", "(", ")", "<", "==", "in", "not in", "contains", "and", "or", "not"]
PIECES += ["1", '"x"', "`y`", ",", "min(", "known(", "nan", "2026-01-01", "wide", "~", "10m", "'"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
def test_no_jumble_of_its_own_words_does_either(text):
    error = refusal_or_none(text)
    assert error is None or error.column <= len(text)


# -- against plain Python --------------------------------------------------------------------------

NUMBERS = st.integers(-3, 3) | st.floats(-3, 3) | st.just(math.inf)
VALUES = st.none() | NUMBERS
SIGNS = ["==", "!=", "<", "<=", ">", ">="]


def python_of(sign, left, right):
    if left is None:
        return False
    return {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[sign]


@st.composite
def sentences(draw, depth=3):
    """A query over a, b and c, and the same in Python."""
    kind = draw(st.sampled_from(["comparison", "in", "known", "and", "or", "not", "beside"]))
    if depth == 0 or kind in ("comparison", "in", "known"):
        name = draw(st.sampled_from("abc"))
        if kind == "known":
            return f"known({name})", lambda facts: facts[name] is not None
        if kind == "in":
            values = draw(st.lists(NUMBERS, min_size=1, max_size=3))
            listed = ", ".join(map(repr, values))
            return f"{name} in ({listed})", lambda facts: facts[name] in values
        sign, value = draw(st.sampled_from(SIGNS)), draw(NUMBERS)
        return f"{name}{sign}{value!r}", lambda facts: python_of(sign, facts[name], value)
    left, left_holds = draw(sentences(depth - 1))
    if kind == "not":
        return f"not ({left})", lambda facts: not left_holds(facts)
    right, right_holds = draw(sentences(depth - 1))
    if kind == "or":
        return f"(({left}) or ({right}))", lambda facts: left_holds(facts) or right_holds(facts)
    between = "and" if kind == "and" else " "
    return f"({left}) {between} ({right})", lambda facts: left_holds(facts) and right_holds(facts)


@given(sentences(), st.lists(st.fixed_dictionaries(dict.fromkeys("abc", VALUES)), max_size=4))
def test_a_query_means_what_the_same_python_does(sentence, rows):
    text, holds = sentence
    entries = [entry_of({**FACTS, "id": str(at), **row}, {}) for at, row in enumerate(rows)]
    found = [entry.id for entry in Language(Index(), entries).find(text)]
    assert found == [str(at) for at, row in enumerate(rows) if holds(row)]


@given(st.sampled_from(SIGNS), st.integers(0, 3 * 86_400))
def test_a_moment_is_before_in_or_after_a_day_and_never_two_of_these(sign, offset):
    entry = entry_of({**FACTS, "created_at": DAY - 86_400 + offset})
    language = Language(Index(), [entry])
    day = offset // 86_400 - 1  # of three days the middle one is 0
    assert means(f"created_at {sign} 2026-11-01", language) == python_of(sign, day, 0)


NAMES = st.text(st.characters(exclude_characters="`\\", exclude_categories=["Cs"]), min_size=1)


@given(NAMES)
def test_every_name_can_be_asked_for_in_backticks(name):
    entry = entry_of({"id": "x", "name": "x"}, {name: 3.0})
    asked = f"metric.{name}" if name in ("id", "name") else name
    assert len(Language(Index(), [entry]).find(f"`{asked}` == 3")) == 1


def test_a_metric_that_is_called_as_a_fact_is_asked_for_as_a_metric():
    """Also where another run has no such fact, only the metric."""
    entries = [
        entry_of(FACTS | {"lr": "cosine"}, {"lr": 3.0, "step": 7.0}),
        entry_of({**OTHER.facts.without_metrics()}, {"lr": 5.0}),
    ]
    language = Language(Index(), entries)
    assert language.names.metrics == ["metric.lr", "metric.step"]
    assert [entry.id for entry in language.find("metric.lr > 2")] == [FACTS["id"], "other"]
    assert [entry.id for entry in language.find("lr == cosine")] == [FACTS["id"]]
    assert [entry.id for entry in language.find("step == 120 and metric.step == 7")] == [
        FACTS["id"]
    ]
    assert language.reading("metric.lr")[1](entries[1]) == 5.0
    assert language.reading("lr")[1](entries[1]) is None
    assert means("metric.val/loss == 1.5")  # in front of any metric


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("archived == true", True),
        ("wide or not (known(archived) and step > 1)", True),
        ("wide archived", False),
        ('name ~ "archived"', False),
        ("tags contains archived", False),
        ("", False),
    ],
)
def test_only_a_condition_asks_about_a_fact(text, asks):
    assert LANGUAGE.asks_about("archived", text) is asks


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_can_be_written_in_quotes(text):
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    entry = entry_of({**FACTS, "project": text})
    assert len(Language(Index(), [entry]).find(f"project == {quoted}")) == 1


# -- columns and order ---------------------------------------------------------------------------


def test_a_column_is_a_fact_or_the_extreme_of_a_metric():
    term, read = LANGUAGE.reading("lr")
    assert (str(term), read(entry_of())) == ("optimizer.lr", 1e-3)
    term, read = LANGUAGE.reading("best(val/accuracy)")
    assert (str(term), read(entry_of())) == ("max(val/accuracy)", 0.95)
    with pytest.raises(QueryError, match="no run has 'val/los'"):
        LANGUAGE.reading("val/los")
    with pytest.raises(QueryError):
        LANGUAGE.reading("val/loss < 1")


@given(st.lists(VALUES | st.just(math.nan), max_size=8), st.booleans())
def test_what_is_not_known_comes_last_either_way(values, descending):
    entries = [
        entry_of({**FACTS, "id": str(at), "x": value}, {}) for at, value in enumerate(values)
    ]
    found = ordered(entries, lambda entry: entry.facts["x"], descending=descending)
    xs = [entry.facts["x"] for entry in found]
    known = [x for x in xs if x is not None]
    assert xs[len(known) :] == [None] * (len(xs) - len(known))
    numbers = [x for x in known if not math.isnan(x)]
    assert all(math.isnan(x) for x in known[len(numbers) :])
    assert numbers == sorted(numbers, reverse=descending)
    assert sorted(entry.id for entry in found) == sorted(entry.id for entry in entries)


@pytest.mark.parametrize("metric", ["speed/tokens_per_s", "warmup_s", "loss_at"])
def test_a_metric_is_a_number_whatever_it_is_called(metric):
    language = Language(Index(), [entry_of(FACTS, {metric: 5_000.0})])
    assert language.names.kind(metric) == "number"
    assert means(f"`{metric}` > 4999", language)
    assert f"{metric} is a number" in str(refusal(f"`{metric}` > 10m", language))


def test_what_only_a_late_run_has_otherwise_is_not_refused():
    entries = [entry_of({**FACTS, "id": str(at)}) for at in range(300)]
    late = entry_of({**FACTS, "id": "late", "optimizer.lr": "auto"})
    found = Language(Index(), [*entries, late]).find("lr == auto")
    assert [entry.id for entry in found] == ["late"]
    with pytest.raises(QueryError, match="is a number"):
        Language(Index(), entries).find("lr == auto")


def test_texts_and_numbers_can_be_sorted_together():
    values = ["b", 2, "A", 1.5, True, ("z", "y"), None]
    entries = [entry_of({**FACTS, "id": str(at), "x": x}, {}) for at, x in enumerate(values)]
    found = ordered(entries, lambda entry: entry.facts["x"], descending=False)
    assert [entry.facts["x"] for entry in found] == [True, 1.5, 2, "A", "b", ("z", "y"), None]


def test_a_store_finds_runs(tmp_path):
    store = RunStore(tmp_path)
    run, _ = fabricate.run_of(store, fabricate.IMAGES), fabricate.run_of(store, steps=0)
    run.write_labels(Labels(tags=("good one",)))
    (found,) = store.find('tags contains "good one" and min(val/loss) < 10 and digits')
    assert found.id == run.id
    assert store.find("min(val/loss) < 0") == []

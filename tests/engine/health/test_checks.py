"""Each check fails the model that is broken in its way, and passes those that are whole."""

from __future__ import annotations

import pytest
import torch

from engine.health.examination import CHECKS, check
from engine.health.names import NAMES
from tests.engine.health import subjects as s

WHOLE = {
    "decoder": (s.Decoder, s.TEXT),
    "tied decoder": (s.Tied, s.TEXT),
    "attention by hand": (s.ByHand, s.TEXT),
    "PyTorch's encoder": (s.TorchEncoder, s.PADDED),
    "classifier": (lambda: s.Classifier(masked=True), s.PADDED),
    "table": (s.Table, s.TABLE),
    "a branch that begins at zero": (s.ZeroBranch, s.TABLE),
    "batch norm, dropout, a frozen layer": (s.Normed, s.TABLE),
}
NOT_MEASURED = {
    "causal-lm": {"padding"},
    "sequence-classification": {"causality"},
    "tabular-classification": {"causality", "padding", "attention"},
}
"""What does not apply to the data; the classifier has no attention besides."""

BROKEN = [
    ("instantiation", s.PlainList, s.TABLE, "fail", "layers in more"),
    ("instantiation", s.NothingTrained, s.TABLE, "fail", "no trained parameters"),
    ("instantiation", s.NotBuilt, s.TABLE, "fail", "TypeError"),
    ("forward", s.OneSizeBatch, s.TABLE, "fail", "Batches of 1, 2, 3 samples do not work"),
    ("forward", s.OneLength, s.TEXT, "fail", "Sequences of 1, 2, 5 tokens do not work"),
    ("forward", s.WrongShape, s.TABLE, "fail", "(1, 1, 3) for targets of shape (1,)"),
    ("forward", s.TooManyClasses, s.TABLE, "warn", "5 outputs for one target"),
    ("forward", s.NaNOutputs, s.TABLE, "fail", "NaN or infinite"),
    ("determinism", s.OwnSeed, s.TABLE, "fail", "weights of wide.weight differ"),
    ("determinism", lambda: s.Decoder(dropout=0.1), s.TEXT, "fail", "two passes"),
    ("determinism", s.CountsInEval, s.TABLE, "fail", "changes passes"),
    ("determinism", s.WritesInputs, s.TABLE, "fail", "changes its inputs in place: inputs."),
    ("batch-independence", s.BatchMixing, s.TABLE, "fail", "what is beside it"),
    ("causality", lambda: s.Decoder(causal=False), s.TEXT, "fail", "moves the output at token 1"),
    ("padding", lambda: s.Classifier(masked=False), s.PADDED, "fail", "padded to 10"),
    ("gradient-flow", s.DeadLayer, s.TABLE, "fail", "no gradient at all: wide."),
    ("gradient-flow", s.DeadRelu, s.TABLE, "fail", "no gradient at all: wide."),
    ("gradient-flow", s.UnusedPart, s.TABLE, "warn", "wide.extra"),
    ("gradient-flow", s.Vanishing, s.TABLE, "fail", "vanishes on its way to layers.0, layers.1"),
    ("gradient-flow", s.Exploding, s.TABLE, "fail", "explode"),
    ("initialisation", s.TooSure, s.TABLE, "fail", "where guessing gives 1.099"),
    ("initialisation", s.AllAlike, s.TABLE, "fail", "wide.weight are the same number"),
    ("initialisation", s.Exploding, s.TABLE, "fail", "layers.2"),
    ("large-inputs", s.ExpOverflow, s.TABLE, "fail", "255 times"),
    ("large-inputs", s.NaNForZeros, s.TABLE, "fail", "zeros"),
    ("bf16", s.Coarse, s.TABLE, "fail", "differ from those of fp32"),
    ("bf16", s.NoBf16, s.TABLE, "warn", "cannot run under bf16"),
    ("overfitting", s.LooksAway, s.TABLE, "fail", "of the loss is left"),
    ("memory", s.EachWithEach, s.TABLE, "warn", "not grow in proportion"),
    ("speed", s.Slow, s.TABLE, "warn", "One sample takes 1."),
    ("attention", lambda: s.Decoder(scale=100.0), s.TEXT, "warn", "one place only"),
    ("attention", lambda: s.ByHand(100.0), s.TEXT, "warn", "one place only"),
    ("attention", s.SeesNothing, s.TEXT, "fail", "sees nothing"),
    ("noise", s.Amplifying, s.TABLE, "fail", "moves the outputs by"),
    ("saving", s.Unsaved, s.TABLE, "fail", "differ from the saved one's"),
    ("saving", s.TiedOnce, s.TEXT, "fail", "head.weight"),
    ("saving", s.Views, s.TABLE, "fail", "share memory"),
]


def found(factory, facts, *names):
    return {one.check: one for one in check(s.subject(factory, facts), names or CHECKS)}


def test_every_name_has_a_check():
    assert list(CHECKS) == list(NAMES)


def test_every_check_has_a_model_that_it_finds_fault_with():
    assert {name for name, *_ in BROKEN} == set(CHECKS)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_model_passes_every_check_that_applies(name):
    factory, facts = WHOLE[name]
    findings = found(factory, facts)
    skipped = NOT_MEASURED[facts.task] | ({"attention"} if name == "classifier" else set())
    assert {one: findings[one].text for one in findings if findings[one].verdict != "pass"} == {
        one: findings[one].text for one in skipped
    }
    assert {one for one in findings if findings[one].verdict == "skipped"} == skipped
    for one in set(CHECKS) - skipped:
        assert any(number.value is not None for number in findings[one].measured)
        assert not findings[one].remedy


@pytest.mark.parametrize(
    ("name", "factory", "facts", "verdict", "words"),
    BROKEN,
    ids=[f"{name}-{getattr(factory, '__name__', '')}" for name, factory, *_ in BROKEN],
)
def test_a_broken_model_is_found(name, factory, facts, verdict, words):
    finding = found(factory, facts, name)[name]
    assert (finding.verdict, words in finding.text) == (verdict, True), finding.text
    assert finding.text[0].isupper()
    assert finding.text.endswith(".")


def test_what_cannot_be_built_is_said_once_and_nothing_else_is_tried():
    findings = found(s.NotBuilt, s.TABLE)
    first = {"instantiation", "forward"}
    assert {one for one in findings if findings[one].verdict == "fail"} == first
    for one in set(CHECKS) - first:
        assert findings[one].verdict == "skipped"
        assert "cannot be built: TypeError" in findings[one].text


def test_a_model_of_random_outputs_is_faulted_for_that_alone():
    findings = found(lambda: s.Decoder(dropout=0.1), s.TEXT)
    assert {one for one in findings if findings[one].verdict == "fail"} == {"determinism"}
    assert "see Determinism" in findings["causality"].text


def test_a_check_that_raises_is_a_fault_of_its_own(monkeypatch):
    def broken(subject):
        raise ZeroDivisionError("of what it did")

    monkeypatch.setitem(CHECKS, "noise", broken)
    findings = found(s.Table, s.TABLE, "noise", "saving")
    assert findings["noise"].text == "Noise failed: ZeroDivisionError: of what it did."
    assert [one.verdict for one in findings.values()] == ["fail", "pass"]


def test_a_batch_that_does_not_fit_into_memory_is_a_fault():
    subject = s.subject(s.Table, s.TABLE)
    large = type(subject)(**{**vars(subject), "batch_size": 10**10})
    (finding,) = check(large, ["memory"])
    assert finding.verdict == "fail"
    assert "Use batches of at most" in finding.remedy


def test_the_future_that_is_seen_is_in_the_figure():
    finding = found(lambda: s.Decoder(causal=False), s.TEXT, "causality")["causality"]
    (heat,) = finding.figures
    assert (len(heat.rows), len(heat.rows[0])) == (s.LENGTH - 1, s.LENGTH)
    assert heat.rows[0][0] > 1e-4
    whole = found(s.Decoder, s.TEXT, "causality")["causality"].figures[0].rows
    assert all(value < 1e-4 for row, cells in enumerate(whole) for value in cells[: row + 1])


def test_what_autograd_keeps_is_what_the_estimate_says():
    from engine.examples import EXAMPLES
    from engine.health.checks.memory import kept_bytes
    from engine.health.subject import subject_of
    from engine.models.size import activation_floats

    spec = EXAMPLES["gpt-python-docs"].spec
    subject = subject_of(spec)
    model = subject.model()
    sample = kept_bytes(subject, model, 3) - kept_bytes(subject, model, 2)
    assert sample == pytest.approx(4 * activation_floats(spec.model, subject.facts), rel=0.1)


def test_memory_is_what_autograd_keeps():
    from engine.health.checks.memory import kept_bytes

    class Doubled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(s.FEATURES, s.CLASSES, bias=False)

        def forward(self, x):
            return self.head(x).exp().exp()

    model = Doubled()
    kept = kept_bytes(s.subject(Doubled, s.TABLE), model, 4)
    # both exponentials and the logarithms of the softmax, of 4 samples and 3 classes in fp32; the
    # one number of the sum of weights
    assert kept - 3 * 4 * s.CLASSES * 4 in (0, 4)

"""What holds of all checks together: their order says nothing, and they leave no trace."""

from __future__ import annotations

import random
import sys

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.health.examination import CHECKS, check
from engine.health.subject import copies_of
from engine.reproducibility import seed_everything
from tests.engine.health import subjects as s

TIMED = ("instantiation", "overfitting", "memory", "speed")
"""Checks that also measure the time or the memory of this machine: of these the verdict alone."""


class Restless(s.Normed):
    """Draws from every global generator, when it is built and in forward."""

    def __init__(self):
        super().__init__()
        self.head.bias.data += random.random() + np.random.rand()

    def forward(self, x):
        sys.stdout.write("a word on the way")
        return super().forward(x) + 0 * torch.rand(())


def verdicts(factory, facts, names):
    made = check(s.subject(factory, facts), names)
    return {one.check: (one.verdict, None if one.check in TIMED else one.measured) for one in made}


IN_ORDER = verdicts(s.Normed, s.TABLE, list(CHECKS))


@settings(max_examples=5)
@given(st.permutations(list(CHECKS)))
def test_the_order_of_the_checks_changes_no_verdict(names):
    assert verdicts(s.Normed, s.TABLE, names) == IN_ORDER


def test_random_generators_are_left_as_they_were():
    seed_everything(3)
    before = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()
    assert {one.verdict for one in check(s.subject(Restless, s.TABLE))} == {"pass", "skipped"}
    after = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()
    assert torch.equal(before[0], after[0])
    np.testing.assert_equal(before[1], after[1])
    assert before[2] == after[2]


def test_between_two_findings_the_callers_random_numbers_go_on():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drawn = []
    for _ in check(s.subject(Restless, s.TABLE), ["forward", "noise", "saving"]):
        drawn.append(float(torch.rand(())))
    assert drawn == expected.tolist()


def test_a_model_that_is_handed_over_stays_as_it_is():
    model = s.Normed().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    findings = {one.check: one.verdict for one in check(s.subject(copies_of(model), s.TABLE))}
    assert set(findings.values()) == {"pass", "skipped"}
    assert not model.training
    assert all(weight.grad is None for weight in model.parameters())
    assert all(torch.equal(tensor, before[n]) for n, tensor in model.state_dict().items())
    assert not model.wide._forward_hooks


def test_a_factory_that_makes_no_new_model_is_refused():
    model = s.Table()
    (finding,) = check(s.subject(lambda: model, s.TABLE), ["noise"])
    assert finding.verdict == "skipped"
    assert "must make a new one" in finding.text


def test_what_a_model_prints_is_not_shown(capsys):
    list(check(s.subject(Restless, s.TABLE), ["forward"]))
    assert capsys.readouterr().out == ""


def test_gradients_may_be_off_around_it():
    with torch.no_grad():
        (finding,) = check(s.subject(s.Table, s.TABLE), ["gradient-flow"])
    assert finding.verdict == "pass"


def test_it_is_told_which_check_begins():
    begun = []
    names = ["noise", "saving"]
    assert [one.check for one in check(s.subject(s.Table, s.TABLE), names, begun.append)] == names
    assert begun == names

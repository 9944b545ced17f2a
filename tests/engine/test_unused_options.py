"""Options of a dataset that nothing reads are told of, and those that are read are not."""

import pytest

from engine.checks.finding import Case
from engine.checks.unused_options import options_of_other_inputs
from engine.data.library.spec import DatasetSpec
from engine.examples import EXAMPLES
from engine.machine import MachineFacts
from tests.engine.facts import TABLE

EXAMPLE = EXAMPLES["diabetes-table"].spec
MACHINE = MachineFacts(
    cores=2, memory_bytes=10**12, memory_available_bytes=10**12, disk_free_bytes=10**11
)


def found(task, **options):
    """The problem of each finding on a dataset with these options, all of them warnings."""
    data = DatasetSpec(dataset="0" * 64, task=task, columns={"a": "number"}, **options)
    spec = EXAMPLE.model_copy(update={"data": data})
    findings = list(options_of_other_inputs(Case(spec, TABLE, MACHINE, None)))
    assert {finding.severity for finding in findings} <= {"warning"}
    return [finding.problem for finding in findings]


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("tabular-regression", {}),
        ("tabular-regression", {"table": {"missing": "drop"}, "image": {"height": 32}}),
        ("image-classification", {"image": {"height": 64}}),
        ("causal-lm", {"text": {"length": 128, "tokenizer": {"kind": "byte"}}}),
    ],
)
def test_options_that_are_read_are_let_through(task, options):
    assert found(task, **options) == []


def test_options_of_images_are_told_of_on_a_table():
    (problem,) = found("tabular-regression", image={"height": 64})
    assert problem.path == "data.image.height"
    assert problem.message == "is not used by tabular-regression, whose inputs are a table"
    assert problem.got == "64"
    assert problem.remedy == "Leave it out, or choose a task whose inputs are images."


def test_each_option_that_is_not_read_is_told_of():
    options = {"text": {"tokenizer": {"kind": "byte"}, "lower": True}, "table": {"missing": "drop"}}
    problems = found("image-classification", **options)
    assert [(problem.path, problem.got) for problem in problems] == [
        ("data.text.tokenizer", "byte"),
        ("data.text.lower", "True"),
        ("data.table.missing", "drop"),
    ]

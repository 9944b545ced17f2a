"""Tables: scikit-learn's own, standardised by what was trained on."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from engine.data.sources import load
from engine.data.specs import BreastCancerSpec, DiabetesSpec, IrisSpec, WineSpec
from engine.data.tables import standardised, table

SPECS = [BreastCancerSpec(), WineSpec(), IrisSpec(), DiabetesSpec()]


def test_tables_are_scikit_learns():
    script = """
        import numpy as np
        from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
        from engine.data.tables import table
        expected = {"breast-cancer": load_breast_cancer(), "wine": load_wine(),
                    "iris": load_iris(), "diabetes": load_diabetes(scaled=False)}
        for name, bunch in expected.items():
            assert np.array_equal(table(name).inputs, bunch.data), name
            assert np.array_equal(table(name).targets, bunch.target), name
            assert len(table(name).features) == len(bunch.feature_names), name
        for name in ("breast-cancer", "iris"):
            assert table(name).classes == tuple(expected[name].target_names)
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.source)
def test_columns_are_standardised_by_the_training_rows(spec):
    loaded = load(spec)
    inputs = loaded.train["inputs"]
    assert inputs.dtype == np.float32
    assert inputs.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert inputs.std(axis=0) == pytest.approx(1, abs=1e-4)
    assert np.abs(loaded.val["inputs"].mean(axis=0)).max() > 0.01


@pytest.mark.parametrize("spec", SPECS[:3], ids=lambda spec: spec.source)
def test_each_class_gives_its_share(spec):
    loaded = load(spec)
    train, val = (np.bincount(split["targets"]) for split in (loaded.train, loaded.val))
    assert val / (train + val) == pytest.approx(0.2, abs=0.03)
    assert loaded.facts.outputs == len(train) == len(loaded.facts.classes)


def test_the_facts_bring_a_number_back_into_its_unit():
    loaded = load(DiabetesSpec())
    facts, targets = loaded.facts, loaded.train["targets"]
    assert targets.dtype == np.float32
    assert (targets.mean(), targets.std()) == pytest.approx((0, 1), abs=1e-5)
    both = np.concatenate([targets, loaded.val["targets"]]) * facts.target_std + facts.target_mean
    assert sorted(both) == pytest.approx(sorted(table("diabetes").targets), abs=1e-3)
    assert (facts.outputs, facts.target_name) == (1, "progression after a year")
    assert (facts.train_samples, facts.val_samples) == (354, 88)


def test_a_column_that_never_changes_harms_nothing():
    values = np.array([[1.0, 5.0], [3.0, 5.0], [9.0, 7.0]])
    scaled, mean, std = standardised(values, np.array([True, True, False]))
    assert scaled.tolist() == [[-1, 0], [1, 0], [7, 2]]
    assert (mean.tolist(), std.tolist()) == ([2, 5], [1, 1])


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.source)
def test_no_row_is_in_both_splits(spec):
    for split_seed in range(5):  # the irises have a pair of equal rows
        loaded = load(spec.model_copy(update={"split_seed": split_seed}))
        train, val = (
            set(map(tuple, split["inputs"].tolist())) for split in (loaded.train, loaded.val)
        )
        assert train & val == set()

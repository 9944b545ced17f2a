"""Which charts a board shows, and in which colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.board import STARTER, live_charts, overlay_charts
from components.charts.palette import COLORS, colors_of

GPT = [
    "optim/grad_norm",
    "optim/lr",
    "speed/samples_per_s",
    "speed/step_ms",
    "speed/tokens_per_s",
    "train/loss",
    "val/bits_per_char",
    "val/loss",
    "val/perplexity",
]


def titles(charts):
    return [(chart.title, chart.unit, [curve.label for curve in chart.curves]) for chart in charts]


def test_a_language_model_gets_its_charts_in_reading_order():
    assert titles(live_charts(GPT)) == [
        ("Loss", "", ["Train", "Validation"]),
        ("Perplexity", "", ["Validation"]),
        ("Bits per character", "bits", ["Validation"]),
        ("Learning rate", "", ["Learning rate"]),
        ("Gradient norm", "L2", ["Gradient norm"]),
        ("Throughput", "tokens/s", ["Throughput"]),
        ("Throughput", "samples/s", ["Throughput"]),
        ("Step time", "ms", ["Step time"]),
    ]


def test_a_classifier_shows_training_and_validation_accuracy_together():
    charts = live_charts(["val/accuracy", "train/accuracy", "val/f1_macro"])
    assert [[curve.metric for curve in chart.curves] for chart in charts] == [
        ["train/accuracy", "val/accuracy"],
        ["val/f1_macro"],
    ]


def test_unknown_metrics_are_grouped_by_what_is_behind_the_slash():
    charts = live_charts(["train/bleu", "val/bleu", "system/cpu", "plain", "odd/", "a/b/c"])
    assert titles(charts) == [
        ("b/c", "", ["a"]),
        ("bleu", "", ["Train", "Validation"]),
        ("cpu", "", ["system"]),
        ("odd/", "", ["odd"]),
        ("plain", "", ["plain"]),
    ]


def test_a_run_without_metrics_shows_the_charts_that_nearly_every_run_will_have():
    assert live_charts([]) == live_charts(STARTER)


def test_perplexity_is_logarithmic_and_the_learning_rate_is_not_smoothed():
    by_key = {chart.key: chart for chart in live_charts(GPT)}
    assert [key for key, chart in by_key.items() if chart.log] == ["perplexity"]
    assert not by_key["lr"].curves[0].smooth
    assert [curve.smooth for curve in by_key["loss"].curves] == [True, False]


def test_an_overlay_has_one_chart_a_metric():
    assert titles(overlay_charts(["val/loss", "train/loss", "optim/lr", "a/b"])) == [
        ("Loss · train", "", ["Train"]),
        ("Loss · validation", "", ["Validation"]),
        ("Learning rate", "", ["Learning rate"]),
        ("a/b", "", ["a"]),
    ]


@given(st.sets(st.text(max_size=12) | st.sampled_from(GPT), min_size=1))
def test_every_metric_is_in_exactly_one_chart_and_keys_are_unique(metrics):
    for charts in (live_charts(metrics), overlay_charts(metrics)):
        shown = [curve.metric for chart in charts for curve in chart.curves]
        assert sorted(shown) == sorted(metrics)
        assert len({chart.key for chart in charts}) == len(charts)


@given(st.sets(st.text(max_size=8), max_size=30))
def test_runs_have_different_colors_while_there_are_enough(run_ids):
    colors = colors_of(run_ids)
    assert set(colors) == run_ids
    assert len(set(colors.values())) >= min(len(run_ids), len(COLORS))


@pytest.mark.parametrize("color", COLORS)
def test_every_color_stands_out_on_the_light_and_on_the_dark_background(color):
    """At least 2.5:1, for lines of two pixels."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 2.5
    assert (luminance + 0.05) / (0.0044 + 0.05) >= 2.5

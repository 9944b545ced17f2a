"""Which charts a board shows, and in which colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.board import MOST_LAYERS, STARTER, live_charts, overlay_charts
from components.charts.palette import COLORS, DASHES, gradual, looks_of
from engine.task_spec import METRICS

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
        ("Throughput, tokens", "tokens/s", ["Throughput, tokens"]),
        ("Throughput, samples", "samples/s", ["Throughput, samples"]),
        ("Step time", "ms", ["Step time"]),
    ]


def test_a_classifier_shows_training_and_validation_accuracy_together():
    charts = live_charts(["val/accuracy", "train/accuracy", "val/f1_macro"])
    assert [[curve.metric for curve in chart.curves] for chart in charts] == [
        ["train/accuracy", "val/accuracy"],
        ["val/f1_macro"],
    ]


@pytest.mark.parametrize("kind", METRICS)
def test_every_metric_of_a_task_has_a_title_and_says_what_it_is(kind):
    metrics = [f"val/{name}" for name in METRICS[kind]]
    for chart in live_charts(metrics):
        assert chart.title != chart.key
        assert chart.help.endswith(".")
    first, *_ = live_charts(metrics)
    assert first.key == "loss"


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


LAYERS = [f"blocks.{n}.{part}.weight" for n in (0, 9, 10) for part in ("attention", "mlp")]
BY_LAYER = [f"layers/{kind}/{layer}" for layer in LAYERS for kind in ("grad_norm", "update_ratio")]


def test_the_layers_share_a_chart_in_their_order_in_gradual_colors():
    loss, norm, ratio = live_charts([*BY_LAYER, "train/loss"])
    assert titles([norm, ratio]) == [
        ("Gradient norm by layer", "L2", LAYERS),
        ("Update to weight ratio by layer", "", LAYERS),
    ]
    assert [curve.color for curve in norm.curves] == list(gradual(6))
    assert norm.log
    assert not any(curve.color for curve in loss.curves)


def test_a_model_of_many_layers_gets_several_charts():
    metrics = [f"layers/grad_norm/blocks.{n}.bias" for n in range(2 * MOST_LAYERS + 1)]
    charts = live_charts(metrics)
    assert [len(chart.curves) for chart in charts] == [MOST_LAYERS, MOST_LAYERS, 1]
    assert charts[2].title == "Gradient norm by layer, 3 of 3"
    assert charts[1].curves[0].label == f"blocks.{MOST_LAYERS}.bias"


def test_what_the_machine_does_has_titles_and_one_chart_of_memory():
    metrics = ["memory/gpu_mb", "memory/process_mb", "speed/mfu", "optim/loss_scale"]
    assert titles(live_charts(metrics)) == [
        ("Model FLOPs utilisation", "%", ["Model FLOPs utilisation"]),
        ("Memory", "MB", ["GPU", "Process"]),
        ("Loss scale", "", ["Loss scale"]),
    ]


def test_an_overlay_names_the_layer_and_the_kind_of_memory():
    metrics = ["layers/grad_norm/0.weight", "memory/gpu_mb"]
    assert titles(overlay_charts(metrics)) == [
        ("Memory · GPU", "MB", ["GPU"]),
        ("Gradient norm by layer · 0.weight", "L2", ["0.weight"]),
    ]


def test_an_overlay_shows_the_gpus_of_all_runs_in_one_chart_and_tells_them_apart():
    metrics = ["gpu/0/power_w", "gpu/10/power_w", "gpu/2/power_w", "gpu/2/memory_mb"]
    assert titles(overlay_charts(metrics)) == [
        ("GPU memory", "MB", ["GPU 2"]),
        ("GPU power", "W", ["GPU 0", "GPU 2", "GPU 10"]),
    ]


@given(st.sets(st.text(max_size=12) | st.sampled_from([*GPT, *BY_LAYER]), min_size=1))
def test_every_metric_is_in_exactly_one_chart_and_keys_are_unique(metrics):
    for charts in (live_charts(metrics), overlay_charts(metrics)):
        shown = [curve.metric for chart in charts for curve in chart.curves]
        assert sorted(shown) == sorted(metrics)
        assert len({chart.key for chart in charts}) == len(charts)


@given(st.sets(st.text(max_size=8), max_size=len(COLORS) * len(DASHES)))
def test_no_two_runs_look_alike_while_there_are_enough_looks(run_ids):
    looks = looks_of(run_ids)
    assert set(looks) == run_ids
    assert len(set(looks.values())) == len(run_ids)
    assert looks == looks_of(sorted(run_ids, reverse=True))
    solid = [run_id for run_id in sorted(run_ids) if looks[run_id].dash == "solid"]
    assert solid == sorted(run_ids)[: len(COLORS)]


@pytest.mark.parametrize("color", [*COLORS, *gradual(60)])
def test_every_color_stands_out_on_the_light_and_on_the_dark_background(color):
    """At least 2.5:1, for lines of two pixels."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 2.5
    assert (luminance + 0.05) / (0.0044 + 0.05) >= 2.5


def test_the_gpus_of_a_machine_share_charts_with_their_numbers():
    (chart,) = live_charts(["gpu/0/power_w", "gpu/10/power_w", "gpu/2/power_w"])
    assert (chart.title, chart.unit) == ("GPU power", "W")
    assert [curve.label for curve in chart.curves] == ["GPU 0", "GPU 2", "GPU 10"]


def test_the_machine_and_the_process_have_charts_of_their_own():
    charts = live_charts(["system/cpu_percent", "system/process_cpu_percent"])
    assert [chart.title for chart in charts] == ["Processor", "Processor, this process"]

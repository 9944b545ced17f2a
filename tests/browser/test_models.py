"""The page of a model in a browser: measured, its tree opened and searched, its health checked."""

from __future__ import annotations

from playwright.sync_api import expect

from engine.data.specs import IrisSpec
from engine.models.registry import Registry
from engine.models.specs import TabularTransformerSpec
from engine.models.version import version_of
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec

TINY = TabularTransformerSpec(layers=2, heads=2, width=8)


def test_a_model_is_measured_looked_into_and_examined(page, app_url, runs_folder):
    task = TaskSpec(kind="tabular-classification")
    Registry(RunStore(runs_folder).root).add(TINY, "tiny <b>", task=task, data=IrisSpec())
    page.goto(f"{app_url}/models?model={version_of(TINY)}&part=Structure")
    page.get_by_role("button", name="Measure structure").click()
    rows = page.locator(".td-tree tbody tr")
    folded = rows.filter(has_text="0 … 1").filter(has_text="× 2")
    expect(folded).to_have_attribute("aria-expanded", "false")
    folded.click()
    expect(folded).to_have_attribute("aria-expanded", "true")
    attention = rows.filter(has_text="SelfAttention")
    expect(attention).to_have_attribute("aria-level", "4")
    attention.press("ArrowRight")
    expect(rows.filter(has_text="qkv")).to_have_count(1)
    page.get_by_label("Search modules").fill("norm_1")
    expect(page.locator(".td-tree-found")).to_have_text("2 modules")
    page.get_by_text("Graph", exact=True).click()
    expect(page.locator(".td-graph svg text").filter(has_text="blocks.0 … 1")).to_be_visible()
    page.get_by_role("tab", name="Health").click()
    page.get_by_role("button", name="Check health").click()
    page.get_by_text(" of 16 checks").first.wait_for()
    page.get_by_role("button", name="Check again").wait_for(timeout=90_000)
    page.get_by_text("Overfits one batch").click()
    page.locator(".js-plotly-plot").first.wait_for()
    expect(page.get_by_role("heading", name="tiny <b>")).to_be_visible()

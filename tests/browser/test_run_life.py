"""A run that really trains, asked and killed from the Live page."""

import os
import signal

import pytest

from engine.data.specs import DigitsSpec
from engine.frozen import with_changes
from engine.models.specs import MLPSpec
from engine.run_spec import RunSpec
from engine.runs.state import ACTIVE
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec
from tests.browser.shots import wait
from tests.browser.watching import becomes

ENDLESS = with_changes(
    RunSpec(
        name="endless",
        task=TaskSpec(kind="image-classification"),
        model=MLPSpec(width=16),
        data=DigitsSpec(),
    ),
    {
        "training.length.amount": 5_000_000,
        "training.hardware.threads": 1,
        "training.logging.every_steps": 50,
        "training.evaluation.every_steps": 2000,
        "training.checkpointing.every_steps": 2000,
    },
)

pytestmark = pytest.mark.slow


@pytest.fixture
def run_of(app_url, runs_folder):
    """Queue an endless run for the app's own dispatcher; it is stopped in the end."""
    store, runs = RunStore(runs_folder), []

    def run_of(launcher):
        run = store.create(ENDLESS)
        runs.append(run)
        store.enqueue(run, launcher)
        return run

    yield run_of
    for run in runs:
        if run.state().status in ACTIVE:
            run.request("stop")
    wait(lambda: not any(run.is_owned() for run in runs))


def press(page, label, *, timeout=10_000):
    page.get_by_role("button", name=label, exact=True).click(timeout=timeout)


def badge(page, status, *, timeout=40_000):
    page.locator(".stMarkdownBadge", has_text=status).first.wait_for(timeout=timeout)


@pytest.mark.parametrize("launcher", ["process", "thread"])
def test_a_run_obeys_every_button(page, app_url, run_of, launcher):
    run = run_of(launcher)
    page.goto(f"{app_url}/live?run={run.id}")
    badge(page, "running")
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=60_000)
    press(page, "Pause")
    badge(page, "paused")
    step = run.state().step
    page.wait_for_timeout(1000)
    assert run.state().step == step
    press(page, "Resume")
    badge(page, "running")
    page.get_by_role("tab", name="Log").click()
    lines = page.locator(".td-log tr")
    lines.first.wait_for()
    before = lines.count()
    press(page, "Checkpoint now")
    becomes(page, lambda: lines.count() > before, True)
    press(page, "Stop and save")
    badge(page, "stopped")
    assert run.checkpoint_steps()[-1] == run.state().step
    stopped_at = run.state().step
    press(page, "Resume")
    badge(page, "running")
    wait(lambda: run.state().attempt == 2)
    assert run.state().resumed_from == stopped_at
    press(page, "Stop")
    press(page, "Stop without saving")
    badge(page, "stopped")


def test_a_run_is_steered_and_its_curves_show_where(page, app_url, run_of):
    run = run_of("process")
    page.goto(f"{app_url}/live?run={run.id}")
    badge(page, "running")
    wait(lambda: run.last("optim/lr") is not None)
    press(page, "Steer", timeout=60_000)
    page.get_by_label("Multiply the learning rate by").fill("0.5")
    page.get_by_role("button", name="Apply").first.click()
    wait(lambda: [act.act for act in run.acts()] == ["lr-factor"])
    page.get_by_label("Train more steps").fill("1000")
    page.get_by_role("button", name="Apply").nth(1).click()
    wait(lambda: run.state().total_steps == ENDLESS.training.length.amount + 1000)
    page.get_by_text("more steps asked for").first.wait_for(state="hidden")
    symbols = "plot => plot.data?.find(trace => trace.mode === 'markers+text')?.marker.symbol"
    page.wait_for_function(
        f"[...document.querySelectorAll('.js-plotly-plot')].map({symbols})"
        ".some(shown => shown?.includes('diamond'))",
        timeout=60_000,
    )


def test_a_run_is_extended_and_then_forked(page, app_url, runs_folder):
    store = RunStore(runs_folder)
    often = {"training.evaluation.every_steps": 20, "training.checkpointing.every_steps": 20}
    short = {"name": "short", "training.length.amount": 60, **often}
    run = store.create(with_changes(ENDLESS, short))
    store.enqueue(run, "process")
    page.goto(f"{app_url}/live?run={run.id}")
    badge(page, "completed", timeout=120_000)
    press(page, "Extend")
    page.get_by_label("More steps").fill("40")
    page.get_by_role("button", name="Extend and train").click()
    wait(lambda: run.state().step == 100 and run.state().status == "completed")
    page.get_by_text("Step 100 of 100").wait_for(timeout=60_000)
    press(page, "Fork", timeout=60_000)
    page.get_by_role("button", name="Set it up").click()
    page.get_by_text("Fork of short from step 100").wait_for(timeout=60_000)
    page.get_by_text("the checkpoint is of step 100").first.wait_for(timeout=60_000)
    length = page.get_by_role("spinbutton", name="Training length")
    length.fill("150")
    length.press("Enter")
    page.wait_for_timeout(2000)  # a click while the form answers is lost
    page.get_by_role("button", name="Start the fork").click(timeout=60_000)
    page.get_by_text("Forked from", exact=True).wait_for(timeout=60_000)
    page.get_by_text("Step 150 of 150").wait_for(timeout=120_000)
    page.get_by_role("link", name="short", exact=True).click()
    page.get_by_text("Step 100 of 100").wait_for(timeout=60_000)


def test_a_killed_worker_is_said_and_resumed(page, app_url, run_of):
    run = run_of("process")
    page.goto(f"{app_url}/live?run={run.id}")
    badge(page, "running")
    page.get_by_text("Best loss @").wait_for(timeout=60_000)
    os.kill(run.state().pid, signal.SIGKILL)
    badge(page, "interrupted")
    page.get_by_text("curves are complete up to step").wait_for()
    page.get_by_text("Resume continues from the checkpoint at step").wait_for()
    press(page, "Resume")
    badge(page, "running")
    wait(lambda: run.state().attempt == 2)

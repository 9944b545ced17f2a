"""A CSV of reviews is uploaded, looked at, and a model trained on it."""

import random

from playwright.sync_api import expect

from engine.runs.state import ACTIVE
from engine.runs.store import RunStore
from tests.browser.server import ROOT, serving

KINDS = {"good": ("a fine film", "clever and warm"), "bad": ("a dull film", "boring and poor")}


def reviews():
    draw = random.Random(0)
    yield "review,opinion"
    for number in range(300):
        opinion = draw.choice(["good", "bad"])
        yield f'"{draw.choice(KINDS[opinion])}, {number % 9}",{opinion}'


def test_an_uploaded_table_of_texts_becomes_a_live_run(page, tmp_path):
    runs, given = tmp_path / "runs", tmp_path / "reviews.csv"
    given.write_text("\n".join(reviews()))
    with serving(ROOT / "app.py", runs) as url:
        page.goto(f"{url}/data")
        page.locator("input[type=file]").first.set_input_files(given)
        bring = page.get_by_role("button", name="Bring it in")
        expect(bring).to_be_enabled()
        bring.click()
        page.wait_for_url("**/data?dataset=*")
        expect(page.get_by_text("300 rows · 2 columns")).to_be_visible()
        expect(page.get_by_text("Classify texts").first).to_be_visible()
        page.console_errors.clear()  # what Streamlit's start logs below the root: 404s
        page.get_by_role("tab", name="Tokens").click()
        expect(page.get_by_text("Most frequent")).to_be_visible()
        page.get_by_role("button", name="Train on this data").click()
        expect(page.get_by_text("The form now trains on")).to_be_visible()
        page.locator(".st-key-launch-start button").first.click()
        page.wait_for_url("**/live?run=*")
        expect(page.locator(".js-plotly-plot .trace").first).to_be_visible(timeout=40_000)
        run = RunStore(runs).open(page.url.partition("run=")[2].partition("&")[0])
        assert (run.spec.data.source, run.spec.task.kind) == ("dataset", "sequence-classification")
        page.get_by_role("button", name="Stop", exact=True).first.click()
        page.get_by_role("button", name="Stop without saving").click()
        expect(page.get_by_text("stopped").first).to_be_visible()
        assert run.state().status not in ACTIVE
        page.goto("about:blank")  # or the board asks a server that has gone

"""A model.py and its config.json are uploaded, looked at, allowed, tried and trained."""

from playwright.sync_api import expect

from components.draft import Draft, DraftFile
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.runs.state import ACTIVE
from engine.runs.store import RunStore
from tests.browser.server import ROOT, serving
from tests.engine.imported.table import files_of

expect.set_options(timeout=20_000)


def test_an_uploaded_model_trains_and_its_curves_are_drawn(page, tmp_path):
    runs, given = tmp_path / "runs", tmp_path / "given"
    given.mkdir()
    for name, data in files_of("nano_gpt").items():
        (given / name).write_bytes(data)
    store = RunStore(runs)
    changes = {"training.evaluation.every_steps": 1000, "training.evaluation.samples": 0}
    DraftFile(runs).write(Draft.of(with_changes(EXAMPLES["gpt-python-docs"].spec, changes)))
    with serving(ROOT / "app.py", runs) as url:
        page.goto(f"{url}/models")
        page.locator("input[type=file]").first.set_input_files([*given.iterdir()])
        look = page.get_by_role("button", name="Look at it")
        expect(look).to_be_enabled()
        look.click()
        expect(page.get_by_text("class GPTConfig")).to_be_visible()
        expect(page.get_by_role("button", name="Train this model")).to_be_disabled()
        page.reload()
        page.get_by_role("button", name="I know this code: allow it to run").click()
        page.get_by_role("button", name="Try it on one real batch").click()
        expect(page.get_by_text("It works. 3,248 parameters")).to_be_visible(timeout=40_000)
        expect(page.get_by_text("(3, 32, 103)")).to_be_visible()
        page.console_errors.clear()  # what Streamlit's start logs below the root: 404s
        page.get_by_role("button", name="Train this model").click()
        expect(page.get_by_label("n_layer", exact=True)).to_have_value("1")
        page.locator(".st-key-launch-start button").first.click()
        page.wait_for_url("**/live?run=*")
        expect(page.locator(".js-plotly-plot .trace").first).to_be_visible(timeout=40_000)
        run = store.open(page.url.partition("run=")[2].partition("&")[0])
        assert run.spec.model.kind == "imported"
        page.get_by_role("button", name="Stop", exact=True).first.click()
        page.get_by_role("button", name="Stop without saving").click()
        expect(page.get_by_text("stopped").first).to_be_visible()
        assert run.state().status not in ACTIVE
        page.goto("about:blank")  # or the board asks a server that has gone

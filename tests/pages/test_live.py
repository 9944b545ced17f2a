"""The Live page, on fabricated run folders."""

import shutil

import numpy as np
import pytest

from engine.runs.series import RECORD, MetricFiles
from tests import fabricate

NASTY = "<img src=x onerror=alert(1)> **b** :red[x] :smile: $a$ [l](http://x) 🚂 日本 " + "x" * 220


def words(app):
    """Everything on the page that is plain or marked-up text."""
    parts = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info, *app.title]
    return "\n".join(part.value for part in parts).replace("\\", "")


def html(app):
    return "\n".join(element.proto.body for element in app.get("html"))


def metric(app, label):
    (found,) = [metric for metric in app.metric if metric.label.startswith(label)]
    return found.value


def button(app, label):
    (found,) = [button for button in app.button if button.label == label]
    return found


def append(run, name, value, step=1):
    files = MetricFiles(run.metrics_folder)
    files.append(name, np.array([(step, 1.0, value)], RECORD))
    files.close()


@pytest.fixture
def live(open_page):
    def live(run_id, tab="Charts"):
        app = open_page("live.py", run=run_id, tab=tab)
        assert not app.exception
        return app

    return live


@pytest.mark.parametrize(
    "status", ["queued", "running", "paused", "completed", "stopped", "failed", "interrupted"]
)
def test_every_status_has_a_page(store, live, status):
    run = fabricate.run_of(store, status=status, steps=120)
    app = live(run.id)
    assert f"[{status}]" in words(app) or status in words(app)
    assert metric(app, "Train loss") != "–"


def test_the_numbers_are_those_of_the_run(store, live):
    run = fabricate.run_of(store, status="running", steps=120)
    app = live(run.id)
    assert metric(app, "Val loss") == f"{run.last('val/loss')[1]:.4g}"
    assert metric(app, "Best loss @ 100") == f"{run.state().best.value:.4g}"
    assert metric(app, "Perplexity") == f"{run.last('val/perplexity')[1]:.4g}"


def test_a_run_without_metrics_shows_dashes(store, live):
    app = live(fabricate.run_of(store, status="queued", steps=0).id)
    assert {metric.value for metric in app.metric} == {"–"}


@pytest.mark.parametrize(
    ("value", "shown"), [(float("nan"), "NaN"), (float("inf"), "∞"), (float("-inf"), "-∞")]
)
def test_a_number_that_is_not_finite_is_shown_as_it_is(store, live, value, shown):
    run = fabricate.run_of(store, status="running", steps=10)
    append(run, "train/loss", value, step=11)
    assert metric(live(run.id), "Train loss") == shown


def test_a_name_is_never_html_or_markdown(store, live):
    spec = fabricate.TEXT.model_copy(update={"name": NASTY[:300]})
    app = live(fabricate.run_of(store, spec).id)
    assert "&lt;img src=x onerror=alert(1)&gt; **b**" in html(app)
    assert "<img" not in html(app) + words(app)


def test_without_a_run_in_the_url_the_newest_active_run_is_shown(store, open_page):
    fabricate.run_of(store, status="completed")
    active = fabricate.run_of(store, status="running", steps=10)
    app = open_page("live.py")
    assert app.query_params["run"] in (active.id, [active.id])


@pytest.mark.parametrize("wrong", ["nothing", "../../etc/passwd", "20200101-000000-aaaaaa", ""])
def test_an_unknown_run_is_said_and_others_are_offered(store, open_page, wrong):
    run = fabricate.run_of(store)
    app = open_page("live.py", run=wrong)
    assert not app.exception
    assert "No run" in app.error[0].value.replace("\\", "")
    app.selectbox[0].select(run.id).run()
    assert app.query_params["run"] in (run.id, [run.id])
    assert not app.error


def test_a_run_that_changes_its_status_stays_the_one_that_is_shown(store, live):
    run = fabricate.run_of(store, status="queued", steps=0)
    app = live(run.id)
    run.write_state(run.state().model_copy(update={"status": "running"}))
    (picker,) = [box for box in app.selectbox if box.label == "Show another run"]
    picker.set_value(run.id)  # the browser sends what it showed for the run
    app.run()
    assert app.query_params["run"] in (run.id, [run.id])
    assert not app.error


def test_an_empty_folder_leads_to_the_launch_page(open_page):
    app = open_page("live.py")
    assert "No runs yet" in app.info[0].value


@pytest.mark.parametrize("damaged", ["state.json", "run.json", "labels.json"])
def test_a_damaged_run_is_a_message(store, live, damaged):
    run = fabricate.run_of(store)
    (run.folder / damaged).write_text("{")
    assert damaged in live(run.id).error[0].value.replace("\\", "")


def test_a_run_deleted_while_it_is_watched_is_said(store, live):
    run = fabricate.run_of(store, status="running", steps=20)
    app = live(run.id)
    shutil.rmtree(run.folder)
    app.run()
    assert not app.exception
    assert "No run" in app.error[0].value


@pytest.mark.parametrize(
    ("label", "request_", "doing"),
    [
        ("Pause", "pause", "pausing"),
        ("Stop and save", "stop-and-save", "saving and stopping"),
        ("Checkpoint now", "checkpoint", "checkpoint asked for"),
        ("Validate now", "validate", "validation asked for"),
    ],
)
def test_a_click_leaves_a_request_and_is_seen_at_once(store, live, click, label, request_, doing):
    run = fabricate.run_of(store, status="running", steps=20)
    app = click(live(run.id), label)
    assert run.take_requests() == [request_]
    assert doing in words(app)


def test_pausing_is_shown_until_the_run_is_paused(store, live, click):
    run = fabricate.run_of(store, status="running", steps=20)
    app = click(live(run.id), "Pause")
    run.take_requests()
    assert "pausing" in words(app.run())
    run.write_state(run.state().model_copy(update={"status": "paused"}))
    assert "pausing" not in words(app.run())


def test_another_tab_sees_what_was_asked(store, live, click):
    run = fabricate.run_of(store, status="running", steps=20)
    click(live(run.id), "Pause")
    assert "pausing" in words(live(run.id))


def test_resume_ends_a_pause(store, live, click):
    run = fabricate.run_of(store, status="paused", steps=20)
    click(live(run.id), "Resume")
    assert run.take_requests() == ["resume"]


@pytest.mark.parametrize("status", ["stopped", "failed", "interrupted"])
def test_resume_puts_an_ended_run_back_into_the_queue(store, live, click, status):
    run = fabricate.run_of(store, status=status, steps=120)
    click(live(run.id), "Resume")
    assert run.state().status == "queued"
    assert run.state().launcher == "process"
    assert (store.queue / run.id).exists()


def test_a_run_of_the_command_line_is_resumed_by_the_app(store, live, click):
    run = fabricate.run_of(store, status="stopped", steps=120)
    run.write_state(run.state().model_copy(update={"launcher": "foreground"}))
    click(live(run.id), "Resume")
    assert run.state().launcher == "auto"


def test_a_queued_run_can_leave_the_queue(store, live, click):
    run = fabricate.run_of(store, status="queued", steps=0)
    store.enqueue(run)
    click(live(run.id), "Take out of the queue")
    assert run.state().status == "stopped"
    assert not (store.queue / run.id).exists()


REQUESTS = {"Pause", "Resume", "Stop and save", "Checkpoint now", "Validate now"}


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("running", REQUESTS - {"Resume"}),
        ("paused", REQUESTS - {"Pause"}),
        ("interrupted", {"Resume"}),
        ("completed", set()),
    ],
)
def test_what_makes_no_sense_now_is_not_offered(store, live, status, offered):
    app = live(fabricate.run_of(store, status=status, steps=120).id)
    assert {entry.label for entry in app.button} & REQUESTS == offered


def test_an_interrupted_run_says_what_is_left_of_it(store, live):
    run = fabricate.run_of(store, status="interrupted", steps=120)
    fabricate.checkpoint_of(run, 100)
    text = live(run.id).warning[0].value.replace("\\", "")
    assert "ended at step 120; curves are complete up to step 120" in text
    assert "Resume continues from the checkpoint at step 100" in text


def test_a_full_disk_is_said(store, live):
    reason = "Writing to the run folder failed (No space left on device). Training waits."
    run = fabricate.run_of(store, status="paused", steps=20, reason=reason)
    assert "No space left on device" in live(run.id).warning[0].value.replace("\\", "")


def test_a_failure_is_said_as_plain_text(store, live):
    reason = "RuntimeError: <b>mat1</b> and *mat2* shapes cannot be multiplied"
    run = fabricate.run_of(store, status="failed", steps=20, reason=reason)
    assert "\\<b\\>mat1" in live(run.id).error[0].value


def test_events_are_newest_first_and_escaped(store, live):
    run = fabricate.run_of(store, status="running", steps=20)
    run.add_event("note", "<script>alert(1)</script>", step=20)
    text = html(live(run.id, "Log"))
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert text.index("&lt;script&gt;") < text.index("Training began")


def test_samples_follow_the_newest_until_one_is_picked(store, live):
    run = fabricate.run_of(store, status="running", steps=150)
    for step in (50, 100):
        run.write_samples(step, [{"prompt": "The ", "text": f"text of {step}"}])
    app = live(run.id, "Samples")
    assert "text of 100" in html(app)
    run.write_samples(150, [{"prompt": "The ", "text": "text of 150"}])
    assert "text of 150" in html(app.run())
    app.select_slider[0].set_value(50).run()
    assert "text of 50<" in html(app)
    run.write_samples(200, [{"prompt": "The ", "text": "text of 200"}])
    assert "text of 50<" in html(app.run())


@pytest.mark.parametrize("content", ["{", "null", '{"a": 1}', '[{"image": "x"}]', "[[1]]", "[]"])
def test_samples_of_any_form_are_survived(store, live, content):
    run = fabricate.run_of(store)
    run.write_samples(50, [])
    (run.folder / "samples" / "step-000000050.json").write_text(content)
    live(run.id, "Samples")


def test_a_misclassified_image_is_shown_with_its_labels(store, live):
    run = fabricate.run_of(store, fabricate.IMAGES)
    image = [[0, 255], [128, 0]]
    sample = {"index": 3, "image": image, "true": "<3>", "predicted": "8", "confidence": 0.934}
    run.write_samples(50, [sample])
    text = html(live(run.id, "Samples"))
    assert "data:image/png;base64," in text
    assert "&lt;3&gt; → <b>8</b> <small>93%</small>" in text


def test_the_command_that_resumes_the_run_is_shown(store, live):
    run = fabricate.run_of(store, status="stopped", steps=20)
    codes = [code.value for code in live(run.id, "Configuration").code]
    assert f"python -m engine resume {run.id} --runs {store.root}" in codes


# -- alerts ----------------------------------------------------------------------------------------


def alert(run, kind, step, text="Look at it. Then go on."):
    run.add_event("alert", text, alert=kind, step=step)


def test_alerts_that_were_not_read_stand_in_one_line(store, live, click):
    run = fabricate.run_of(store, status="running", steps=150)
    assert "alert" not in words(live(run.id))
    alert(run, "plateau", 100)
    assert "plateau at step 100" in words(live(run.id))
    alert(run, "loss-spike", 110)
    alert(run, "loss-spike", 120, NASTY)
    app = live(run.id)
    assert "[:material/warning: 3 alerts]" in words(app)
    assert "2 × loss spike, the last at step 120, plateau at step 100" in words(app)
    assert "<img" not in html(app)


def test_alerts_that_were_dismissed_are_gone_until_there_are_new_ones(store, live, click):
    run = fabricate.run_of(store, status="running", steps=150)
    alert(run, "plateau", 100)
    app = click(live(run.id), "Dismiss")
    assert "plateau at step" not in words(app.run())
    run.add_event("rolled-back", "Went back to step 100.", step=140)
    assert "[:material/warning: 1 alert]" in words(app.run())
    assert "rolled back at step 140" in words(app)


def test_alerts_of_another_run_are_not_mixed_in(store, live):
    first, second = (fabricate.run_of(store, status="running", steps=150) for _ in range(2))
    alert(first, "plateau", 100)
    alert(second, "loss-spike", 120)
    app = live(first.id)
    app.query_params["run"] = second.id
    app.run()
    assert "loss spike at step 120" in words(app)
    assert "plateau at step" not in words(app)


def test_a_failure_and_what_was_asked_for_are_no_alerts(store, live):
    run = fabricate.run_of(store, status="failed", steps=20, reason="It broke.")
    run.add_event("steered", "Learning rate multiplied by 0.5.", step=10)
    assert "alert" not in words(live(run.id))

"""The Models page: found, named, staged, looked at from all sides; nothing on it is a traceback."""

from __future__ import annotations

import pytest

from engine.data.sources import facts_of
from engine.frozen import with_changes
from engine.health import kept as reports
from engine.health.kept import digest_of
from engine.health.report import Bars, Finding, HealthReport, Measured
from engine.models.registry import Registry
from engine.models.specs import GPTSpec, InMemoryModel
from engine.models.structure import kept as structures
from engine.models.version import version_of
from tests import fabricate
from tests.structures import residual

SPEC = fabricate.IMAGES
VIT = version_of(SPEC.model)
TABS = ("Overview", "Structure", "Parameters", "Code", "Health", "Runs")


@pytest.fixture
def registry(store):
    return Registry(store.root)


@pytest.fixture
def vit(store, registry):
    """A vision transformer that is kept with its data, and was trained once."""
    registry.add(SPEC.model, "digits", task=SPEC.task, data=SPEC.data)
    return fabricate.run_of(store, SPEC)


@pytest.fixture
def page(open_page):
    def page(**parameters):
        app = open_page("models.py", **parameters)
        assert not app.exception
        return app

    return page


def examined():
    return digest_of(SPEC.task, SPEC.model, facts_of(SPEC.data, SPEC.model))


def report_of(*verdicts, at=10.0):
    findings = [
        Finding(
            check=check,
            verdict=verdict,
            text=f"What {check} found. More.",
            remedy="Do this." if verdict == "fail" else "",
            measured=(Measured(name="share", value=0.25, unit="MB"),),
            figures=(Bars(title="Layers", names=("a",), values=(1.0,), y_title="size"),),
        )
        for check, verdict in zip(("noise", "memory", "speed"), verdicts, strict=False)
    ]
    return HealthReport(
        digest=examined(), checked_at=at, batch_size=2, findings=tuple(findings),
        task=SPEC.task.model_dump(mode="json"), model=SPEC.model.model_dump(mode="json"),
        data=SPEC.data.model_dump(mode="json"),
    )  # fmt: skip


def measured(store):
    structure = residual().model_copy(
        update={
            "digest": examined(),
            "model": SPEC.model.model_dump(mode="json"),
            "task": SPEC.task.model_dump(mode="json"),
            "data": SPEC.data.model_dump(mode="json"),
        }
    )
    structures.write(store.root, structure)


def texts(app):
    """What is read on the page, without the signs that keep it from being markdown."""
    parts = [*app.caption, *app.markdown, *app.info, *app.warning, *app.error, *app.subheader]
    shown = "\n".join(part.value for part in parts)
    return shown.replace("\\", "").replace("\u2060", "")


def widget(app, kind, label):
    (found,) = [one for one in getattr(app, kind) if one.label == label]
    return found


# -- the list --------------------------------------------------------------------------------------


def test_without_models_it_is_said_how_to_get_one(page):
    assert "No models yet. Bring one in" in texts(page())


def test_all_models_are_listed_with_what_is_known_of_them(page, store, registry, vit):
    fabricate.run_of(store, fabricate.TEXT)
    reports.write(store.root, report_of("fail", "pass"))
    registry.label(VIT, tags=["small"])
    (table,) = page().dataframe
    rows = table.value.set_index("Name").to_dict("index")
    assert set(rows) == {"digits", "GPT 4×128"}
    assert rows["digits"]["Health"] == "1 fail, 1 pass"
    assert (rows["digits"]["Runs"], rows["digits"]["Tags"]) == (1, ["small"])
    assert rows["GPT 4×128"]["Best"].startswith("val/loss ")


def test_models_are_found_by_words_and_stage(page, store, registry, vit):
    registry.add(GPTSpec(), "docs")
    registry.move(version_of(GPTSpec()), "archived")
    app = page()
    assert list(app.dataframe[0].value["Name"]) == ["digits"]
    assert "1 of 2 models · 1 archived" in texts(app)
    app = page(stages="archived")
    assert list(app.dataframe[0].value["Name"]) == ["docs"]
    widget(app, "text_input", "Search").set_value("nothing such").run()
    assert app.dataframe[0].value.empty


def test_a_damaged_file_is_named_and_the_rest_is_there(page, registry, vit):
    (registry.folder / f"{'a' * 64}.json").write_text("{")
    app = page()
    assert "aaaa.json of the model registry cannot be read" in texts(app)
    assert list(app.dataframe[0].value["Name"]) == ["digits"]


@pytest.mark.parametrize("address", ["0" * 64, "abc", "../x"])
def test_an_unknown_version_is_said_and_the_list_is_shown(page, vit, address):
    app = page(model=address)
    assert "There is no model of version" in texts(app)
    assert len(app.dataframe) == 1


# -- one model -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_drawn_before_and_after_measuring(page, store, vit, tab):
    page(model=VIT[:8], part=tab)
    measured(store)
    reports.write(store.root, report_of("pass", "warn"))
    page(model=VIT, part=tab)


@pytest.mark.parametrize("view", ["Tree", "Graph", "Map"])
def test_the_structure_is_drawn_in_each_way(page, store, vit, view):
    measured(store)
    app = page(model=VIT, part="Structure", view=view)
    assert "160 parameters in 12 modules, measured with a batch of 2" in texts(app)
    if view == "Map":
        assert len(app.get("plotly_chart")) == 1


def test_a_model_gets_a_name_tags_and_notes(page, registry, vit, store):
    run = fabricate.run_of(store, fabricate.TEXT)
    digest = version_of(run.spec.model)
    app = page(model=digest)
    app.session_state[f"models.edit.{digest}"] = True
    app.run()
    widget(app, "text_input", "Name").set_value("The *best*")
    widget(app, "text_input", "Tags").set_value("wide, wide, old")
    widget(app, "text_area", "Notes").set_value("So **good**")
    widget(app, "button", "Save").click().run()
    assert not app.exception
    entry = registry.entry(digest)
    assert (entry.name, entry.tags, entry.notes) == ("The *best*", ("wide", "old"), "So **good**")
    assert "So **good**" in texts(app)


def test_the_one_that_was_in_production_is_offered_to_move_back(page, registry, vit):
    other = with_changes(SPEC.model, {"width": 32})
    registry.add(other, "before", task=SPEC.task)
    registry.move(version_of(other), "production")
    app = page(model=VIT)
    widget(app, "segmented_control", "Stage").set_value("production").run()
    assert registry.entry(VIT).stage == "production"
    assert "**before** (" in texts(app)
    widget(app, "button", "Move it back to candidate").click().run()
    assert registry.entry(version_of(other)).stage == "candidate"
    assert "is in production for the same" not in texts(app)


def test_a_health_report_is_shown_with_what_is_wrong_unfolded(page, store, vit):
    reports.write(store.root, report_of("pass", "pass", "pass"))
    reports.write(store.root, report_of("fail", "pass"))
    app = page(model=VIT, part="Health")
    shown = texts(app)
    assert "What noise found. More." in shown
    assert "Do this." in shown
    assert "**0.25 MB**" in shown
    assert "What memory found. More." not in shown  # folded
    assert len(app.get("plotly_chart")) == 1
    widget(app, "button", "Open all").click().run()
    assert len(app.get("plotly_chart")) == 2
    compare = widget(app, "selectbox", "Compare with")
    compare.select(compare.options[1]).run()
    rows = app.dataframe[0].value.to_numpy().tolist()
    assert ["Noise", "verdict", "pass", "fail"] in rows
    assert ["Speed", "verdict", "pass", "not made"] in rows


def test_damaged_reports_and_structures_are_said_on_their_tabs(page, store, vit):
    for folder in ("health", "structure"):
        file = store.root / ".models" / folder / f"{examined()}.json"
        file.parent.mkdir(parents=True)
        file.write_text("{")
    assert "cannot be read" in texts(page(model=VIT, part="Health"))
    for tab in ("Overview", "Structure", "Parameters", "Code"):
        assert "cannot be read" in texts(page(model=VIT, part=tab)), tab


def test_a_model_of_which_there_is_only_an_object_is_told(page, store):
    spec = with_changes(
        SPEC, {"model": {"kind": "in-memory", "class_name": "Net", "config": {"a": [1]}}}
    )
    fabricate.run_of(store, spec)
    digest = version_of(InMemoryModel(class_name="Net", config={"a": [1]}))
    for tab in TABS:
        app = page(model=digest, part=tab)
        assert widget(app, "button", "All models")
    assert "there are only the runs" in texts(page(model=digest))


def test_the_best_checkpoint_and_all_runs_are_linked(page, store, vit):
    app = page(model=VIT, part="Runs")
    assert "**val/loss 1.55** on Digits at step 200 of digits vit" in texts(app)
    (table,) = app.dataframe
    assert list(table.value["Run"]) == [f"/live?run={vit.id}"]


def test_train_this_model_brings_it_into_the_form(page, vit):
    app = page(model=VIT)
    widget(app, "button", "Train this model").click().run()
    assert not app.exception
    assert "The form now holds **digits** on **Digits**" in texts(app)


# -- from the Launch page --------------------------------------------------------------------------


def test_the_model_of_the_form_is_saved(open_page, registry):
    app = open_page("launch.py")
    app.session_state["launch.save_model"] = True
    app.run()
    named = [one for one in app.text_input if one.key == "launch.model_name"]
    named[0].set_value("kept").run()
    app.button(key="launch.save_model.save").click().run()
    assert not app.exception
    (entry,) = registry.entries()
    assert (entry.name, entry.model.kind, entry.data.source) == ("kept", "gpt", "python-docs")

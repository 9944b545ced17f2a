"""A widget's first value reaches the browser, also when a click interrupts the first drawing."""

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest


def _script():
    import streamlit as st

    from components import seeding

    st.number_input("Rate", value=None, key=seeding.seed("rate", 0.5))
    st.text_input("Name", key=seeding.seed("name", "first"))
    st.button("Nothing")


@pytest.fixture
def app():
    return AppTest.from_function(_script).run()


def _sent(app):
    """The values that the script run told the browser to show."""
    fields = [app.number_input[0].proto, app.text_input[0].proto]
    return [field.value for field in fields if field.set_value]


def _run_before_anything_was_drawn(app):
    """What a click does whose page had not drawn the fields: it tells nothing of them."""
    return app._run(WidgetStates())


def test_values_that_the_browser_never_drew_are_sent_again(app):
    assert _sent(app) == [0.5, "first"]
    for _ in range(2):
        _run_before_anything_was_drawn(app)
        assert _sent(app) == [0.5, "first"]


def test_what_the_browser_has_is_not_sent_again(app):
    """It would overwrite what is being typed."""
    app.button[0].click().run()
    assert _sent(app) == []
    _run_before_anything_was_drawn(app)
    assert _sent(app) == []


def test_what_was_typed_before_the_rest_was_drawn_stays(app):
    app.number_input[0].set_value(0.25)
    states = app._tree.get_widget_states()
    del states.widgets[1:]
    app._run(states)
    assert app.number_input[0].value == 0.25
    assert _sent(app) == ["first"]

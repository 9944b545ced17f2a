"""An app on an empty runs folder, driven without a browser."""

import functools
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from components import session

NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"


@pytest.fixture(autouse=True, scope="session")
def one_look_for_components():
    """Each AppTest looks through all installed packages for components, as a server does once."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv(session.RUNS_VARIABLE, str(tmp_path))
    return session.store()


@pytest.fixture
def open_page(store):
    """Open a page as a browser tab would: `open_page("live.py", run=run.id)`."""

    def open_page(page, **parameters):
        app = AppTest.from_file(str(NAVIGATION), default_timeout=30).switch_page(page)
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.run()

    return open_page


@pytest.fixture
def click():
    """Press the button with a label, in an app that must survive it."""

    def click(app, label):
        (button,) = [button for button in app.button if button.label == label]
        button.click().run()
        assert not app.exception
        return app

    return click

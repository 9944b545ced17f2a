"""The tabs of the Live page, on fabricated run folders."""

from __future__ import annotations

import pytest

from components.run_tabs import NAMES
from tests import fabricate
from tests.pages.test_live import html, words


@pytest.fixture
def tab(open_page):
    def tab(run, name):
        app = open_page("live.py", run=run.id, tab=name)
        assert not app.exception
        return app

    return tab


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", ["queued", "running", "completed", "failed"])
def test_every_tab_opens(store, tab, name, status):
    run = fabricate.run_of(store, status=status, steps=0 if status == "queued" else 120)
    tab(run, name)

"""Settings are written as one line and read back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings_text import read, written

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True), values, max_size=4))
def test_what_is_written_is_read_back(settings: dict[str, object]) -> None:
    assert read(written(settings)) == settings


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("n_layer=2, n_embd = 64", {"n_layer": 2, "n_embd": 64}),
        ("activation=gelu,", {"activation": "gelu"}),
        ("depths=[1, 2], x=true", {"depths": [1, 2], "x": True}),
        ('{"n_layer": 2}', {"n_layer": 2}),
        ("oops", "oops"),
        ("=3", "=3"),
        ("{oops", "{oops"),
    ],
)
def test_what_people_type(text: str, settings: object) -> None:
    assert read(text) == settings

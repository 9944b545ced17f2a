"""What went wrong, said on the page instead of in a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from components.plain_text import as_markdown
from engine.errors import EngineError


@contextmanager
def shown() -> Iterator[None]:
    """Show what the user can cause and mend as a message; the rest of the page goes on."""
    try:
        yield
    except EngineError as error:
        st.error(as_markdown(str(error)), icon=":material/error:")
    except OSError as error:
        st.error(as_markdown(f"The disk refused: {error}."), icon=":material/hard_drive:")

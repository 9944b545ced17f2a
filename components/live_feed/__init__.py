"""The live feed: HTTP routes through which charts read runs, without any Streamlit rerun."""

from components.live_feed.routes import LOCAL_HOSTS, routes

__all__ = ["LOCAL_HOSTS", "routes"]

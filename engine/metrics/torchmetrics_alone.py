"""torchmetrics without the packages that it imports besides, wherever it finds them."""

from __future__ import annotations

import sys
from threading import Lock

_NEVER_NEEDED = ("matplotlib", "scipy", "transformers")
"""For its plots, for sounds, and for scores given by language models."""
_LOCK = Lock()


def ready() -> None:
    """Import torchmetrics; call this before what needs it, and late: no start should wait for it.

    With what is never needed here it takes four times as long, over two seconds.
    """
    with _LOCK:
        if "torchmetrics" in sys.modules:
            return
        from lightning_utilities.core import imports

        is_met, is_there = imports.RequirementCache.__bool__, imports.package_available

        def is_met_and_needed(asked: imports.RequirementCache) -> bool:
            named = asked.requirement or asked.module or ""
            return not named.startswith(_NEVER_NEEDED) and is_met(asked)

        def is_there_and_needed(name: str) -> bool:
            return name not in _NEVER_NEEDED and is_there(name)

        cache: type = imports.RequirementCache
        type.__setattr__(cache, "__bool__", is_met_and_needed)
        vars(imports)["package_available"] = is_there_and_needed
        try:
            import torchmetrics  # noqa: F401 - it asks what there is while it is imported
        finally:
            type.__setattr__(cache, "__bool__", is_met)
            vars(imports)["package_available"] = is_there

"""RuleBook: the rules of a runs folder, and the webhook addresses that may hold a secret."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from engine.alerting.rule import Rule
from engine.errors import BadInput, EngineError, Problem
from engine.frozen import with_changes
from engine.runs.files import write_whole

FOLDER = ".alerts"
VERSION = 1
_PATIENCE_S = 5.0


class RulesUnreadable(EngineError):
    """A file of rules that is damaged, or of a later version."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The alert rules in {path} cannot be read ({reason}). "
            "Correct the file, or move it away to begin with none."
        )


class RuleBook:
    """Rules that several pages, servers and command lines may change at once.

    A change is made to what the file holds then: of two to one rule the later one stays, and those
    to other rules are kept.
    """

    def __init__(self, root: Path, *, now: Callable[[], float] = time.time) -> None:
        self.folder = root / FOLDER
        self._rules, self._webhooks = self.folder / "rules.json", self.folder / "webhooks.json"
        self._now = now
        self._seen: tuple[tuple[int, int], Sequence[Rule]] | None = None

    def rules(self) -> Sequence[Rule]:
        """All rules in the order in which they were made.

        Raises:
            RulesUnreadable: when the file is damaged or of a later version.
        """
        try:
            stat = self._rules.stat()
        except FileNotFoundError:
            return ()
        stamp = stat.st_mtime_ns, stat.st_ino
        if self._seen is None or self._seen[0] != stamp:
            self._seen = stamp, _read_rules(self._rules)
        return self._seen[1]

    def put(self, rule: Rule, webhook: str | None = None) -> Rule:
        """Add a rule, or put it in the place of the one with its id; as it then stands.

        `webhook` is the address to send to; None keeps the one that the rule has.

        Raises:
            BadInput: for a rule that sends to a webhook and has no address.
            RulesUnreadable: when the file is damaged or of a later version.
        """
        with self._changing():
            return self._put(rule, webhook)

    def switch(self, rule_id: str, enabled: bool) -> None:
        """Switch a rule on or off, whatever else was changed about it meanwhile."""
        with self._changing():
            for rule in self.rules():
                if rule.id == rule_id:
                    self._put(with_changes(rule, {"enabled": enabled}), None)

    def remove(self, rule_id: str) -> None:
        """Take a rule out, and its webhook address; one that is gone already is no error."""
        with self._changing():
            addresses = _read_object(self._webhooks)
            if addresses.pop(rule_id, None) is not None:
                self._write_webhooks(addresses)
            self._write([rule for rule in self.rules() if rule.id != rule_id])

    def webhook(self, rule_id: str) -> str | None:
        """The address to which a rule sends. It may hold a secret: show it only `masked`."""
        return _read_object(self._webhooks).get(rule_id)

    def _put(self, rule: Rule, webhook: str | None) -> Rule:
        rules, addresses = list(self.rules()), _read_object(self._webhooks)
        before = next((known for known in rules if known.id == rule.id), None)
        address = webhook or addresses.get(rule.id)
        if "webhook" in rule.channels and not address:
            raise BadInput([Problem("webhook", "an address is needed", remedy="Fill it in.")])
        kept = self._stamped(rule, before)
        others = [kept if known.id == kept.id else known for known in rules]
        self._keep_address(addresses, kept, webhook)
        self._write(others if before is not None else [*rules, kept])
        return kept

    def _keep_address(self, addresses: dict[str, Any], rule: Rule, webhook: str | None) -> None:
        """A rule that sends nothing keeps no secret."""
        wanted = dict(addresses)
        if "webhook" not in rule.channels:
            wanted.pop(rule.id, None)
        elif webhook:
            wanted[rule.id] = webhook
        if wanted != addresses:
            self._write_webhooks(wanted)

    def _stamped(self, rule: Rule, before: Rule | None) -> Rule:
        if before is None:
            new = {"id": secrets.token_hex(4), "since": self._now(), "revision": 0}
            return with_changes(rule, dict(new))
        same = rule.judges_as(before) and before.enabled
        since = before.since if same else self._now()
        revision = before.revision if same else before.revision + 1
        return with_changes(rule, {"since": since, "revision": revision})

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with FileLock(self.folder / "rules.lock", timeout=_PATIENCE_S, mode=0o600):
            yield

    def _write(self, rules: Sequence[Rule]) -> None:
        document = {
            "version": VERSION,
            "rules": [rule.model_dump(mode="json", by_alias=True) for rule in rules],
        }
        write_whole(self._rules, json.dumps(document, indent=2), durable=True)

    def _write_webhooks(self, addresses: Mapping[str, str]) -> None:
        write_whole(self._webhooks, json.dumps(addresses), durable=True)  # with mode 0600


def masked(address: str) -> str:
    """An address without its secrets: the host alone."""
    scheme, _, rest = address.partition("://")
    host = rest.split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]
    return f"{scheme}://{host}/…"


def _read_rules(path: Path) -> Sequence[Rule]:
    try:
        document = json.loads(path.read_bytes())
        version = document["version"]
        if version != VERSION:
            raise RulesUnreadable(path, f"it has version {version}, this is version {VERSION}")
        return tuple(Rule.parse(rule) for rule in document["rules"])
    except (OSError, ValueError, KeyError, TypeError, BadInput) as error:
        raise RulesUnreadable(path, str(error)) from None


def _read_object(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise RulesUnreadable(path, str(error)) from None
    if not isinstance(document, dict):
        raise RulesUnreadable(path, "it is not an object")
    return document

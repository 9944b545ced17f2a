"""Alerts on conditions of the user's: rules, who judges them, and where they are told."""

from engine.alerting.rule import Rule

__all__ = ["Rule"]

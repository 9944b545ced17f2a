"""Runs beside one another: what they have otherwise, what they reached, and whether it matters."""

from engine.comparison.baseline import Relative, relative
from engine.comparison.chosen import Chosen, Compared, LeftOut, chosen
from engine.comparison.differences import ASPECTS, Aspect, rows
from engine.comparison.groups import Group, groups
from engine.comparison.measured import Measured, grouped, measured, usual_metrics
from engine.comparison.statistics import Pair, Spread, Welch, holm, pairs, spread
from engine.comparison.summaries import At, Summaries, Summary

__all__ = [
    "ASPECTS",
    "Aspect",
    "At",
    "Chosen",
    "Compared",
    "Group",
    "LeftOut",
    "Measured",
    "Pair",
    "Relative",
    "Spread",
    "Summaries",
    "Summary",
    "Welch",
    "chosen",
    "grouped",
    "groups",
    "holm",
    "measured",
    "pairs",
    "relative",
    "rows",
    "spread",
    "usual_metrics",
]

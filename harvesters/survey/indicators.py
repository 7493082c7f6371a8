"""The datasets of a survey: the indicators that citizens are asked for, and the 2x2 counts of paired questions."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.model import Dataset, Dimension
from catalog.model.indicator import Indicator, IndicatorPair
from catalog.reference import Reference
from harvesters.base import Context
from harvesters.survey.dataset import describe_declared
from harvesters.survey.estimates import ANSWERS, pair_dimension

TEMPLATE, PAIRS_TEMPLATE = "citizen-survey", "citizen-survey-pairs"
#: the breakdown dimensions, in column order
DIMENSIONS = ("sex", "age", "mode")


def describe_indicators(context: Context, breakdowns: Sequence[Dimension]) -> Dataset:
    """Return the dataset of the indicators that citizens are asked for."""
    indicators = [one.id for one in survey_indicators(context.reference)]
    return describe_declared(context.source, TEMPLATE, breakdowns, indicators)


def survey_indicators(reference: Reference) -> list[Indicator]:
    """Return the indicators that are collected by asking citizens, by number."""
    return [one for one in reference.indicator_set.indicators if one.collection == "citizen_survey"]


def survey_pairs(reference: Reference) -> list[IndicatorPair]:
    """Return the pairs of questions that the same respondents answer."""
    return [one for one in reference.indicator_set.pairs if one.same_respondents]


def describe_pairs(context: Context) -> Dataset:
    """Return the dataset of the 2x2 counts of paired questions."""
    pairs = survey_pairs(context.reference)
    name = f"{context.source.options['dataset']}-pairs"
    breakdowns = (pair_dimension(pairs), ANSWERS)
    return describe_declared(context.source, PAIRS_TEMPLATE, breakdowns, [one.subjective for one in pairs], name=name)

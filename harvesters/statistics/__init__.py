"""Statistics of surveys: pure functions over arrays and counts; no files, no configuration, no clock.

==========================================  ===============================================================
module                                      what it answers
==========================================  ===============================================================
:mod:`harvesters.statistics.proportion`   which share says yes, weighted, and how sure one can be of it
:mod:`harvesters.statistics.raking`       which weights make the respondents look like the population
:mod:`harvesters.statistics.suppression`  which counts must not be published, so that no person is recognised
:mod:`harvesters.statistics.pairs`        how far two questions differ that the same people answered
==========================================  ===============================================================

Shares are fractions from 0 to 1 and become percent where observations are written. Formulas and check values:
docs/surveys.md.
"""

from harvesters.statistics.pairs import McNemar, PairCounts, count_pairs, mcnemar_test, paired_difference_interval
from harvesters.statistics.proportion import (
    Interval,
    Proportion,
    estimate_proportion,
    kish_effective_size,
    sampling_error_points,
    wilson_interval,
)
from harvesters.statistics.raking import Margin, Raked, rake
from harvesters.statistics.suppression import Additive, Reason, derivable_cells, suppress

__all__ = [
    "Additive",
    "Interval",
    "Margin",
    "McNemar",
    "PairCounts",
    "Proportion",
    "Raked",
    "Reason",
    "count_pairs",
    "derivable_cells",
    "estimate_proportion",
    "kish_effective_size",
    "mcnemar_test",
    "paired_difference_interval",
    "rake",
    "sampling_error_points",
    "suppress",
    "wilson_interval",
]

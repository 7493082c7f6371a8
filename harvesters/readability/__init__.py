"""How well machines can read a file: the 30 rules of the Digital Agency, their scores, and what to do.

::

    bytes -> open_sheets -> Sheet -> find_tables -> Table -> one check a rule -> Result -> ReadabilityReport
                                                                                             |-> to_dict, lines
                                                                                             '-> write_page

:func:`check_file` judges what staff hand in and what we publish alike.
"""

from harvesters.readability.advice import compare_layouts
from harvesters.readability.check import check_file
from harvesters.readability.described import describe, find_described
from harvesters.readability.members import Checked, check_members
from harvesters.readability.page import write_page, write_pages
from harvesters.readability.report import LevelScore, ReadabilityReport
from harvesters.readability.result import Described
from harvesters.readability.rules import RULES, ReadabilityRule

__all__ = [
    "RULES",
    "Checked",
    "Described",
    "LevelScore",
    "ReadabilityReport",
    "ReadabilityRule",
    "check_file",
    "check_members",
    "compare_layouts",
    "describe",
    "find_described",
    "write_page",
    "write_pages",
]

"""A page of a plan, of a run, or of what waits: one HTML file for people who would rather look than read.

Order of events: the command plans or runs with a :class:`~harvesters.publishing.changes.ChangeBook` that looks at each
proposal; :mod:`~api.harvest_pages.sources` turns the report of each source into the parts of the page, verdict first;
:mod:`~api.harvest_pages.plots` draws; :mod:`~api.harvest_pages.words` says codes in words; ``page.html`` writes it all.

The file needs nothing from elsewhere, has no script, and escapes every text. It says what the reports say and no more:
the reports of sources with rows of people have no values of them, so neither has the page.

References
----------
WCAG 2.2 (JIS X 8341-3), level AA.
"""

from api.harvest_pages.page import write_holds_page, write_plan_page, write_run_page

__all__ = ["write_holds_page", "write_plan_page", "write_run_page"]

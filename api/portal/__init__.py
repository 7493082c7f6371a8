"""The pages for people: Jinja templates over the node, Japanese and English, no foreign host, no script needed.

Order of events of a request: :mod:`~api.portal.site` makes the view (language, state of the node); the page's function
in :mod:`~api.portal.pages` or :mod:`~api.portal.catalogue_pages` gathers what is shown; the template writes it; the
headers of :func:`~api.portal.site.finish` go with it. All text of ours is in ``messages.yml``.

- :mod:`~api.portal.figures` reads observations, :mod:`~api.portal.writing` writes numbers and dates
- :mod:`~api.portal.cards`, :mod:`~api.portal.trend`, :mod:`~api.portal.breakdowns` are parts of pages
- :mod:`~api.portal.charts` draws, :mod:`~api.portal.search` asks the catalogue

References
----------
WCAG 2.2 (JIS X 8341-3), level AA; Content Security Policy Level 3.
"""

from api.portal.blueprint import create_portal_blueprint, render_error

__all__ = ["create_portal_blueprint", "render_error"]

"""SVG elements as markup: names and attributes in, escaped text out."""

from __future__ import annotations

from markupsafe import Markup, escape


def number(value: float) -> str:
    """Return a coordinate with at most two decimals and no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        Element name; a constant of the program, never input.
    children
        Text is escaped, markup is not.
    attributes
        ``_`` in a name stands for ``-``, a trailing ``_`` is dropped (``class_``); None leaves the attribute out.
    """
    given = (
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _text(value))
        for key, value in attributes.items()
        if value is not None
    )
    opening = Markup("<") + name + Markup("").join(given)
    if not children:
        return opening + Markup("/>")
    return opening + Markup(">") + Markup("").join(escape(child) for child in children) + Markup("</{}>").format(name)


def _text(value: str | float | None) -> str:
    return value if isinstance(value, str) else number(float(value or 0))

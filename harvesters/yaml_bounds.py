"""How deep and how large a YAML document is, before it is built.

libyaml builds by recursion in C, so that a megabyte of brackets ends the process; and an alias of an alias of an alias
is a few bytes that become millions of values as soon as something walks through them. Reading the events is neither.

References
----------
YAML 1.2.2, 3.2.2.2 (anchors and aliases).
"""

from __future__ import annotations

from typing import Any

import yaml

#: levels that a document may have
DEEPEST = 50
#: values that a document may have, those behind aliases counted each time
MOST_VALUES = 500_000


def check_bounds(text: str, loader: type[Any]) -> None:
    """Refuse a document that is too deep, too large, or holds itself.

    Raises
    ------
    yaml.MarkedYAMLError
        If so, with the line; also if it is no YAML.
    """
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            _add(open_nodes, sizes, *open_nodes.pop())
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise _refused("an alias without an anchor before it, or inside what it stands for", event)
            _add(open_nodes, sizes, None, sizes[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            _add(open_nodes, sizes, event.anchor, 1)
        if len(open_nodes) > DEEPEST + 1:
            raise _refused(f"nested more than {DEEPEST} deep", event)
        if open_nodes[-1][1] > MOST_VALUES:
            raise _refused(f"more than {MOST_VALUES} values, aliases counted", event)


def _add(open_nodes: list[tuple[str | None, int]], sizes: dict[str, int], anchor: str | None, size: int) -> None:
    """Count a node that ended in the one around it, and remember its size under its anchor."""
    if anchor is not None:
        sizes[anchor] = size
    around, so_far = open_nodes[-1]
    open_nodes[-1] = (around, so_far + size)


def _refused(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, event.start_mark)  # type: ignore[arg-type]

"""The Flask application: every blueprint reads what it shows through the node, and nothing else.

``current_app.extensions["shihyo"]`` is the :class:`~api.node.Node`.
"""

from __future__ import annotations

from flask import Flask, current_app

from api.node import Node
from catalog.settings import Settings


def create_application(settings: Settings, node: Node) -> Flask:
    """Make the application that serves a node."""
    application = Flask(__name__, static_folder=None)
    application.extensions["shihyo"] = node
    application.json.sort_keys = False  # type: ignore[attr-defined]
    return application


def current_node() -> Node:
    """Return the node of the application that answers the current request."""
    node: Node = current_app.extensions["shihyo"]
    return node

"""Descriptions of datasets: data files in ``datasets/``, one a dataset, turned into :class:`~catalog.model.Dataset`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import yaml

from catalog.errors import Label
from catalog.model import LICENSES, Agent, Dataset, DataStructure, Dimension
from harvesters.options import FLAG, Option

#: option of every kind whose files may be an extract
SAMPLE = Option(
    name="sample",
    type=FLAG,
    default=False,
    help=Label(
        "入力が全体ではなく見本（抜粋）なら true。題名・説明・備考にそう示す",
        "True if the input is an extract and not the whole; title, description and notes then say so",
    ),
)


def describe(name: str, publisher: Agent, *breakdowns: Dimension, sample: bool = False) -> Dataset:
    """Return a dataset as its file in ``datasets/`` describes it.

    Parameters
    ----------
    name
        Name of the dataset and of the file.
    publisher
        Who publishes it, and who is asked about it.
    breakdowns
        Its own dimensions, in column order.
    sample
        Whether the figures come from an extract; title and description then say so.
    """
    raw = read_yaml(name)
    dataset = Dataset(
        name=name,
        title=Label(**raw["title"]),
        description=Label(**raw["description"]),
        publisher=publisher,
        creator=Agent.from_dict({"url": None, "email": None, **raw["creator"]}),
        contact=publisher,
        license=LICENSES[raw["license"]],
        citation=Label(**raw["citation"]),
        landing_page=raw["landing_page"],
        keywords=tuple(raw["keywords"]),
        indicators=tuple(raw["indicators"]),
        frequency=raw["frequency"],
        spatial=tuple(raw["spatial"]),
        structure=DataStructure(breakdowns),
    )
    if not sample:
        return dataset
    title = Label(f"{dataset.title.ja}（見本）", f"{dataset.title.en} (sample)")
    texts = zip(
        (raw["sample"]["ja"], raw["sample"]["en"]), (dataset.description.ja, dataset.description.en), strict=True
    )
    return replace(dataset, title=title, description=Label(*("\n\n".join(pair) for pair in texts)))


@cache
def read_yaml(name: str) -> Any:
    """Return the content of a file in ``datasets/``."""
    return yaml.safe_load(resources.files("harvesters.datasets").joinpath(f"{name}.yml").read_text("utf-8"))

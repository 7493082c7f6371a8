"""Weights of respondents that are worked out: raked to the population that the configuration gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from catalog.errors import InputError, Label, Place
from harvesters.base import HarvestSource
from harvesters.findings import Findings
from harvesters.statistics import Margin, rake
from harvesters.survey.groups import UNKNOWN, GroupReader
from harvesters.survey.respondents import Respondents
from harvesters.survey.rules import SURVEY


def raked(
    respondents: Respondents,
    source: HarvestSource,
    groups: Mapping[str, GroupReader],
    place: Place,
    findings: Findings,
) -> Respondents:
    """Return respondents with weights by which their groups are as large as those of ``population``.

    Parameters
    ----------
    respondents
        All respondents of a wave; they keep the weights that they have if raking does not converge.
    source
        Its option ``population`` has the people of each group.
    groups
        Role -> what reads labels of groups.
    place
        The file, for messages.
    findings
        Takes how well it went.

    Raises
    ------
    InputError
        If the population names groups that the answers have not.
    """
    result = rake(_margins(respondents, source, groups, place))
    gap = f"{100 * result.largest_gap:.2g}"
    told = Label(
        f"{result.rounds}回で最大差{gap}ポイント、最大÷最小ウェイト{result.spread:.1f}",
        f"{result.rounds} rounds, largest gap {gap} points, largest over smallest weight {result.spread:.1f}",
    )
    findings.add(SURVEY["raked" if result.converged else "raking-open"], place, detail=told)
    return replace(respondents, weights=result.weights) if result.converged else respondents


def _margins(
    respondents: Respondents, source: HarvestSource, groups: Mapping[str, GroupReader], place: Place
) -> list[Margin]:
    population: Mapping[str, Mapping[str, float]] = source.options["population"] or {}
    margins = []
    for role, people in population.items():
        if role not in respondents.groups:
            raise InputError(
                f"population に {role} がありますが、回答にその列がありません",
                f"The population has {role}, and the answers have no such column",
                next_step=Label(
                    "options の columns か population を直してください",
                    "Correct columns or population in the options",
                ),
                place=place,
                value=role,
            )
        targets = {_code(groups[role], role, label, source): number for label, number in people.items()}
        codes = [code if code != UNKNOWN else None for code in respondents.groups[role].to_pylist()]
        margins.append(Margin(name=role, codes=pa.array(codes, pa.string()), targets=targets))
    return margins


def _code(reader: GroupReader, role: str, label: str, source: HarvestSource) -> str:
    group = reader.find(label)
    if group is None:
        raise InputError(
            f"population の「{label}」が {role} として読めません",
            f"{label!r} of the population is no {role}",
            next_step=Label(
                "回答と同じ表記にするか、options の codes で指定してください",
                "Write it as the answers do, or give it in the option codes",
            ),
            place=Place(file=source.file.name, cell=f"{source.name}.options.population.{role}"),
            value=label,
        )
    return group.code

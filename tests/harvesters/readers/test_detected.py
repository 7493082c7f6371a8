"""What a reader found out by itself says how to decide otherwise, by an option that the kind of source has."""

from __future__ import annotations

import re

import pytest

from harvesters.readers.detected import DETECTIONS, LAYOUT
from harvesters.registry import harvesters

#: reads tables by names that are fixed, without options of layout
FIXED = {"services"}


@pytest.mark.parametrize("kind", sorted(harvesters()))
def test_a_detection_names_an_option_that_its_kind_has(kind):
    harvester = harvesters()[kind]
    options = {one.name for one in harvester.options}
    rules = [one for one in harvester.rules if one.id.startswith("detected-")]
    if kind in FIXED:
        assert {one.id for one in rules} == {one.id for one in LAYOUT.values()}
        return
    for rule in rules:
        for named in re.findall(r"options の (\w+) で", rule.next_step.ja):
            assert named in options, rule.id
        for named in re.findall(r"give (\w+) in the options", rule.next_step.en):
            assert named in options, rule.id


@pytest.mark.parametrize("kind", ["csv", "excel", "ckan", "dcat", "datapackage", "estat", "sdmx", "ngsi"])
def test_mapped_kinds_name_percent_of_the_mapping(kind):
    rules = {one.id: one for one in harvesters()[kind].rules}
    assert "detected-percent" not in rules
    step = rules["percent-detected"].next_step
    assert "mapping の percent" in step.ja
    assert "give percent in the mapping" in step.en


@pytest.mark.parametrize("kind", ["crosstab", "company_survey", "register"])
def test_kinds_of_figures_name_their_option_percent(kind):
    step = {one.id: one for one in harvesters()[kind].rules}["detected-percent"].next_step
    assert step.ja == "違う場合は、options の percent で指定してください"
    assert step.en == "If it is wrong, give percent in the options"


def test_what_can_be_mended_in_the_file_says_how():
    assert DETECTIONS["encoding"].next_step.ja == (
        "違う場合は、options の encoding で指定してください。または、UTF-8で保存し直してください"
    )
    assert DETECTIONS["format"].next_step.en == "If it is wrong, save it again in the right format"

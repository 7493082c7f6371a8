"""The vision: Smarts, roadmap, steps of roll-out."""

from __future__ import annotations

from openapi.fields import StrictSchema, bilingual, integer, several, string, strings
from openapi.fields import links as member_links


class TargetStateSchema(StrictSchema):
    """A state of the city that the vision wants."""

    id = string("ID", "Id")
    smart = string("スマートのID", "Id of the Smart")
    summary = bilingual("目指す姿（要約）", "The target state, summarised")
    direction = bilingual("方向性（要約）", "The direction, summarised")
    page = integer("ビジョン原案のページ", "Page of the draft vision")
    indicators = strings("指標のID", "Ids of the indicators that hang on it")


class SmartSchema(StrictSchema):
    """One of the fields in which the city becomes smart."""

    id = string("ID", "Id")
    label = bilingual("名称", "Name")
    summary = bilingual("要約", "Summary")
    page = integer("ビジョン原案のページ", "Page of the draft vision")
    target_states = several(TargetStateSchema, "目指す姿", "Target states")
    indicators = strings("指標のID", "Ids of its indicators")
    links = member_links()


class ThemeSchema(StrictSchema):
    """An example theme of the figure."""

    id = string("ID", "Id")
    label = bilingual("名称", "Name")
    page = integer("ビジョン原案のページ", "Page of the draft vision")


class HorizonSchema(StrictSchema):
    """A point in time of the roadmap."""

    id = string("ID", "Id")
    label = bilingual("名称", "Name")
    years = integer("何年後か", "Years from the vision")


class RoadmapItemSchema(StrictSchema):
    """What is to be usual at a horizon."""

    horizon = string("時点のID", "Id of the horizon")
    summary = bilingual("要約", "Summary")


class TrackSchema(StrictSchema):
    """One line of the roadmap."""

    id = string("ID", "Id")
    label = bilingual("名称", "Name")
    page = integer("ビジョン原案のページ", "Page of the draft vision")
    items = several(RoadmapItemSchema, "項目", "Items")


class RolloutRowSchema(StrictSchema):
    """What one aspect looks like in a step."""

    id = string("ID", "Id")
    label = bilingual("名称", "Name")
    summary = bilingual("要約", "Summary")


class StepSchema(StrictSchema):
    """One of the steps from one area to the whole city."""

    number = integer("番号", "Number")
    label = bilingual("名称", "Name")
    page = integer("ビジョン原案のページ", "Page of the draft vision")
    rows = several(RolloutRowSchema, "行", "Rows")


class RoadmapSchema(StrictSchema):
    """The roadmap and the steps of roll-out."""

    page = integer("ビジョン原案のページ", "Page of the draft vision")
    note = bilingual("項目の置き方", "How the items were placed")
    horizons = several(HorizonSchema, "時点", "Horizons")
    tracks = several(TrackSchema, "系列", "Tracks")
    shared = several(RoadmapItemSchema, "すべての系列が向かう姿", "What all tracks lead to")
    steps = several(StepSchema, "展開のSTEP", "Steps of roll-out")

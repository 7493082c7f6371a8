"""Indicators and their pairs."""

from __future__ import annotations

from openapi.fields import StrictSchema, bilingual, boolean, integer, optional, several, string, strings
from openapi.fields import links as member_links


class DefinitionSchema(StrictSchema):
    """One way to measure an indicator."""

    id = string("定義のID", "Id of the definition")
    label = bilingual("名称", "Name")
    numerator = bilingual("分子", "What is counted over the line")
    denominator = bilingual("分母", "What is counted under the line")
    unit = string("単位のコード", "Code of the unit")
    valid_from = string("この定義で測った最初の期間", "First period measured so", allow_none=True)
    valid_to = string("最後の期間", "Last period measured so", allow_none=True)
    note = optional()


class PairSchema(StrictSchema):
    """A subjective and an objective indicator held against each other."""

    id = string("対のID", "Id of the pair")
    subjective = string("主観指標", "Subjective indicator")
    objective = string("客観指標", "Objective indicator")
    smart = string("スマート", "Smart")
    same_population = boolean("同じ人々についてか", "Whether both are about the same people")
    same_respondents = boolean("同じ回答者か", "Whether the same respondents answer both")
    topic_match = string("主題の近さ", "How close the two subjects are")
    comparability = string(
        "A: 差を読める、B: 向きだけ比べる、C: 比べられない",
        "A: readable as a gap, B: directions only, C: not comparable",
    )
    note = bilingual("理由", "Why")


class IndicatorSchema(StrictSchema):
    """An indicator of the vision."""

    id = string("指標のID", "Id")
    number = integer("もとの文書の番号", "Number in the source document")
    label = bilingual("名称", "Name")
    smart = string("スマートのID、または overall", "Id of the Smart, or overall")
    kind = string("subjective（主観）か objective（客観）", "subjective or objective")
    collection = string("集め方", "How it is collected")
    definition = bilingual("何を測るか", "What it measures")
    numerator = bilingual("分子", "What is counted over the line")
    denominator = bilingual("分母", "What is counted under the line")
    unit = string("単位のコード", "Code of the unit")
    direction = string("up: 多いほどよい、down: 少ないほどよい", "up: more is better, down: less is better")
    population = bilingual("対象", "Whom or what it is about")
    owner = bilingual("所管", "Who answers for it")
    target_states = strings("つながる目指す姿のID", "Ids of the target states it hangs on")
    definitions = several(DefinitionSchema, "測り方", "How it is measured")
    primary_dataset = string("主データセット。なければ null", "Primary dataset, or null", allow_none=True)
    no_data_reason = optional()
    synthetic = boolean(
        "示す値が架空か。値がなければ null", "Whether its figures are made up; null if it has none", allow_none=True
    )
    datasets = strings("この指標の値を持つデータセット", "Datasets that hold its values")
    pairs = several(PairSchema, "比べる相手", "What it may be held against")
    links = member_links()

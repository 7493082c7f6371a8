"""Surveys of people: respondents' answers and a code book -> indicators, by wave.

A source is a folder. Order of events for a wave (one file of answers):

1. *look*: its checksum is taken; the file is not copied, and its rows go no further than this package's memory;
2. the code book says which questions feed which indicators, and which answers are positive;
3. rows become arrays (:mod:`harvesters.survey.respondent_reader`);
4. weights: the column, or raked to the population, or none;
5. arrays become observations, small groups withheld (:mod:`harvesters.survey.estimates`).

Two datasets: the indicators, and the 2x2 counts of paired questions. Where the code book of a wave says something else
than that of the wave before, the series breaks there (status B). docs/surveys.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from catalog.database.jobs import HarvestObject
from catalog.errors import Label
from catalog.model import Dataset
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.options import INTEGER, TEXT, Option
from harvesters.readers.declared import LAYOUT_OPTIONS, LAYOUT_RULES
from harvesters.readers.detected import detections_of
from harvesters.survey.dataset import OPTIONS, dataset_option, files_option
from harvesters.survey.files import KIND, book_file, list_waves, listed_books
from harvesters.survey.groups import GroupReader
from harvesters.survey.indicators import DIMENSIONS, describe_indicators, describe_pairs
from harvesters.survey.options import ANSWERS_OF, CODEBOOK_OPTIONS, DECLARED_QUESTIONS, NUMBER, POPULATION, PUBLISHED
from harvesters.survey.rules import SURVEY
from harvesters.survey.wave_run import WaveRun
from harvesters.survey.waves import gather_file


class Survey(Harvester):
    """Answers of respondents: two datasets, one contribution a wave."""

    kind: ClassVar[str] = KIND
    version: ClassVar[str] = "3"
    title: ClassVar[Label] = Label("アンケートの個票", "Survey answers")
    places: ClassVar[tuple[str, ...]] = ("path",)
    options: ClassVar[tuple[Option, ...]] = (
        dataset_option("citizen-survey"),
        *OPTIONS,
        files_option("*個票*", Label("個票", "answers")),
        *CODEBOOK_OPTIONS,
        Option(
            name="questions",
            type=DECLARED_QUESTIONS,
            default=None,
            help=Label(
                "設問ごとの指標と肯定的回答（番号か選択肢）。コード表にその列がないとき、または違うとき",
                "Indicator and positive answers (codes or labels) of questions, without the code book or against it",
            ),
        ),
        Option(
            name="chosen",
            type=ANSWERS_OF,
            default=None,
            help=Label(
                "複数回答の列で、選んだことを示す値。なければ 1、○、選択肢の番号など",
                "What stands for a chosen option of multiple answers; 1, ○, its number and the like if absent",
            ),
        ),
        Option(
            name="not_chosen",
            type=ANSWERS_OF,
            default=None,
            help=Label(
                "複数回答の列で、選ばなかったことを示す値（1が選択・2が非選択なら chosen: [1]、not_chosen: [2]）",
                "What stands for a not chosen one; with 1 for chosen and 2 for not: chosen: [1], not_chosen: [2]",
            ),
        ),
        PUBLISHED,
        Option(
            name="weights",
            type=TEXT,
            default="column",
            help=Label(
                "ウェイト: column（列があれば使う）、rake（population に合わせて計算）、none",
                "Weights: column (if there is one), rake (to population), none",
            ),
            allowed=("column", "rake", "none"),
        ),
        Option(
            name="population",
            type=POPULATION,
            default=None,
            help=Label("weights: rake のときの母集団の人数（区分ごと）", "For weights: rake, the people of each group"),
        ),
        Option(
            name="population_size",
            type=INTEGER,
            default=None,
            help=Label(
                "調査対象の総人数。標本誤差の有限母集団修正に使う",
                "People that the sample was drawn from, for the sampling error",
            ),
        ),
        Option(
            name="deff",
            type=NUMBER,
            default=1.0,
            help=Label("標本設計によるデザイン効果", "Design effect of the sample"),
        ),
        Option(
            name="sampling",
            type=TEXT,
            default="probability",
            help=Label(
                "無作為抽出（probability）か公募など（nonprobability。区間を示さない）",
                "Random sample (probability), or volunteers (nonprobability: no intervals)",
            ),
            allowed=("probability", "nonprobability"),
        ),
        Option(
            name="suppress_below",
            type=INTEGER,
            default=10,
            help=Label(
                "肯定的回答がこの人数に満たない区分を秘匿する", "Groups with fewer positive answers are withheld"
            ),
        ),
        Option(
            name="flag_below",
            type=INTEGER,
            default=30,
            help=Label("回答者がこの人数に満たない区分を状態 U とする", "Groups with fewer respondents get status U"),
        ),
        *LAYOUT_OPTIONS,
    )
    rules = (*SURVEY.values(), *LAYOUT_RULES, *detections_of(options))

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the indicators and the pairs, without the codes that only the answers tell."""
        empty = [GroupReader(role).dimension() for role in DIMENSIONS]
        return describe_indicators(context, empty), describe_pairs(context)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the code books and the waves."""
        source = context.source
        waves, books = list_waves(source), listed_books(source)
        names = {book_file(source, one.name, books) for one in waves} - {one.name for one in waves}
        return [gather_file(source, name) for name in sorted(names)] + waves

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Keep the bytes of code books; only look at answers, which stay where they are."""
        if _is_wave(context, wanted.name):
            return context.fetcher.look(context.source, wanted, known)
        return context.fetcher.fetch(context.source, wanted, known)

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the indicators and pairs of the waves of a file; nothing for a code book."""
        if not _is_wave(context, fetched.object.name):
            return []
        return WaveRun(context, fetched).contributions()


def _is_wave(context: Context, name: str) -> bool:
    return name in {one.name for one in list_waves(context.source)}

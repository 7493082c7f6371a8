"""People who do not exist, and what they answer: the model behind the synthetic survey of the demo.

Nothing here was estimated from real answers. A person has a ward, an age, a sex and a way to respond; a number from -1
to 1 says how much he or she takes to technology. Whether an answer is positive is drawn with a probability that rises
from year to year and moves with these by the constants below, so that trends, gaps and differences look plausible.
Every draw is a function of its name (sha256), so the same people answer the same on every machine.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

#: ward -> its share of the people, and how its answers differ
WARDS = {
    "中央区": (0.22, 0.12),
    "花見川区": (0.18, -0.05),
    "稲毛区": (0.16, 0.02),
    "若葉区": (0.15, -0.18),
    "緑区": (0.13, -0.04),
    "美浜区": (0.16, 0.20),
}
#: age -> its share of the people and of those who respond, how its answers differ, how many answer on the web
AGES = {
    "18～29歳": (0.15, 0.10, 0.75, 0.80),
    "30代": (0.13, 0.11, 0.65, 0.75),
    "40代": (0.17, 0.16, 0.40, 0.65),
    "50代": (0.18, 0.18, 0.10, 0.50),
    "60代": (0.13, 0.17, -0.35, 0.32),
    "70歳以上": (0.24, 0.28, -0.95, 0.14),
}
#: sex -> its share of those who respond
SEXES = {"男性": 0.45, "女性": 0.50, "その他・回答しない": 0.05}
MAIL, WEB = "郵送", "WEB"
#: how much the way to respond, and taking to technology, move the answers
_WEB, _AFFINITY = 0.35, 1.1
#: the year whose share is given with a question
FIRST_YEAR = 2021

AGREE = ("そう思う", "どちらかといえばそう思う", "どちらともいえない", "どちらかといえばそう思わない", "そう思わない")
SATISFIED = ("満足", "やや満足", "どちらともいえない", "やや不満", "不満")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of the survey."""

    #: its number
    id: str
    #: its wording
    wording: str
    #: its options, positive ones first
    options: tuple[str, ...]
    #: how many of the options are positive
    positive: int
    #: number of the indicator; None if it feeds none
    indicator: int | None
    #: share of positive answers in :data:`FIRST_YEAR`, and how much it rises a year in logits
    level: float
    rise: float
    #: how much age and technology matter for it; 1 for most
    digital: float = 1.0
    #: whether several options may be chosen; the last one is then "none of these"
    multiple: bool = False


QUESTIONS: tuple[Question, ...] = (
    Question(
        id="問1",
        wording="「スマートシティ」という言葉を聞いたことがありますか。",
        options=("聞いたことがあり、意味も知っている", "聞いたことはある", "聞いたことがない"),
        positive=2,
        indicator=1,
        level=0.46,
        rise=0.16,
        digital=0.7,
    ),
    Question(
        id="問2",
        wording="インターネットにつながる機器のうち、お持ちのものをすべて選んでください。",
        options=("スマートフォン", "パソコン", "タブレット・ゲーム機など", "どれも持っていない"),
        positive=3,
        indicator=2,
        level=0.90,
        rise=0.12,
        digital=0.9,
        multiple=True,
    ),
    Question(
        id="問3",
        wording="市のサービスをよくするためにデータを集めて使うことに、理解できると思いますか。",
        options=AGREE,
        positive=2,
        indicator=3,
        level=0.44,
        rise=0.05,
        digital=0.5,
    ),
    Question(
        id="問4",
        wording="この1年間に、インターネットで買い物・予約・相談などをしましたか。",
        options=("よくした", "ときどきした", "していない"),
        positive=2,
        indicator=4,
        level=0.66,
        rise=0.15,
    ),
    Question(
        id="問5",
        wording="新しい技術のおかげで、暮らしが便利になったと感じますか。",
        options=AGREE,
        positive=2,
        indicator=5,
        level=0.52,
        rise=0.11,
        digital=0.8,
    ),
    Question(
        id="問6",
        wording="新しい技術のおかげで、ご自身の働き方（家事や地域の活動を含みます）が変わったと感じますか。",
        options=AGREE,
        positive=2,
        indicator=6,
        level=0.33,
        rise=0.09,
        digital=0.8,
    ),
    Question(
        id="問7",
        wording="市の広報紙を読んでいますか。",
        options=("毎号読んでいる", "ときどき読んでいる", "読んでいない"),
        positive=0,
        indicator=None,
        level=0.60,
        rise=0.0,
        digital=-0.5,
    ),
    Question(
        id="問8",
        wording="学校・職場・家庭での学びに、パソコンやインターネットを使っていますか。",
        options=("よく使っている", "ときどき使っている", "使っていない"),
        positive=2,
        indicator=8,
        level=0.48,
        rise=0.13,
    ),
    Question(
        id="問9",
        wording="新しい技術のおかげで、学びの環境がよくなったと感じますか。",
        options=AGREE,
        positive=2,
        indicator=9,
        level=0.38,
        rise=0.10,
        digital=0.8,
    ),
    Question(
        id="問10",
        wording="防犯・防災など、安全・安心についての市からのお知らせに満足していますか。",
        options=SATISFIED,
        positive=2,
        indicator=10,
        level=0.47,
        rise=0.04,
        digital=-0.1,
    ),
    Question(
        id="問11",
        wording="環境のためにふだん行っていることをすべて選んでください。",
        options=("省エネ・節電", "ごみを減らす", "車を使わない移動", "どれも行っていない"),
        positive=3,
        indicator=11,
        level=0.78,
        rise=-0.03,
        digital=-0.3,
        multiple=True,
    ),
    Question(
        id="問12",
        wording="市のサービスのうち、インターネットで使えるものがあることを知っていますか。",
        options=("使ったことがある", "知っているが使ったことはない", "知らない"),
        positive=2,
        indicator=14,
        level=0.50,
        rise=0.18,
        digital=0.7,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist."""

    #: names every draw of this person
    key: str
    ward: str
    sex: str
    age: str
    mode: str
    #: how much technology is taken to, from -1 to 1
    affinity: float


def chance(*parts: object) -> float:
    """Return a number from 0 to 1 that only depends on the parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def choose(shares: Mapping[str, float], draw: float) -> str:
    """Return the name in whose share a draw falls."""
    bounds = list(accumulate(shares.values()))
    return list(shares)[min(bisect_right(bounds, draw * bounds[-1]), len(bounds) - 1)]


def make_people(year: int, count: int) -> list[Person]:
    """Return the people who respond in a year."""
    return [_make_person(f"{year}/{number}") for number in range(1, count + 1)]


def _make_person(key: str) -> Person:
    age = choose({name: one[1] for name, one in AGES.items()}, chance(key, "age"))
    return Person(
        key=key,
        ward=choose({name: one[0] for name, one in WARDS.items()}, chance(key, "ward")),
        sex=choose(SEXES, chance(key, "sex")),
        age=age,
        mode=WEB if chance(key, "mode") < AGES[age][3] else MAIL,
        affinity=2 * (chance(key, "affinity") + chance(key, "more") + chance(key, "most")) / 3 - 1,
    )


def answer(person: Person, question: Question, year: int) -> tuple[int, ...]:
    """Return the numbers of the options that a person chooses, from 1; nothing if there is no answer."""
    key = f"{person.key}/{question.id}"
    if chance(key, "silent") < (0.035 if person.mode == MAIL else 0.01):
        return ()
    positive = chance(key, "positive") < _probability(person, question, year)
    liked = question.positive or 2
    if question.multiple:
        return _several(key, liked) if positive else (len(question.options),)
    if positive:
        return (1 + int(chance(key, "option") ** 0.8 * liked),)
    return (liked + 1 + int(chance(key, "option") * (len(question.options) - liked)),)


def _probability(person: Person, question: Question, year: int) -> float:
    start = math.log(question.level / (1 - question.level)) + question.rise * (year - FIRST_YEAR)
    web = _WEB if person.mode == WEB else 0.0
    digital = AGES[person.age][2] + WARDS[person.ward][1] + web + _AFFINITY * person.affinity
    logit = start + question.digital * digital + 0.12 * (2 * chance(question.id, person.ward) - 1)
    return 1 / (1 + math.exp(-logit))


def _several(key: str, liked: int) -> tuple[int, ...]:
    chosen = tuple(one for one in range(1, liked + 1) if chance(key, "option", one) < 0.6)
    return chosen or (1,)


def weigh(people: Sequence[Person]) -> list[float]:
    """Return a weight for each person, so that wards and ages have the shares of the population; mean 1."""
    cells: dict[tuple[str, str], int] = {}
    for one in people:
        cells[one.ward, one.age] = cells.get((one.ward, one.age), 0) + 1
    whole = {cell: WARDS[cell[0]][0] * AGES[cell[1]][0] for cell in cells}
    total = sum(whole.values())
    return [round(whole[one.ward, one.age] / total * len(people) / cells[one.ward, one.age], 4) for one in people]

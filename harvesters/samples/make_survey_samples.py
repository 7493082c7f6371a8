"""Make the synthetic samples: ``python -m harvesters.samples.make_survey_samples``. Every figure in them is made up.

What a city hall would hand over, as it would look, so that ``make demo`` has observations of the indicators whose
figures have never been published. The same code gives the same files, byte for byte; nothing is read.

- ``survey/``: respondents' answers of three waves (CP932), two code books (question 3 is worded anew in the last wave),
  the cross tables of an earlier wave whose answers nobody has, and a company survey of three years as workbooks;
- ``register/``: the city's procedures of three years.

The names of all files begin with :data:`MARK`, and what has a title has it there too.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harvesters.samples.people import (
    AGES,
    QUESTIONS,
    SEXES,
    WARDS,
    Person,
    Question,
    answer,
    chance,
    make_people,
    weigh,
)
from harvesters.samples.workbook import Cell, column_letters, write_workbook

#: begins the name of every file
MARK = "合成_"
#: fiscal year -> people who respond; the answers of the first wave are only known as cross tables
WAVES = {2022: 1200, 2023: 1230, 2024: 1260}
TABLES_YEAR, TABLES_PEOPLE = 2021, 1180
COMPANY_YEARS = (2022, 2023, 2024)
REGISTER_YEARS = (2022, 2023, 2024)
#: the wording of question 3 from this year on
REWORDED = (2024, "問3", "市や事業者が、個人が特定されない形でデータを集めて使うことに、理解できると思いますか。")

_HERE = Path(__file__).parent
_NO_ANSWER, _NO_ANSWER_MULTIPLE = "99", "9"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

#: industry -> companies that answer, and how likely one makes use of technology
INDUSTRIES = {
    "建設業": (84, 0.32),
    "製造業": (96, 0.47),
    "情報通信業": (26, 0.78),
    "運輸業・郵便業": (54, 0.36),
    "卸売業・小売業": (132, 0.35),
    "宿泊業・飲食サービス業": (66, 0.28),
    "医療・福祉": (72, 0.38),
}
#: size -> its share of the companies, and what it adds
SIZES = {"1～19人": (0.56, -0.06), "20～99人": (0.30, 0.05), "100人以上": (0.14, 0.20)}
COMPANY_ANSWERS = ("取り組んでいる", "検討している", "予定はない")
ALL_INDUSTRIES, ALL_SIZES = "全業種", "計"

#: department -> its procedures with cases a year and the fiscal year that they go online in; None for none yet
PROCEDURES: dict[str, tuple[tuple[str, int, int | None], ...]] = {
    "市民課": (
        ("住民票の写しの交付請求", 214000, 2019),
        ("転出届", 38500, 2022),
        ("転入届", 41200, None),
        ("印鑑登録", 16800, None),
        ("戸籍証明書の交付請求", 72400, 2023),
    ),
    "税務課": (
        ("所得課税証明書の交付請求", 58300, 2020),
        ("納税証明書の交付請求", 21600, 2021),
        ("口座振替の申込", 9400, 2023),
    ),
    "子育て支援課": (
        ("児童手当の認定請求", 7900, 2019),
        ("児童手当の現況届", 31500, 2019),
        ("妊娠の届出", 6400, 2023),
        ("ひとり親家庭の医療費助成の申請", 3100, None),
    ),
    "保育課": (("保育所等の利用申込", 8600, 2022), ("一時預かりの登録", 4200, 2022)),
    "介護保険課": (
        ("要介護認定の申請", 39800, 2023),
        ("高額介護サービス費の申請", 12700, None),
        ("住宅改修費の申請", 4900, None),
    ),
    "ごみ対策課": (("粗大ごみの収集申込", 148000, 2018), ("ごみ集積所の届出", 1300, None)),
    "道路課": (("道路占用許可の申請", 6200, 2023), ("道路の不具合の連絡", 13900, 2018)),
    "生涯学習課": (
        ("図書の予約", 486000, 2018),
        ("公民館の利用申込", 92700, 2021),
        ("講座の申込", 24300, 2020),
    ),
    "スポーツ課": (("体育施設の利用申込", 118000, 2019),),
    "予防課": (
        ("消防訓練の届出", 8800, 2022),
        ("防火管理者選任の届出", 5200, 2022),
        ("危険物取扱の許可申請", 900, None),
    ),
    "動物保護課": (("犬の登録", 3700, 2024), ("狂犬病予防注射済票の交付", 36900, None)),
    "環境保全課": (("騒音の特定施設の届出", 700, 2024), ("浄化槽の設置の届出", 400, None)),
}


def main(target: Path = _HERE) -> None:
    """Write all files below ``target``, by default beside this one."""
    survey, register = target / "survey", target / "register"
    for folder in (survey, register):
        folder.mkdir(parents=True, exist_ok=True)
    write_codebook(survey / f"{MARK}R4_コード表.xlsx", questions_of(2022))
    write_codebook(survey / f"{MARK}R6_コード表.xlsx", questions_of(2024))
    for year, count in WAVES.items():
        write_answers(survey / f"{MARK}市民アンケート_{era(year)}_個票.csv", year, count)
    write_cross_tables(survey / f"{MARK}市民アンケート_{era(TABLES_YEAR)}_集計表.xlsx")
    for year in COMPANY_YEARS:
        write_companies(survey / f"{MARK}企業アンケート_{era(year)}.xlsx", year)
    for year in REGISTER_YEARS:
        write_register(register / f"{MARK}手続台帳_{era(year)}.csv", year)


def era(year: int) -> str:
    """Return a fiscal year of Reiwa as city halls abbreviate it: 2022 is R4."""
    return f"R{year - 2018}"


def questions_of(year: int) -> tuple[Question, ...]:
    """Return the questions as they are asked in a year."""
    since, id, wording = REWORDED
    return tuple(replace(one, wording=wording) if one.id == id and year >= since else one for one in QUESTIONS)


def write_codebook(path: Path, questions: Sequence[Question]) -> None:
    """Write a code book: one row an option, the question's own cells in its first row."""
    rows: list[Sequence[Cell]] = [
        ["市民アンケート　コード表【合成データ】"],
        ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."],
    ]
    for one in questions:
        for number, option in enumerate(one.options, 1):
            head: list[Cell] = (
                [one.id, one.wording, "複数回答" if one.multiple else "単一回答"] if number == 1 else [None] * 3
            )
            mark = "○" if number <= one.positive else None
            rows.append([*head, number, option, mark, one.indicator if number == 1 else None])
    rows += [[], [f"※無回答は{_NO_ANSWER}（複数回答は{_NO_ANSWER_MULTIPLE}）"]]
    write_workbook(path, "コード表", rows)


def write_answers(path: Path, year: int, count: int) -> None:
    """Write one row a respondent, in CP932 with the line ends of Windows; a few cells are as careless as real ones."""
    questions, people = questions_of(year), make_people(year, count)
    header = ["回答者番号", "区", "性別", "年代", "回答方法", "ウェイト"]
    header += [name for one in questions for name in _column_names(one)]
    lines = [",".join(header)]
    for number, (person, weight) in enumerate(zip(people, weigh(people), strict=True), 1):
        row = [f"{era(year)}-{number:04d}", person.ward, person.sex, person.age, person.mode, f"{weight:.4f}"]
        row += [cell for one in questions for cell in _answer_cells(person, one, year)]
        lines.append(",".join(row))
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp932"))


def _column_names(question: Question) -> list[str]:
    if not question.multiple:
        return [question.id]
    return [f"{question.id}_{number}" for number in range(1, len(question.options) + 1)]


def _answer_cells(person: Person, question: Question, year: int) -> list[str]:
    chosen = answer(person, question, year)
    if question.multiple:
        numbers = range(1, len(question.options) + 1)
        return [str(int(one in chosen)) if chosen else _NO_ANSWER_MULTIPLE for one in numbers]
    code = str(chosen[0]) if chosen else _NO_ANSWER
    slip = chance(person.key, question.id, "slip")
    return [code.translate(_FULL_WIDTH) if slip < 0.002 else "0" if slip > 0.9998 else code]


def write_cross_tables(path: Path) -> None:
    """Write the questions with one answer by sex, age and ward, rounded to one digit, no answer in the base."""
    people = make_people(TABLES_YEAR, TABLES_PEOPLE)
    names = (*SEXES, *AGES, *WARDS)
    parts = [people, *([one for one in people if name in {one.sex, one.age, one.ward}] for name in names)]
    rows: list[Sequence[Cell]] = [
        ["令和3年度　市民アンケート　集計表【合成データ】"],
        ["調査時期：令和3年11月1日～11月30日　　単位：%　　無回答を含む構成比"],
        [],
    ]
    merged: list[str] = []
    for question in questions_of(TABLES_YEAR):
        if not question.multiple:
            rows.append([f"{question.id} {question.wording}"])
            merged += _merged_headings(len(rows) + 1)
            rows += _cross_table(question, names, parts)
    write_workbook(path, "集計表", rows, merged)


def _merged_headings(top: int) -> list[str]:
    ranges, first = [f"A{top}:A{top + 1}"], 2
    for count in (len(SEXES), len(AGES), len(WARDS)):
        ranges.append(f"{column_letters(first)}{top}:{column_letters(first + count - 1)}{top}")
        first += count
    return ranges


def _cross_table(
    question: Question, names: Sequence[str], parts: Sequence[Sequence[Person]]
) -> Iterator[Sequence[Cell]]:
    heading: list[Cell] = ["区分", "総数", "性別", *[None] * (len(SEXES) - 1), "年代", *[None] * (len(AGES) - 1)]
    yield [*heading, "区", *[None] * (len(WARDS) - 1)]
    yield [None, "（人）", *names]
    yield ["回答者数(n)", *(len(people) for people in parts)]
    chosen = [[answer(one, question, TABLES_YEAR) for one in people] for people in parts]
    wanted: list[tuple[str, tuple[int, ...]]] = [(one, (number,)) for number, one in enumerate(question.options, 1)]
    for label, code in [*wanted, ("無回答", ())]:
        yield [label, *(round(100 * answers.count(code) / len(answers), 1) for answers in chosen)]
    yield ["※割合は四捨五入のため合計が100にならないことがある。"]
    yield []


def write_companies(path: Path, year: int) -> None:
    """Write a company survey by industry and size, with subtotals; sizes with few companies are withheld."""
    counts = {(industry, size): _company_counts(industry, size, year) for industry in INDUSTRIES for size in SIZES}
    rows: list[Sequence[Cell]] = [
        [f"企業アンケート調査（令和{year - 2018}年度）【合成データ】"],
        [],
        ["業種", "規模", "回答企業数", *(cell for one in COMPANY_ANSWERS for cell in (one, None))],
        [None, None, "社", *("社", "％") * len(COMPANY_ANSWERS)],
    ]
    merged = ["D3:E3", "F3:G3", "H3:I3"]
    for industry in (ALL_INDUSTRIES, *INDUSTRIES):
        industries = tuple(INDUSTRIES) if industry == ALL_INDUSTRIES else (industry,)
        small = any(sum(counts[industry, size]) < 10 for size in SIZES if industry in INDUSTRIES)
        merged.append(f"A{len(rows) + 1}:A{len(rows) + 1 + len(SIZES)}")
        for size in (ALL_SIZES, *SIZES):
            sizes = tuple(SIZES) if size == ALL_SIZES else (size,)
            own = [sum(counts[i, s][place] for i in industries for s in sizes) for place in range(len(COMPANY_ANSWERS))]
            withheld = small and size != ALL_SIZES
            rows.append([industry if size == ALL_SIZES else None, size, sum(own), *_company_cells(own, withheld)])
    rows.append(["注）回答企業数が10社未満の規模がある業種は、規模別の内訳を秘匿（x）した。"])
    write_workbook(path, "集計表", rows, merged)


def _company_counts(industry: str, size: str, year: int) -> tuple[int, ...]:
    companies, likely = INDUSTRIES[industry]
    share, more = SIZES[size]
    number = max(3, round(companies * share * (0.94 + 0.12 * chance(year, industry, size))))
    rate = likely + more + 0.025 * (year - 2022) + 0.06 * (chance(year, industry, size, "rate") - 0.5)
    doing = min(number, round(number * min(rate, 0.95)))
    planning = round((number - doing) * (0.25 + 0.2 * chance(year, industry, size, "plan")))
    return doing, planning, number - doing - planning


def _company_cells(counts: Sequence[int], withheld: bool) -> Iterator[Cell]:
    if withheld:
        return iter("x" * 2 * len(counts))
    return (cell for one in counts for cell in (one, round(100 * one / sum(counts), 1)))


def write_register(path: Path, year: int) -> None:
    """Write the register of a year: UTF-8 with byte order mark, dates in eras, a dash where nothing is online."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["手続名", "所管課", "年間件数", "うちオンライン", "オンライン化年月日", "備考"])
        for department, procedures in PROCEDURES.items():
            for name, cases, since in procedures:
                now = round(cases * (0.96 + 0.08 * chance(year, name, "cases")))
                online, begun = _online(name, now, since, year)
                writer.writerow([name, department, f"{now:,}", online, begun, "合成データ"])
        writer.writerow([f"※件数は令和{year - 2018}年度の実績を模した合成データ（実際の件数ではない）"])


def _online(name: str, cases: int, since: int | None, year: int) -> tuple[str, str]:
    if since is None or since > year:
        return "-", "未実施"
    begun = f"{era(since)}.4.1" if since > 2019 else f"H{since - 1988}.4.1"
    return f"{round(cases * _online_share(name, year - since)):,}", begun


def _online_share(name: str, years: int) -> float:
    most = 0.35 + 0.55 * chance(name, "most")
    return most * (0.35 + 0.65 * min(years + 0.5, 5) / 5)


if __name__ == "__main__":
    main(*(Path(one) for one in sys.argv[1:2]))

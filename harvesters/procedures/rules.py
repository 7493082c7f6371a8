"""What the survey of procedures does wrong, and what to do about it: data for :mod:`harvesters.procedures`."""

from __future__ import annotations

from catalog.errors import Label
from harvesters.findings import Level, Rule

_ASK = Label("デジタル庁か所管府省庁に確かめてください", "Ask the Digital Agency or the ministry")
_LIST = Label(
    "harvesters/datasets/procedures-codes.yml にコードと英語名を加えてください",
    "Add a code and an English name to harvesters/datasets/procedures-codes.yml",
)
_FILE = Label("正しいファイルか、途中で壊れていないか確かめてください", "Check that it is the right file and complete")


def _rule(id: str, level: Level, ja: str, en: str, next_step: Label) -> tuple[str, Rule]:
    return id, Rule(id, level, Label(ja, en), next_step)


RULES: dict[str, Rule] = dict(
    [
        _rule("row-width", Level.REJECTED, "列の数が見出しと違う行", "Rows with another number of cells", _FILE),
        _rule("id-missing", Level.REJECTED, "手続IDのない行", "Rows without an id", _FILE),
        _rule("id-twice", Level.REJECTED, "同じ手続IDの2つ目の行", "Second row of the same id", _FILE),
        _rule(
            "online-exceeds-cases",
            Level.PARTLY,
            "オンライン件数が総件数を超える手続（「行われた」の計算から除外）",
            "Procedures with more online cases than cases (left out of Done)",
            _ASK,
        ),
        _rule(
            "cases-missing",
            Level.PARTLY,
            "件数のない手続（「行われた」の計算から除外）",
            "Procedures without counts (left out of Done)",
            Label("対応は要りません", "Nothing needs to be done"),
        ),
        _rule(
            "cases-invalid",
            Level.PARTLY,
            "件数が数でない手続（「行われた」の計算から除外）",
            "Procedures whose counts are no numbers (left out of Done)",
            _ASK,
        ),
        _rule(
            "status-missing",
            Level.PARTLY,
            "オンライン化の実施状況のない手続（「できる」の計算から除外）",
            "Procedures without a status (left out of Available)",
            _ASK,
        ),
        _rule(
            "status-unknown",
            Level.PARTLY,
            "見慣れない実施状況の手続（「できる」の計算から除外）",
            "Procedures with an unknown status (left out of Available)",
            _ASK,
        ),
        _rule(
            "ministry-missing",
            Level.PARTLY,
            "所管府省庁のない手続（府省庁別からだけ除外）",
            "Procedures without a ministry (left out of that breakdown only)",
            _ASK,
        ),
        _rule(
            "procedure-kind-missing",
            Level.PARTLY,
            "手続類型のない手続（類型別からだけ除外）",
            "Procedures without a kind (left out of that breakdown only)",
            _ASK,
        ),
        _rule(
            "recipient-missing",
            Level.PARTLY,
            "受け手のない手続（受け手別からだけ除外）",
            "Procedures without a recipient (left out of that breakdown only)",
            _ASK,
        ),
        _rule(
            "code-new",
            Level.WARNING,
            "一覧にない府省庁・類型・受け手（値から作ったコードで集計）",
            "Ministries, kinds or recipients that are not in the list (counted under a code made of the value)",
            _LIST,
        ),
        _rule(
            "cases-do-not-add-up",
            Level.WARNING,
            "オンラインと非オンラインの和が総件数と合わない手続（総件数を採る）",
            "Procedures whose online and offline cases do not add up (the total is taken)",
            _ASK,
        ),
        _rule(
            "online-without-status",
            Level.NOTICE,
            "未実施・適用除外・その他なのにオンライン件数がある手続（件数は使う）",
            "Procedures that are not online by their status and have online cases (the cases are used)",
            _ASK,
        ),
        _rule(
            "cases-zero",
            Level.NOTICE,
            "総件数が0の手続。再配布のときに空欄が0に置き換えられ、「0件」と「回答なし」は区別できない",
            "Procedures with 0 cases; the redistribution put 0 for blanks, so 0 and no answer look the same",
            Label(
                "区別が要るなら、デジタル庁の元のCSVを収集元にしてください",
                "If the difference matters, harvest the Digital Agency's own CSV",
            ),
        ),
    ]
)

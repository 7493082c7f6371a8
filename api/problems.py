"""Every problem that the API answers with: code, HTTP status, title and help, in one table.

The problem's ``type`` is the URL ``/problems/<code>``, which opens the help text; ``docs/errors.md`` is this table.
An error of ours is answered with the row of its ``code``; an error of HTTP with the row of its status.

References
----------
RFC 9457, Problem Details for HTTP APIs; RFC 9110 section 15.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.errors import Label, ShihyoError


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem."""

    #: stable code
    code: str
    #: HTTP status
    status: int
    #: title
    title: Label
    #: what it means and what to do
    help: Label


def _problem(code: str, status: int, ja: tuple[str, str], en: tuple[str, str]) -> Problem:
    return Problem(code, status, Label(ja[0], en[0]), Label(ja[1], en[1]))


_ROWS = (
    _problem(
        "query-invalid",
        400,
        ("パラメーターが使えません", "errors にある項目ごとに、使える値と最も近い値を示しています。"),
        ("A parameter cannot be used", "Each item of errors names what is allowed and what is nearest."),
    ),
    _problem(
        "period-invalid",
        400,
        ("期間として読めません", "2021、FY2023、2024-Q1、2024-M04、2022-12-31 のように書いてください。"),
        ("Not a period", "Write it like 2021, FY2023, 2024-Q1, 2024-M04 or 2022-12-31."),
    ),
    _problem(
        "area-code-invalid",
        400,
        ("地域コードが使えません", "6桁の全国地方公共団体コードを指定してください。最後の桁は検査数字です。"),
        ("Not an area code", "Give the six-digit local-government code; its last digit is a check digit."),
    ),
    _problem(
        "version-invalid",
        400,
        ("版として読めません", "1.4.2、1.4.*、1.*、latest のどれかにしてください。"),
        ("Not a version", "Use 1.4.2, 1.4.*, 1.* or latest."),
    ),
    _problem(
        "code-unknown",
        404,
        ("そのIDのものはありません", "一覧を返すAPIで、あるIDを確かめてください。"),
        ("There is nothing of this id", "Look the ids up in the list."),
    ),
    _problem(
        "dataset-unknown",
        404,
        ("そのデータセットはありません", "/api/v1/datasets で名前を確かめてください。"),
        ("There is no such dataset", "Look the names up at /api/v1/datasets."),
    ),
    _problem(
        "version-unknown",
        404,
        ("その版はありません", "/api/v1/datasets/{name}/releases で、ある版を確かめてください。"),
        ("There is no such version", "Look the versions up at /api/v1/datasets/{name}/releases."),
    ),
    _problem(
        "version-withdrawn",
        410,
        ("その版は取り下げられました", "別の版を指定してください。"),
        ("This version was withdrawn", "Ask for another version."),
    ),
    _problem(
        "not-found",
        404,
        ("そのページはありません", "URLを確かめてください。APIの入口は /api/v1 です。"),
        ("There is no such page", "Check the URL. The API begins at /api/v1."),
    ),
    _problem(
        "method-not-allowed",
        405,
        ("このメソッドは使えません", "Allow ヘッダーにあるメソッドを使ってください。"),
        ("This method is not allowed", "Use one that the Allow header names."),
    ),
    _problem(
        "not-acceptable",
        406,
        ("求められた形式では返せません", "Accept か format= に、allowed にある形式を指定してください。"),
        ("None of the accepted representations exists", "Ask for one of those in allowed, by Accept or format=."),
    ),
    _problem(
        "request-too-large",
        413,
        ("送られたデータが大きすぎます", "上限は設定 SHIHYO_MAX_UPLOAD_MB です。"),
        ("The request is too large", "The limit is the setting SHIHYO_MAX_UPLOAD_MB."),
    ),
    _problem(
        "request-invalid",
        400,
        ("要求を読めません", "HTTPの要求として正しいか確かめてください。"),
        ("The request cannot be read", "Check that it is a valid HTTP request."),
    ),
    _problem(
        "internal",
        500,
        ("サーバーの中で誤りが起きました", "時間をおいて試し、続くようなら問い合わせてください。"),
        ("Something went wrong inside the server", "Try again later; if it stays, tell the people who run it."),
    ),
    _problem(
        "catalogue-unavailable",
        503,
        ("カタログが応答しません", "公開済みのデータは読めます。時間をおいて試してください。"),
        ("The catalogue does not answer", "Published data can still be read. Try again later."),
    ),
    _problem(
        "catalogue-error",
        502,
        ("カタログが誤りを返しました", "カタログの記録を確かめてください。"),
        ("The catalogue answered with an error", "See the log of the catalogue."),
    ),
    _problem(
        "catalogue-not-found",
        404,
        ("カタログにありません", "データセットやファイルが消されていないか、カタログで確かめてください。"),
        ("The catalogue does not have it", "Check in the catalogue whether the dataset or the file was removed."),
    ),
    _problem(
        "not-authorized",
        403,
        ("この操作をする権限がありません", "組織の編集者か管理者のAPIトークンを使ってください。"),
        ("The token may not do this", "Use an API token of an editor or administrator of the organisation."),
    ),
    _problem(
        "publish-conflict",
        409,
        ("ほかの公開と重なりました", "もう一方の公開が終わってから、もう一度実行してください。"),
        ("Another publication got in between", "Run it again when the other one has finished."),
    ),
    _problem(
        "edited-by-hand",
        409,
        ("公開後に手で書き換えられています", "変更を確かめ、残すか戻すかを決めてから公開してください。"),
        ("It was edited by hand after publishing", "Look at the change and decide whether it stays, then publish."),
    ),
    _problem(
        "address-forbidden",
        400,
        ("そのアドレスは使えません", "公開されたhttp(s)のアドレスを指定してください。"),
        ("This address is not allowed", "Give a public http(s) address."),
    ),
    _problem(
        "too-large",
        413,
        ("取得するファイルが大きすぎます", "上限は設定 SHIHYO_MAX_DOWNLOAD_MB です。"),
        ("The file to fetch is too large", "The limit is the setting SHIHYO_MAX_DOWNLOAD_MB."),
    ),
    _problem(
        "source-unavailable",
        503,
        ("収集元が応答しません", "時間をおいて、もう一度実行してください。retries を書けば自動で再試行します。"),
        ("The source does not answer", "Run it again later; with retries it is tried again by itself."),
    ),
    _problem(
        "schedule-invalid",
        500,
        ("予定が分かりません", "「毎月1日 3:00」のような文か cron にしてください。"),
        ("The schedule cannot be understood", "Write a sentence such as every day at 2:30, or cron."),
    ),
    _problem(
        "fetch-failed",
        502,
        ("収集元から取得できません", "収集元のアドレスと応答を確かめてください。"),
        ("The source could not be fetched", "Check the address and the answer of the source."),
    ),
    _problem(
        "input-unreadable",
        400,
        ("渡されたデータを読めません", "示された場所を直して、もう一度渡してください。"),
        ("The input cannot be read", "Correct the place that is named and hand it in again."),
    ),
    _problem(
        "check-failed",
        400,
        ("データが規則に合いません", "示された行を直してください。"),
        ("The data breaks a rule", "Correct the rows that are named."),
    ),
    _problem(
        "setting-invalid",
        500,
        ("設定の値が使えません", "shihyo settings で、書き方を確かめてください。"),
        ("A setting cannot be used", "Run shihyo settings to see how it is written."),
    ),
    _problem(
        "configuration-invalid",
        500,
        ("収集元の定義が使えません", "harvest.yml の示されたキーを直してください。"),
        ("harvest.yml cannot be used", "Correct the key that is named."),
    ),
    _problem(
        "reference-data-invalid",
        500,
        ("参照データが壊れています", "示されたファイルを直してください。"),
        ("The reference data is broken", "Correct the file that is named."),
    ),
    _problem(
        "integrity",
        500,
        ("ファイルの内容が目録と違います", "手元の写しを消すと、カタログから取り直します。"),
        ("Bytes differ from their manifest", "Remove the local copy; it is fetched from the catalogue again."),
    ),
    _problem(
        "database-unusable",
        500,
        ("業務データベースを使えません", "SHIHYO_DATABASE_URL と、そのデータベースの状態を確かめてください。"),
        ("The application database cannot be used", "Check SHIHYO_DATABASE_URL and the state of that database."),
    ),
    _problem(
        "storage-unusable",
        500,
        ("ディスクを使えません", "空き容量、フォルダの持ち主と権限を確かめてください。公開済みのものは変わりません。"),
        ("The disk cannot be used", "Check free space, owner and permissions; what is published stays."),
    ),
    _problem(
        "source-busy",
        409,
        ("この収集元はいま収集中です", "終わるのを待って、もう一度実行してください。"),
        ("This source is being harvested right now", "Wait until it has finished and run it again."),
    ),
    _problem(
        "nothing-held",
        404,
        ("承認を待っているものがありません", "shihyo harvest holds で、待っているものを確かめてください。"),
        ("Nothing waits for a decision", "See what waits with shihyo harvest holds."),
    ),
    _problem(
        "approval-refused",
        403,
        ("この承認はできません", "理由を書き、別の人の承認が要るものは別の人が承認してください。"),
        ("This cannot be approved so", "Give a reason; where another person is needed, let another person approve."),
    ),
    _problem(
        "cancelled",
        409,
        ("人が止めました", "続けるには、もう一度実行してください。"),
        ("Stopped by a person", "Run it again to go on."),
    ),
    _problem(
        "timed-out",
        504,
        (
            "収集が決められた時間で終わりません",
            "収集元を確かめ、必要なら harvest.yml の timeout を延ばしてください。",
        ),
        ("The run took longer than allowed", "Check the source; if it is well, raise timeout in harvest.yml."),
    ),
    _problem(
        "lease-lost",
        409,
        ("別のプロセスが収集を引き継ぎました", "引き継いだジョブの結果を見てください。対応は要りません。"),
        ("Another process took the run over", "Look at the job that took over; nothing needs to be done."),
    ),
    _problem(
        "delivery-failed",
        502,
        (
            "まとめの報告を送れません",
            "設定と送り先の状態を確かめてください。収集の結果は変わりません。",
        ),
        ("The digest could not be sent", "Check the settings of mail and webhook; what was harvested stays."),
    ),
    _problem(
        "queue-unusable",
        503,
        ("ジョブの待ち行列を使えません", "SHIHYO_QUEUE_URL と、Redisが動いていることを確かめてください。"),
        ("The queue of jobs cannot be used", "Check SHIHYO_QUEUE_URL and that Redis runs."),
    ),
)

PROBLEMS = {one.code: one for one in _ROWS}

#: HTTP status -> code, for errors that HTTP itself makes; other statuses below 500 are ``request-invalid``
HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 406: "not-acceptable", 413: "request-too-large"}


def get_problem(code: str) -> Problem:
    """Return the row of a code.

    Raises
    ------
    KeyError
        If there is none.
    """
    return PROBLEMS[code]


def problem_of(error: ShihyoError) -> Problem:
    """Return the row of an error: that of its own code, else of the nearest class above it that has one."""
    codes = [getattr(one, "code", "") for one in type(error).__mro__]
    return next((PROBLEMS[code] for code in codes if code in PROBLEMS), PROBLEMS["internal"])

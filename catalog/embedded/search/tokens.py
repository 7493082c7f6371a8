"""Turn text into the tokens that are indexed, and a search term into a full-text expression.

Text is NFKC-normalised and lower-cased: ``ｱﾝｹｰﾄ`` is アンケート, ``ＣＳＶ`` is csv. A run of Japanese characters
becomes overlapping pairs and its last character: 完全失業率 is ``完全 全失 失業 業率 率``. A term of two or more
characters is then the phrase of its pairs (失業率 is ``"失業 業率"``), so it is found wherever it stands; a single
character is a prefix (``率*``) and hits every pair that begins with it. A run of other letters and digits is one
word, found as a whole or by its beginning.
"""

from __future__ import annotations

import re
import unicodedata

#: Han with its marks, hiragana, katakana with the long vowel mark, bopomofo, hangul
_CJK = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")


def fold(text: str) -> str:
    """Return text as it is compared: NFKC, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def index_tokens(text: str) -> str:
    """Return the tokens of a text, separated by spaces, in its order."""
    return " ".join(token for run in _RUN.findall(fold(text)) for token in _tokens_of(run))


def _tokens_of(run: str) -> list[str]:
    if not _IS_CJK.match(run):
        return [run]
    return [run[start : start + 2] for start in range(len(run))]


def match_expression(term: str, column: str = "", *, prefix: bool = True) -> str | None:
    """Return the FTS5 expression for a term or a phrase; None if it has no letter or digit.

    Parameters
    ----------
    term
        What a person typed: a word, a Japanese string, or a phrase of several words.
    column
        A column of the index; all of them if empty.
    prefix
        Whether the last word may go on: ``unemploy`` finds unemployment.
    """
    runs = _RUN.findall(fold(term))
    if not runs:
        return None
    tokens = [token for run in runs[:-1] for token in _tokens_of(run)]
    last = _tokens_of(runs[-1])
    single = len(last) == 1
    # the lone last character of a longer run would demand that the text ends there
    tokens += last if single else last[:-1]
    open_end = "*" if single and (prefix or bool(_IS_CJK.match(last[0]))) else ""
    phrase = f'"{" ".join(tokens)}"{open_end}'
    return f"{{{column}}} : {phrase}" if column else phrase

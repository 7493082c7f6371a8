"""Problem documents (RFC 9457)."""

from __future__ import annotations

from openapi.fields import StrictSchema, integer, several, string, strings


class ProblemItemSchema(StrictSchema):
    """One thing that is wrong with a request."""

    in_ = string("query、path、header", "query, path or header", data_key="in")
    parameter = string("パラメーター", "Parameter")
    value = string("使えない値", "The value that cannot be used", allow_none=True)
    detail = string("何が違うか", "What is wrong")
    allowed = strings("使える値（多ければ省く）", "What would do, unless too many")
    did_you_mean = string("最も近いもの", "What is nearest", allow_none=True)


class ProblemSchema(StrictSchema):
    """A problem document (RFC 9457)."""

    type = string("説明ページのURL", "URL of a page that explains it")
    title = string("題名", "Title")
    status = integer("HTTPステータス", "HTTP status")
    detail = string("何が違い、どうすればよいか", "What is wrong and what to do")
    instance = string("求められたパス", "The path that was asked")
    code = string("変わらない識別子", "Stable code")
    errors = several(ProblemItemSchema, "違いのひとつひとつ", "Everything that is wrong")
    corrected = string("直したURL。分からなければ null", "Corrected URL, or null", allow_none=True)

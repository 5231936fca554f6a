"""The words of reports that are handed on as files: titles, columns, periods spelled out, in Chinese and English."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from desk.report_periods import first_day, last_day
from desk.reports import WRITTEN, Report, Row

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
TITLE = "Nuisance calls: complaints and what came of them"
DIMENSION = {
    "all": "all together",
    "class": "kind of number",
    "code": "code",
    "holder": "holder",
    "bank": "bank",
    "branch": "bank and branch",
    "prefix": "prefix",
    "category": "subject",
    "business": "business",
}
COLUMNS = {
    "calls": "Calls",
    "rang": "Calls that rang",
    "complaints": "Complaints",
    "reporters": "Reporters",
    "per_10000": "Per 10,000 that rang",
    "verified": "Verified",
    "sealed": "Sealed",
    "withdrawn": "Withdrawn",
    "rejected": "Rejected",
    "stopped": "Calls stopped",
    "before": "Complaints of the period before",
    "growth": "Growth in percent",
    "year_ago": "Complaints a year ago",
    "year_growth": "Growth on a year ago",
}
_QUARTERS = ("First quarter", "Second quarter", "Third quarter", "Fourth quarter")
_CHINESE = {
    TITLE: "骚扰电话投诉及处理情况",
    "all together": "合计",
    "kind of number": "号码类别",
    "code": "号段",
    "holder": "号段持有者",
    "bank": "银行",
    "bank and branch": "银行与网点",
    "prefix": "前缀",
    "subject": "投诉类别",
    "business": "商家",
    "Calls": "通话",
    "Calls that rang": "振铃次数",
    "Complaints": "投诉",
    "Reporters": "举报人",
    "Per 10,000 that rang": "每万次振铃",
    "Verified": "已核实",
    "Sealed": "已封停",
    "Withdrawn": "已撤回",
    "Rejected": "已驳回",
    "Calls stopped": "拦截来电",
    "Complaints of the period before": "上期投诉",
    "Growth in percent": "环比（%）",
    "Complaints a year ago": "上年同期投诉",
    "Growth on a year ago": "同比（%）",
    "First quarter": "第一季度",
    "Second quarter": "第二季度",
    "Third quarter": "第三季度",
    "Fourth quarter": "第四季度",
    "{quarter} of {year}: {days}": "{year}年{quarter}（{days}）",
    "Total": "合计",
    "All complaints": "全部投诉",
    "per 10,000 calls": "每万次振铃",
    "by {dimension}": "按{dimension}统计",
    "branches of {bank}": "{bank}各网点",
    "as of {moment}": "截至 {moment}",
    "on the period before": "环比",
    "on a year ago": "同比",
    "none the period before": "上期无投诉",
    "none a year ago": "上年同期无投诉",
    "Cases decided": "已处理案件",
    "Cases answered": "已答复案件",
    "Appeals": "申诉",
    "{granted} granted, {refused} turned down": "成立 {granted}，不成立 {refused}",
    "{share} % in time": "按时率 {share}%",
    "none was due": "无到期",
    "Complaints, period by period": "各期投诉数",
    "Ranges ranked by rate": "号段按投诉率排名",
    "complaints per 10,000 calls that rang; the bar is certain by 95 %": "每万次振铃投诉数，横条为 95% 置信区间",
    "How long it took": "处理时长",
    "in the median": "中位数",
    "95 of 100 within": "95% 不超过",
    "late": "逾期",
    "{hours} h": "{hours} 小时",
    "{days} days": "{days} 天",
    "Seals released": "解除封停",
    "Deadlines missed and still open": "逾期未结",
    "and {count} more lines, in the table for spreadsheets": "其余 {count} 行见电子表格",
    "Nothing is known of this period.": "该期间没有数据。",
    "Page {page} of {pages}": "第 {page} 页，共 {pages} 页",
    "lines are ranked by complaints; sums of other lines are marked =": "按投诉数排序；标 = 者为其他行之和",
    "cn-95": "95 号段",
    "cn-96": "96 号段",
    "cn-400": "400 号码",
    "cn-9-odd": "其他 9 字头",
    "mobile": "移动电话",
    "fixed": "固定电话",
    "premium": "付费号码",
    "toll-free": "免费号码",
    "service": "服务号码",
    "anonymous": "匿名来电",
    "malformed": "格式错误",
    "impossible": "不存在的号码",
    "name": "名称",
    "extension": "分机",
    "marketing": "营销推销",
    "fraud": "诈骗",
    "loan": "贷款",
    "property": "房产",
    "insurance": "保险",
    "ring-once": "响一声",
    "abuse": "辱骂骚扰",
    "other": "其他",
}


# Kinds of numbers as they are called in print.
_ENGLISH = {"cn-95": "95 numbers", "cn-96": "96 numbers", "cn-400": "400 numbers", "cn-9-odd": "other 9 numbers"}


def known(language: str) -> Language:
    """One of the languages; English where it is none."""
    return "zh" if language == "zh" else "en"


def say(language: Language, text: str, **values: object) -> str:
    """A text of ours; what is none of ours stays as it is."""
    found = (_CHINESE if language == "zh" else _ENGLISH).get(text, text)
    return found.format(**values) if values else found


def spelled(language: Language, period: str) -> str:
    """The period with its first and last day: nobody should have to know what a quarter is."""
    first, last = first_day(period), last_day(period)
    days = f"{day(language, first)} – {day(language, last)}" if first != last else day(language, first)
    if "Q" not in period:
        return days
    quarter = say(language, _QUARTERS[int(period[-1]) - 1])
    return say(language, "{quarter} of {year}: {days}", quarter=quarter, year=first.year, days=days)


def day(language: Language, date_: date) -> str:
    """A day as it is written."""
    if language == "zh":
        return f"{date_.year}年{date_.month}月{date_.day}日"
    return f"{date_.day} {date_:%B} {date_.year}"


def about(language: Language, found: Report) -> str:
    """What the lines are."""
    if found.bank:
        return say(language, "branches of {bank}", bank=found.bank)
    if found.dimension == "all":
        return say(language, "all together")
    return say(language, "by {dimension}", dimension=say(language, DIMENSION[found.dimension]))


def name_of_line(language: Language, found: Report, row: Row) -> str:
    """What a line is called: names that somebody wrote are not ours to translate."""
    name = row.key if found.dimension in WRITTEN else say(language, row.key if row.key != "all" else "all together")
    return name or "–"


def table(language: Language, found: Report) -> tuple[list[str], list[list[Any]]]:
    """Heads and lines for a spreadsheet, the total last."""
    heads = [say(language, DIMENSION[found.dimension]), *(say(language, name) for name in COLUMNS.values())]
    rows = [_cells(row, name_of_line(language, found, row)) for row in found.rows]
    return heads, [*rows, _cells(found.total, say(language, "Total"))]


def _cells(row: Row, name: str) -> list[Any]:
    return [name + (" =" if row.sum_of else ""), *(getattr(row, column) for column in COLUMNS)]

"""An officer's reason as the other side may read it: nobody's number, address or name stands in it.

Officers write for their colleagues: "Ms Wang of Haidian says he rang her 138... five times". What they write is part of
letters and answers, so that everything in it that leads to a person is hidden before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from desk.archive import Archive
from desk.disclosure import without_numbers
from desk.faults import ComplaintError
from desk.holders import owner_of
from rules.storage.statements import sql

_MOST_READ = 500  # complaints of a case whose callers knew a name: more are not read for one letter
_HIDDEN = {False: ("(an address)", "(a name)"), True: ("（邮箱已隐去）", "（姓名已隐去）")}
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "張劉陳楊黃趙吳孫馬鄭謝羅許韓馮鄧蕭蔣葉蘇呂盧鍾譚陸範賈韋鄒閻龍賀顧龔萬錢嚴湯"
)
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof)\b\.?\s+\w[\w'\u2019-]*(?:\s+(?-i:[A-Z])[\w'\u2019-]+){0,2}"
    rf"|(?:欧阳|上官|司马|诸葛|[{_SURNAMES}])[\u4e00-\u9fff]{{0,2}}?"
    r"(?:先生|女士|小姐|太太|老师|经理|主任|警官|律师|师傅|医生|總|总|工)(?![\u4e00-\u9fff]?[程作人])",
    re.IGNORECASE,
)
_KNEW_NAMES = (
    "select reference, contents from complaint where case_id = ?1 and contents is not null "
    "and (' ' || knew || ' ') like '% name %' limit ?2"
)
_CASE_OF = "select case_id from complaint where reference = ?1"
_CASES_OF = "select id from case_file where number = ?1 order by id desc limit 1"
_ACTORS = sql("select distinct actor from step")  # whoever did anything here: officers write of each other
_NOBODY = frozenset({"", "ringfence", "reporter", "owner", "caller", "desk", "the desk", "policy", "api", "appellant"})


async def for_the_other_side(
    archive: Archive, reason: str, *, reference: str, number: str, chinese: bool, to_owner: bool = False
) -> str:
    """A reason that may leave the house; ``reference`` of the complaint or appeal that it is about."""
    if not reason:
        return ""
    names = await _known_names(archive, reference, number)
    if not to_owner:  # he knows his own name
        names.append(await owner_of(archive, number))
    return without_people(reason, names, chinese=chinese, home=archive.country)


def without_people(text: str, names: Iterable[str], *, chinese: bool, home: str = "") -> str:
    """The text without numbers, mail addresses, these names and whoever stands there with a title."""
    address, name = _HIDDEN[chinese]
    text = without_numbers(text, home).replace(_HIDDEN[False][0], address)
    text = _TITLED.sub(name, text)  # first: a title alone tells nothing, and must not stay behind
    wanted = {unicodedata.normalize("NFKC", one).strip() for one in names}
    for known in sorted((one for one in wanted if _tells(one)), key=len, reverse=True):
        text = _hidden(text, _as_written(known), name)
    return text


def _hidden(text: str, known: re.Pattern[str], instead: str) -> str:
    """The text without a name, which may stand there in signs of full width."""
    folded = "".join(one if len(one) == 1 else sign for sign in text for one in [unicodedata.normalize("NFKC", sign)])
    for found in reversed(list(known.finditer(folded))):  # sign by sign, so that the places are the same
        text = text[: found.start()] + instead + text[found.end() :]
    return text


def _tells(name: str) -> bool:
    """Could it be found in a sentence without hiding half of it?"""
    return len(name) >= 2 and name.casefold() not in _NOBODY and not name.isdecimal()


def _as_written(name: str) -> re.Pattern[str]:
    """The name in any case and with any blanks; Latin ones as whole words, since `li` stands in `client`."""
    words = r"\s+".join(re.escape(word) for word in name.split())
    begins = r"(?<![A-Za-z0-9_])" if name[0].isascii() else ""
    ends = r"(?![A-Za-z0-9_])" if name[-1].isascii() else ""
    return re.compile(f"{begins}{words}{ends}", re.IGNORECASE)


async def _known_names(archive: Archive, reference: str, number: str) -> list[str]:
    """Officers, and the names of reporters that callers knew."""
    settings, connection = archive.settings, archive.store.connection
    names = [*settings.officers, *settings.released_by]
    rows = list(await connection.execute_fetchall(_CASE_OF, (reference,)))
    rows = rows or list(await connection.execute_fetchall(_CASES_OF, (number,)))
    case_id = rows[0][0] if rows else 0
    names += [row[0] for row in await connection.execute_fetchall(_ACTORS)]
    for complaint, contents in await connection.execute_fetchall(_KNEW_NAMES, (case_id, _MOST_READ)):
        try:
            names.append(archive.secrecy.decrypt(contents, complaint).get("knew name", ""))
        except ComplaintError:  # written under a key that is not here: no name can be read there
            continue
    return names

"""Templates become pages: whatever is put in is encoded, and nothing that a stranger wrote steers what is beside it.

Two nets, both without exception: Jinja's autoescape, and `harmless`, through which every value goes: control characters
and those that turn the direction of writing are shown as what they are. A text of a stranger stands in `<bdi>` besides.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from console.web.translation import LANGUAGES, words_of
from desk.disclosure import without_numbers
from rules.records.privacy import mask

# Of C0 and C1 all but line feed and tabulator; what marks, embeds, overrides or isolates a direction; line and
# paragraph separators; what nobody sees between letters (Unicode 15, chapter 23).
_STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def harmless(value: object) -> object:
    """A value as it may stand in a page; what would steer the text beside it is written as its code."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    return value


def foreign(value: object) -> Markup:
    """What somebody outside wrote: isolated from the sentence around it, nobody's number or address in it."""
    return Markup('<bdi class="foreign">{}</bdi>').format(harmless(without_numbers(str(value))))


def number(canonical: str) -> Markup:
    """A number with its middle hidden, as everybody may see it."""
    return Markup('<bdi class="number">{}</bdi>').format(mask(canonical))


def verdict(action: str, said: str) -> Markup:
    """A verdict with its sign, which does not depend on colour alone."""
    return Markup('<span class="verdict {}">{}</span>').format(action, said)


def _sayings(language: str) -> tuple[Callable[..., Markup], Callable[..., Markup]]:
    """What ``_`` and ``ngettext`` are in a template: text of ours or of a stranger, encoded like any other value."""
    words = words_of(language)

    def put(said: str, values: dict[str, Any]) -> Markup:
        shown = escape(harmless(said))
        return shown % {name: harmless(value) for name, value in values.items()} if values else shown

    def one(text: str, /, **values: Any) -> Markup:
        return put(words.gettext(text) if text else "", values)

    def several(text: str, of_many: str, count: int, /, **values: Any) -> Markup:
        return put(words.ngettext(text, of_many, count), {"num": count, **values})

    return one, several


@cache
def environment(language: str) -> Environment:
    """The templates in this language."""
    found = Environment(
        loader=PackageLoader("console.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Not Jinja's own "new style", which takes whatever is translated for markup: a stranger's word among the names of
    # kinds and states was part of the page, and his % a place to fill.
    found.install_gettext_callables(*_sayings(language), newstyle=False)  # type: ignore[attr-defined]
    found.filters |= {"foreign": foreign, "number": number}
    return found


def prepare() -> None:
    """Compile every template in every language, so that nobody waits for it: a second of one thread, once."""
    for language in LANGUAGES:
        found = environment(language)
        for name in found.list_templates(extensions=["html"]):
            found.get_template(name)


def render(language: str, template: str, values: dict[str, Any], *, block: str = "") -> str:
    """A page, or one block of it."""
    found = environment(language).get_template(template)
    if not block:
        return found.render(values)
    context = found.new_context(values)
    return "".join(found.blocks[block](context))


@cache
def print_of(name: str) -> str:
    """What stands in the address of a static file, so that a browser keeps it until there is another one."""
    content = resources.files("console.web").joinpath("static", name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]

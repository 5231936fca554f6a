"""Whatever is put into a page is encoded, and steers nothing."""

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from console.web.rendering import environment, foreign, harmless, number, prepare, print_of, verdict
from console.web.translation import LANGUAGES


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&#34;&#39;"),
        ("a\u202eb\u2066c\u200f", "a\\u202eb\\u2066c\\u200f"),
        ("\x1b[31m\x00\x07\x9b", "\\u001b[31m\\u0000\\u0007\\u009b"),
        ("{{7*7}} {% raw %}", "{{7*7}} {% raw %}"),
        ("两行\n\t字", "两行\n\t字"),
        ("\u200b\ufeff\u2028\U000e0041", "\\u200b\\ufeff\\u2028\\ue0041"),
    ],
)
def test_a_text_of_a_stranger(text, shown):
    assert environment("en").from_string("{{ text }}").render(text=text) == shown
    assert (
        environment("zh").from_string("{{ text|foreign }}").render(text=text) == f'<bdi class="foreign">{shown}</bdi>'
    )
    assert foreign(text) == f'<bdi class="foreign">{shown}</bdi>'


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_translated_is_encoded_like_anything_else(language):
    """Among the names of kinds and states that templates translate are words of strangers."""
    words = "<i hx-post='/x'>\u202e 100% %s %(n)s"
    for text in ("{{ _(words) }}", "{{ _('%(n)s h left', n=words) }}"):
        shown = environment(language).from_string(text).render(words=words)
        assert "<" not in shown
        assert "\u202e" not in shown
    assert environment(language).from_string("{{ _('') }}").render() == ""


def test_what_is_markup_already_stays_so_and_other_values_too():
    assert harmless(Markup("<b>")) == "<b>"
    assert harmless(7) == 7


def test_what_a_template_does_not_know_is_an_error_of_ours():
    with pytest.raises(UndefinedError):
        environment("en").from_string("{{ nothing }}").render()


def test_numbers_and_verdicts():
    assert "138000" not in number("+8613800138000")
    assert verdict("reject", "<拒绝>") == '<span class="verdict reject">&lt;拒绝&gt;</span>'


def test_a_static_file_has_its_print_in_its_address():
    assert print_of("console.css") != print_of("console.js")
    assert len(print_of("console.css")) == 12


def test_every_template_is_compiled_before_somebody_waits_for_it():
    prepare()
    for language in LANGUAGES:
        known = {name for (_, name), _ in environment(language).cache.items()}
        assert known >= set(environment(language).list_templates(extensions=["html"])) != set()

"""What is written on paper: letters of every kind, in fonts that the file carries."""

import io

from pypdf import PdfReader

from desk.paper import MARGIN, REGULAR, STRONG, Paper, shortened, width_of

RARE = "\u9f98"  # in no table of common characters


def read(made):
    return PdfReader(io.BytesIO(made))


def test_text_in_both_languages_is_there_to_be_searched_and_its_font_lies_in_the_file():
    paper = Paper("标题", "North Telecom", "zh")
    paper.write(MARGIN, 60, "骚扰电话 Nuisance calls <b>&amp;</b>", font=STRONG)
    paper.write(MARGIN, 90, "1,234 %", end=True)
    paper.next_page()
    paper.write(MARGIN, 60, "другой")
    found = read(paper.done())
    assert (found.metadata.title, found.metadata.author, found.trailer["/Root"]["/Lang"]) == (
        "标题",
        "North Telecom",
        "zh",
    )
    assert "骚扰电话 Nuisance calls <b>&amp;</b>" in found.pages[0].extract_text()
    assert "другой" in found.pages[1].extract_text()
    fonts = [font.get_object() for font in found.pages[0]["/Resources"]["/Font"].values()]
    carried = [one for one in fonts if "NotoSansSC" in one["/BaseFont"]]
    assert carried
    assert all("/FontFile2" in one["/FontDescriptor"] for one in carried)


def test_what_our_font_lacks_comes_from_another_or_is_a_square():
    paper = Paper("t", "a", "en")
    paper.write(MARGIN, 60, f"a{RARE}b\U0001f600c")
    page = read(paper.done()).pages[0]
    assert any("STSong" in font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values())
    assert "\u25a1" in page.extract_text()
    assert width_of(RARE, 10) > 0


def test_a_name_is_cut_to_its_room():
    name = "银行的名称非常长 with a very long name"
    for room in (20, 60, 400):
        for font in (REGULAR, STRONG):
            cut = shortened(name, room, 9, font)
            assert width_of(cut, 9, font) <= room
            assert cut == name or cut.endswith("…")

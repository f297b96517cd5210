"""MusicXML -> pages, with verovio (which engraves) and typst (which makes PDF and PNG of it); both are optional."""

import io
import re
import zipfile
from dataclasses import dataclass

from inference.music.text import printable
from inference.render.errors import RenderFailed, ScoreTooLarge
from inference.render.optional import require
from inference.render.zips import zip_member

_WIDTH_MM, _HEIGHT_MM = 210, 297
_SIDE_MM, _HEAD_MM, _FOOT_MM = 12, 26, 12
_SCALE = 54
_PNG_PPI, _PNG_PPI_OF_MANY, _MANY_PAGES = 180.0, 130.0, 12
_MOST_NOTES = 25_000  # some 70 pages and 1 GiB of memory
_MOST_PICTURES = 40
# Letters of verovio's music font that stand in texts, and their likes in a font that is at hand: the note of a tempo
# mark, and the accidentals of chord names.
_LETTERS = str.maketrans(
    {
        "\ueca5": "\u2669",
        "\ue1d5": "\u2669",
        "\uea64": "\u266d",
        "\uea65": "\u266e",
        "\uea66": "\u266f",
        "\ue260": "\u266d",
        "\ue261": "\u266e",
        "\ue262": "\u266f",
        "\ued60": "\u266d",
        "\ued61": "\u266e",
        "\ued62": "\u266f",
    }
)
_DOT = " \uecb7"  # that of a dotted quarter in a tempo mark
_SMUFL_FONT = re.compile(r'font-family="(?:Leipzig|Bravura)[^"]*"')
_ACCIDENTAL = re.compile(r'font-family="[^"]*" font-size="(\d+)px">([\u266d-\u266f])')
_TEXT_SIZE = 405 / 720  # of letters, where the music font's size is 1
_RINGING = re.compile(r'(<lv [^>]*?tstamp2=")[^"]*"')
_COUNT = re.compile(r'<meterSig [^>]*count="(\d+)"')

_LAYOUT = """#set page(width: {width}mm, height: {height}mm, margin: 0mm, fill: white)
#set text(font: "Libertinus Serif", size: 10pt)
#let pages = json("pages.json")
#let sheet = json("sheet.json")
#set document(title: sheet.title, author: "LnH")
#for number in range(pages) {{
  if number > 0 {{ pagebreak() }}
  place(top + center, dy: 8mm, if number == 0 {{
    stack(spacing: 3mm, text(size: 20pt, sheet.title), text(size: 10pt, fill: luma(90), sheet.line))
  }} else {{
    text(size: 9pt, fill: luma(90), sheet.title)
  }})
  place(top + left, dx: {side}mm, dy: {head}mm, image(str(number) + ".svg", width: {inner}mm))
  place(bottom + center, dy: -6mm, text(size: 8pt, fill: luma(120), str(number + 1) + " / " + str(pages)))
}}
"""


@dataclass(frozen=True, slots=True)
class Pages:
    """An engraved score: A4 pages as SVG, and what stands at the head of the first."""

    svgs: tuple[str, ...]
    title: str
    line: str

    def pdf(self) -> bytes:
        """One PDF; equal pages give equal bytes. Raises RenderFailed without typst."""
        content = self._typeset("pdf")
        return content[0]

    def pngs(self) -> list[bytes]:
        """One PNG a page. Raises RenderFailed without typst."""
        return self._typeset("png")

    def zipped(self) -> bytes:
        """Every page as SVG and as PNG.

        Raises:
            ScoreTooLarge: there are too many.
            RenderFailed: typst is not installed.
        """
        if len(self.svgs) > _MOST_PICTURES:
            raise ScoreTooLarge(
                f"pictures are made of {_MOST_PICTURES} pages at most, and this score has {len(self.svgs)}"
            )
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (svg, png) in enumerate(zip(self.svgs, self.pngs(), strict=True), 1):
                archive.writestr(zip_member(f"page-{number:02}.svg"), svg, zipfile.ZIP_DEFLATED)
                archive.writestr(zip_member(f"page-{number:02}.png"), png)
        return file.getvalue()

    def _typeset(self, format: str) -> list[bytes]:
        import json

        typst = require("typst", "score", "a score as PDF or pictures")
        layout = _LAYOUT.format(
            width=_WIDTH_MM, height=_HEIGHT_MM, side=_SIDE_MM, head=_HEAD_MM, inner=_WIDTH_MM - 2 * _SIDE_MM
        )
        files = {
            "main.typ": layout.encode(),
            "pages.json": str(len(self.svgs)).encode(),
            "sheet.json": json.dumps({"title": self.title, "line": self.line}).encode(),
        } | {f"{number}.svg": svg.encode() for number, svg in enumerate(self.svgs)}
        ppi = _PNG_PPI if len(self.svgs) < _MANY_PAGES else _PNG_PPI_OF_MANY
        made = typst.compile(files, format=format, ppi=ppi, timestamp=0, ignore_system_fonts=True)
        return list(made) if isinstance(made, list) else [made]


def engrave(musicxml: bytes, title: str, line: str, notes: int) -> Pages:
    """Sets the pages.

    Args:
        musicxml: from `write_musicxml`.
        title: at the head of the first page.
        line: under the title.
        notes: how many there are.

    Raises:
        ScoreTooLarge: more notes than can be engraved in reasonable time.
        RenderFailed: verovio is not installed or cannot read it.
    """
    if notes > _MOST_NOTES:
        raise ScoreTooLarge(f"a printed score may have {_MOST_NOTES} notes at most, and this song has {notes}")
    verovio = require("verovio", "score", "a printed score")
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            "pageWidth": (_WIDTH_MM - 2 * _SIDE_MM) * 10 * 100 // _SCALE,
            "pageHeight": (_HEIGHT_MM - _HEAD_MM - _FOOT_MM) * 10 * 100 // _SCALE,
            "pageMarginLeft": 0,
            "pageMarginRight": 0,
            "pageMarginTop": 0,
            "pageMarginBottom": 0,
            "scale": _SCALE,
            "header": "none",
            "footer": "none",
            "xmlIdSeed": 1,
            "svgViewBox": True,
            "svgFormatRaw": True,  # the blanks of an indented file would be drawn between the parts of a text
            "spacingSystem": 10,
        }
    )
    toolkit.setOptions({"breaks": "none"})
    if not toolkit.loadData(musicxml.decode()):
        raise RenderFailed("this song cannot be engraved")
    toolkit.setOptions({"breaks": "auto"})
    toolkit.loadData(_with_long_ties(toolkit.getMEI()))
    pages = range(1, toolkit.getPageCount() + 1)
    svgs = tuple(_plain_fonts(toolkit.renderToSVG(page)) for page in pages)
    return Pages(svgs, printable(title), printable(line))


def _with_long_ties(mei: str) -> str:
    """Ties of what rings on reach to the end of the (last) bar; verovio reads them as too short to be seen."""
    counts = _COUNT.findall(mei)
    return _RINGING.sub(rf'\g<1>0m+{counts[-1]}.9"', mei) if counts else mei


def _plain_fonts(svg: str) -> str:
    """Texts in fonts that are at hand; an accidental in a chord's name is a letter like the others."""
    drawn = _SMUFL_FONT.sub('font-family="DejaVu Sans Mono"', svg.replace(_DOT, ".").translate(_LETTERS))
    return _ACCIDENTAL.sub(lambda sign: f'font-size="{round(int(sign[1]) * _TEXT_SIZE)}px">{sign[2]}', drawn)

"""Files that the loaders' tests make."""

import io
from collections.abc import Callable

import docx
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

MakePdf = Callable[..., bytes]
MakeDocx = Callable[..., bytes]


@pytest.fixture
def make_pdf() -> MakePdf:
    """Makes a PDF of pages, each a list of lines."""

    def make(*pages: list[str], title: str = "", password: str = "") -> bytes:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, encrypt=StandardEncryption(password) if password else None)
        if title:
            canvas.setTitle(title)
        for lines in pages:
            for number, line in enumerate(lines):
                canvas.drawString(72, 750 - 14 * number, line)
            canvas.showPage()
        canvas.save()
        return buffer.getvalue()

    return make


@pytest.fixture
def make_docx() -> MakeDocx:
    """Makes a Word document of (style, text) paragraphs."""

    def make(*paragraphs: tuple[str, str], title: str = "") -> bytes:
        document = docx.Document()
        document.core_properties.title = title
        for style, text in paragraphs:
            document.add_paragraph(text, style=style or None)
        buffer = io.BytesIO()
        document.save(buffer)
        return buffer.getvalue()

    return make

"""PDFs that act, carry files or hide are refused with the reason (faults 32, 34)."""

from __future__ import annotations

import io
import zlib

import pytest
from pypdf import PdfWriter

from msa_portal.errors import Refused
from requests_app.files import uploads
from requests_app.files.inspection import answers, limits, pdf
from tests import crafted

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
ACTIVE = {
    "script on opening": (crafted.pdf(b"/OpenAction 4 0 R", more={4: SCRIPT}), "JavaScript"),
    "script in the name tree": (
        crafted.pdf(b"/Names << /JavaScript << /Names [(a) 4 0 R] >> >>", more={4: SCRIPT}),
        "JavaScript",
    ),
    "script with an escaped name": (
        crafted.pdf(b"/OpenAction 4 0 R", more={4: b"<< /S /J#61vaScript /J#53 (app.alert\\(1\\)) >>"}),
        "JavaScript",
    ),
    "script whose kind is a reference": (
        crafted.pdf(b"/OpenAction 4 0 R", more={4: b"<< /S 5 0 R >>", 5: b"/JavaScr#69pt"}),
        "JavaScript",
    ),
    "script in an object stream": (crafted.pdf_with_object_stream(SCRIPT), "JavaScript"),
    "escaped script in an object stream": (
        crafted.pdf_with_object_stream(b"<< /S /J#61vaScript /#4aS (x) >>"),
        "JavaScript",
    ),
    "script in an object stream that no table names": (
        crafted.pdf(more={4: crafted.stream(b"9 0 << /S /J#61vaScript >>", b"/Type /ObjStm /N 1 /First 4")}),
        "JavaScript",
    ),
    "script that no table names": (
        crafted.pdf().replace(b"%PDF-1.7\n", b"%PDF-1.7\n9 0 obj\n" + SCRIPT + b"\nendobj\n"),
        "JavaScript",
    ),
    "launch": (crafted.pdf(b"/OpenAction << /S /Launch /F (cmd.exe) >>"), "start something"),
    "launch in an object stream": (
        crafted.pdf_with_object_stream(b"<< /S /Launch /F (cmd.exe) >>"),
        "start something",
    ),
    "action behind a harmless one": (
        crafted.pdf(b"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next << /S /Named /N /Print >> >>"),
        "start something",
    ),
    "action of a page": (crafted.pdf(page=b"/AA << /O << /S /Named /N /Print >> >>"), "start something"),
    "action of an annotation": (
        crafted.pdf(page=b"/Annots [4 0 R]", more={4: b"<< /Type /Annot /Subtype /Link /A << /S /SubmitForm >> >>"}),
        "start something",
    ),
    "another document": (
        crafted.pdf(page=b"/Annots [<< /Subtype /Link /A << /S /GoToR /F (//evil/x.pdf) >> >>]"),
        "start something",
    ),
    "file attached to the page": (
        crafted.pdf(page=b"/Annots [<< /Subtype /FileAttachment /FS 4 0 R >>]", more={4: b"<< /EF << >> >>"}),
        "another file inside",
    ),
    "script behind the end of the file": (
        crafted.pdf() + b"9 0 obj\n<< /S /J#61vaScript /JS (x) >>\nendobj\n",
        "JavaScript",
    ),
    "content in a file that is described elsewhere": (
        crafted.pdf(
            more={
                4: b"<< /Length 0 /F 5 0 R >>\nstream\n\nendstream",
                5: b"<< /Type /Filespec /FS /URL /ID [(a) (b)] >>",
            }
        ),
        "a file outside",
    ),
    "content in another file": (
        crafted.pdf(more={4: b"<< /Length 0 /F (pages.bin) >>\nstream\n\nendstream"}),
        "a file outside",
    ),
    "content on a network share": (
        crafted.pdf(more={4: b"<< /Length 0 /F << /UF (\\\\\\\\evil\\\\share) >> >>\nstream\n\nendstream"}),
        "a file outside",
    ),
    "content of an unnamed object in another file": (
        crafted.pdf().replace(
            b"%PDF-1.7\n", b"%PDF-1.7\n9 0 obj\n<< /F (//evil/x) /Length 0 >>\nstream\n\nendstream\nendobj\n"
        ),
        "a file outside",
    ),
    "reference to a file on a network share": (
        crafted.pdf(page=b"/Annots [<< /Subtype /Link /A << /S /Thread /F << /F (\\\\\\\\evil\\\\x) >> >> >>]"),
        "a file outside",
    ),
    "link to a network share": (
        crafted.pdf(page=b"/Annots [<< /Subtype /Link /A << /S /URI /URI (\\\\\\\\evil\\\\x) >> >>]"),
        "a file outside",
    ),
    "link to a file": (
        crafted.pdf(page=b"/Annots [<< /Subtype /Link /A << /S /URI /URI (file:////evil/x) >> >>]"),
        "a file outside",
    ),
    "base of links on a network share": (crafted.pdf(b"/URI << /Base (//evil/) >>"), "a file outside"),
    "data for a form": (
        crafted.pdf(page=b"/Annots [<< /Subtype /Link /A << /S /ImportData /F (x.fdf) >> >>]"),
        "start something",
    ),
    "script in the last of a name tree's branches": (
        crafted.pdf(
            b"/Names << /JavaScript << /Kids [<< /Names [] >> << /Names [(a) 4 0 R] >>] >> >>", more={4: b"(x)"}
        ),
        "JavaScript",
    ),
    "XFA": (crafted.pdf(b"/AcroForm << /XFA 4 0 R >>", more={4: crafted.stream(b"<xdp/>")}), "XFA"),
    "rich media": (crafted.pdf(page=b"/Annots [<< /Subtype /RichMedia >>]"), "video, sound or 3D"),
    "said to be encrypted": (
        crafted.pdf(trailer=b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -4 >>"),
        "password",
    ),
}


def made(change) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(612, 792)
    change(writer)
    writer.write(out)
    return out.getvalue()


def refused(body: bytes, name: str = "scan.pdf") -> Refused:
    with pytest.raises(Refused) as refusal:
        uploads.check(crafted.upload(body, name), allow_pdf=True)
    return refusal.value


@pytest.mark.parametrize("case", ACTIVE)
def test_pdf_that_acts_is_refused_with_the_reason(case):
    body, reason = ACTIVE[case]
    refusal = refused(body)
    assert (refusal.code, reason in str(refusal)) == ("active_pdf", True)


def test_pdf_with_an_embedded_file_is_refused():
    refusal = refused(made(lambda writer: writer.add_attachment("run.exe", b"MZ")))
    assert (refusal.code, "another file inside" in str(refusal)) == ("active_pdf", True)


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_encrypted_pdf_is_refused_even_with_an_empty_password(algorithm):
    refusal = refused(made(lambda writer: writer.encrypt("", "owner", algorithm=algorithm)))
    assert (refusal.code, "password" in str(refusal)) == ("active_pdf", True)


@pytest.mark.parametrize(
    "body",
    [
        crafted.pdf(),
        crafted.pdf(b"/OpenAction [3 0 R /Fit]"),
        crafted.pdf(b"/OpenAction << /S /GoTo /D [3 0 R /Fit] >>"),
        crafted.pdf(page=b"/Annots [<< /Subtype /Link /A << /S /URI /URI (https://example.com) >> >>]"),
        crafted.pdf(page=b"/Resources << /ExtGState << /a << /BM /Screen >> >> >>"),
        crafted.pdf(b"/Names << /JavaScript << /Names [] >> /EmbeddedFiles 4 0 R >>", more={4: b"<< /Names [ ] >>"}),
        crafted.pdf(
            page=b"/Contents 4 0 R",
            more={4: b"<< /Length 47 >>\nstream\nBT (Files are /EmbeddedFile or /JavaScript) Tj ET\nendstream"},
        ),
        crafted.pdf(trailer=b"/Info << /Title (What /EmbeddedFile and /JavaScript mean) >>"),
        crafted.pdf_with_object_stream(b"<< /Title (What /EmbeddedFile and /JavaScript mean) >>", opens=False),
        crafted.pdf(page=b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Times >> >> >>"),
    ],
    ids=[
        *(
            "plain",
            "opens at a place",
            "goes to a place",
            "link",
            "blend mode",
            "empty name trees",
            "words in the text",
        ),
        *("words in the title", "words in an object stream", "font named F"),
    ],
)
def test_harmless_pdf_is_taken_as_it_is(body):
    checked = uploads.check(crafted.upload(body, "scan.pdf"), allow_pdf=True)
    assert (checked.content_type, checked.body, checked.pages) == ("application/pdf", body, 1)


def test_pdf_with_too_many_pages_is_refused_with_the_limit():
    pages = made(lambda writer: [writer.add_blank_page(10, 10) for _page in range(limits.MAX_PAGES)])
    refusal = refused(pages)
    assert (refusal.code, f"more than {limits.MAX_PAGES} pages" in str(refusal)) == ("too_many_pages", True)


BOMBS = {
    "object stream": crafted.pdf(more={4: crafted.stream(bytes(60_000_000), b"/Type /ObjStm /N 1 /First 4")}),
    "page image": crafted.pdf(
        more={4: b"<< /Subtype /Image /Width 90000 /Height 90000 /Length 0 >>\nstream\n\nendstream"}
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_bomb_is_refused(case):
    assert refused(BOMBS[case]).code in {"too_heavy", "not_a_pdf"}


RUNS = zlib.compress(b"\x81x" * 2_000_000, 9)  # 128 times the same letter each
CHAINS = {
    "ten filters": crafted.filtered(bytes(300_000_000), times=10),
    "two filters, the second one small": crafted.filtered(bytes(230_000_000), times=2),
    "objects behind a chain": crafted.filtered(bytes(60_000_000), times=3, entries=b"/Type /ObjStm /N 1 /First 4"),
    "run lengths behind inflation": (
        b"<< /Length %d /Filter [/FlateDecode /RunLengthDecode] >>\nstream\n%s\nendstream" % (len(RUNS), RUNS)
    ),
}


@pytest.mark.parametrize("case", CHAINS)
def test_stream_is_counted_through_every_filter_of_its_chain(case):
    assert refused(crafted.pdf(more={4: CHAINS[case]})).code == "too_heavy"


def test_chain_within_the_limits_is_taken():
    body = crafted.pdf(more={4: crafted.filtered(bytes(1_000_000), times=3)})
    assert uploads.check(crafted.upload(body, "scan.pdf"), allow_pdf=True).pages == 1


@pytest.mark.parametrize("make", [crafted.slow_pdf, crafted.pdf_of_tiny_objects])
def test_file_that_takes_too_long_is_given_up(make):
    refusal = refused(make())
    assert (refusal.code, "in time" in str(refusal)) == ("too_slow", True)


def test_streams_that_inflate_to_more_than_the_budget_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "MAX_INFLATED_BYTES", 5_000_000)
    with pytest.raises(answers.NotTaken) as refusal:
        pdf.inspect(crafted.pdf(more={n: crafted.stream(bytes(2_000_000)) for n in (4, 5, 6)}))
    assert refusal.value.answer == {"refused": "too_heavy"}


@pytest.mark.parametrize(
    "body",
    [b"%PDF-1.7 and nothing else", crafted.pdf()[:120], b"%PDF-1.7\n" + b"\x00" * 5000],
    ids=["no objects", "cut off", "zeros"],
)
def test_damaged_pdf_is_refused(body):
    assert refused(body).code == "not_a_pdf"


@pytest.mark.parametrize(
    "body",
    [b"MZ\x90\x00" + b"\x00" * 500, b"<!doctype html><script>1</script>", b"\n<html>%PDF-1.7", b'<svg onload="1"/>'],
    ids=["exe", "html", "html with a PDF's mark inside", "svg"],
)
def test_what_is_no_pdf_is_refused_whatever_its_name(body):
    refusal = refused(body)
    assert (refusal.code, "neither a photo nor a PDF" in str(refusal)) == ("not_a_photo", True)


def test_pdf_is_refused_where_a_photo_is_asked_for():
    with pytest.raises(Refused, match="not a photo"):
        uploads.check(crafted.upload(crafted.pdf(), "photo.jpg"))

"""Every made file is what it says, read by somebody else's reader."""

import csv
import io
import subprocess
import sys
from itertools import pairwise

import pikepdf
import pytest
from PIL import Image, ImageStat
from pydicom import dcmread

from casekeep.cli.demo.clinic import SEED, Kind
from casekeep.files.content import CLINICAL_TYPES, HEAD, HEIC, PORTAL_TYPES, sniff
from casekeep.files.model import Category
from tests.cli.demo.conftest import Made

MIB = 1 << 20
DRAWING_LIBRARIES = ("numpy", "PIL", "reportlab", "pydicom")


def of(made: list[Made], *kinds: Kind) -> list[Made]:
    found = [each for each in made if each.file.kind in kinds]
    assert found
    return found


def test_all_together_are_small(made: list[Made]) -> None:
    assert sum(len(each.content) for each in made) < 25 * MIB
    assert max(len(each.content) for each in made) < 10 * MIB


def test_every_accepted_type_but_heic_is_there(made: list[Made]) -> None:
    found = {sniff(each.content[:HEAD], each.file.name) for each in made}
    assert found == CLINICAL_TYPES - {HEIC}


def test_patients_add_what_the_portal_takes(made: list[Made]) -> None:
    theirs = [each for each in made if each.case is None or each.file.added_by == "patient"]
    assert theirs
    assert {sniff(each.content[:HEAD], each.file.name) for each in theirs} <= PORTAL_TYPES


@pytest.mark.parametrize("kind", Kind)
def test_the_same_seed_makes_the_same_bytes(made: list[Made], kind: Kind) -> None:
    each = of(made, kind)[-1]
    assert each.again(SEED) == each.content


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.LETTER, Kind.NOTE}])
def test_another_seed_makes_other_bytes(made: list[Made], kind: Kind) -> None:
    # Letters and notes are written, not drawn.
    each = of(made, kind)[0]
    assert each.again(SEED + 1) != each.content


def test_pdfs_have_pages_and_text_of_their_patient(made: list[Made]) -> None:
    pages: list[int] = []
    for each in of(made, Kind.LAB_REPORT, Kind.LETTER, Kind.ECG):
        with pikepdf.open(io.BytesIO(each.content)) as pdf:
            assert not pdf.check_pdf_syntax()
            pages.append(len(pdf.pages))
            shown = b"".join(page.Contents.read_bytes() for page in pdf.pages)
            assert each.patient.subject.last_name.encode() in shown
    assert set(pages) == {1, 2}


def test_tables_are_csv_of_one_shape(made: list[Made]) -> None:
    for each in of(made, Kind.TABLE):
        header, *rows = csv.reader(io.StringIO(each.content.decode(), newline=""))
        assert len(rows) >= 4
        assert {len(row) for row in rows} == {len(header)}


def test_notes_are_filled_in(made: list[Made]) -> None:
    for each in of(made, Kind.NOTE):
        text = each.content.decode()
        assert each.patient.subject.name in text
        assert "{" not in text


def test_pictures_open_and_show_something(made: list[Made]) -> None:
    kinds = (Kind.PHOTO, Kind.WEB_PHOTO, Kind.CHART, Kind.ULTRASOUND, Kind.RADIOGRAPH_PICTURE)
    formats: set[str | None] = set()
    for each in of(made, *kinds):
        with Image.open(io.BytesIO(each.content)) as picture:
            picture.load()
            formats.add(picture.format)
            assert min(picture.size) >= 500
            assert ImageStat.Stat(picture.convert("L")).stddev[0] > 10
    assert formats == {"JPEG", "PNG", "WEBP"}


def test_scans_have_several_pages(made: list[Made]) -> None:
    for each in of(made, Kind.SCAN):
        with Image.open(io.BytesIO(each.content)) as scan:
            assert scan.n_frames == (3 if each.file.variant == "old_records" else 2)
            for page in range(scan.n_frames):
                scan.seek(page)
                black = 1 - ImageStat.Stat(scan.convert("L")).mean[0] / 255
                assert 0.005 < black < 0.3


def test_the_ct_series_fits_together(made: list[Made]) -> None:
    slices = [dcmread(io.BytesIO(each.content)) for each in of(made, Kind.CT_SLICE)]
    assert len(slices) == 24
    for tag in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        assert len({getattr(each, tag) for each in slices}) == 1
    assert len({each.SOPInstanceUID for each in slices}) == 24
    heights = [float(each.ImagePositionPatient[2]) for each in slices]
    steps = {round(a - b, 3) for a, b in pairwise(heights)}
    assert steps == {float(slices[0].SliceThickness)}
    for each in slices:
        assert each.SOPInstanceUID.startswith("2.25.")
        assert each.SOPInstanceUID.is_valid
        units = each.pixel_array * float(each.RescaleSlope) + float(each.RescaleIntercept)
        assert units.shape == (256, 256)
        assert -1020 < units[:8].mean() < -980, "air around the body"
        assert units.max() > 400, "bone within it"


def test_radiographs_are_wide_and_deep(made: list[Made]) -> None:
    images = [dcmread(io.BytesIO(each.content)) for each in of(made, Kind.RADIOGRAPH)]
    assert {image.Modality for image in images} == {"CR", "DX"}
    for image in images:
        assert image.pixel_array.shape == (1024, 1024)
        assert image.pixel_array.max() > 3000
        lung, heart = image.pixel_array[400, 300], image.pixel_array[600, 580]
        assert lung < heart, "air is darker than the heart"


def test_dicom_names_the_planned_patient(made: list[Made]) -> None:
    for each in of(made, Kind.CT_SLICE, Kind.RADIOGRAPH):
        header = dcmread(io.BytesIO(each.content), stop_before_pixels=True)
        assert header.PatientID == each.patient.subject.record
        assert header.PatientName.family_name == each.patient.subject.last_name


def test_pictures_of_patients_are_radiology(made: list[Made]) -> None:
    for each in of(made, Kind.CT_SLICE, Kind.RADIOGRAPH, Kind.ULTRASOUND, Kind.PHOTO):
        assert each.file.category is Category.RADIOLOGY


def test_nothing_is_imported_before_a_file_is_made() -> None:
    code = f"""
import sys, casekeep.cli.main, casekeep.cli.demo.running
print([name for name in {DRAWING_LIBRARIES} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Radiological files: a CT series and single radiographs as DICOM (PS3.3, PS3.10), and as JPEG.

Every UID comes from a seed under the UUID root 2.25 (PS3.5 B.2); no pixel shows anybody.
"""

from functools import lru_cache
from io import BytesIO
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from casekeep.cli.demo import ct_phantom
from casekeep.cli.demo.radiograph_phantom import chest_radiograph, marked
from casekeep.cli.demo.subjects import Occasion
from casekeep.cli.demo.textures import Plane, draw, to_bytes

_PIXEL_MM = 360 * 0.88 / ct_phantom.SIZE
_SLICE_MM = 8.0
_FULL = 4095
_WRITER = UID("2.25.183948223079512377120487466284501923077")


def ct_slice(occasion: Occasion, seed: int, number: str) -> bytes:
    """One slice of the CT series of `seed`; `number` counts from 1 to `ct_phantom.SLICES`."""
    index = int(number)
    values = _chest(seed)[index - 1]
    stored = np.clip(np.rint(values) + 1024, 0, _FULL).astype("<u2")
    dataset = _dataset(occasion, seed, CTImageStorage, "CT", index)
    dataset.StudyDescription = "CT chest without contrast"
    dataset.SeriesDescription = "Chest axial 8.0 soft tissue"
    dataset.BodyPartExamined = "CHEST"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    _place(dataset, seed, index)
    _put_pixels(dataset, stored, bits=12)
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = ["40", "-500"], ["400", "1500"]
    dataset.WindowCenterWidthExplanation = ["MEDIASTINUM", "LUNG"]
    dataset.KVP, dataset.XRayTubeCurrent, dataset.ExposureTime = "120", "180", "500"
    dataset.ConvolutionKernel, dataset.AcquisitionNumber = "B30s", "1"
    return _written(dataset)


def radiograph(occasion: Occasion, seed: int, what: str) -> bytes:
    """A chest radiograph as DICOM: `cr` (computed) or `dx` (digital), 1024 x 1024, 12 bits."""
    digital = what == "dx"
    storage = DigitalXRayImageStorageForPresentation if digital else ComputedRadiographyImageStorage
    dataset = _dataset(occasion, seed, storage, "DX" if digital else "CR", 1)
    dataset.StudyDescription, dataset.SeriesDescription = "Chest PA", "Chest postero-anterior"
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", "PA"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"] if digital else ["DERIVED", "PRIMARY"]
    dataset.PatientOrientation, dataset.ImageLaterality = ["L", "F"], "U"
    _put_pixels(dataset, np.rint(_shadows(seed, what) * _FULL).astype("<u2"), bits=12)
    dataset.ImagerPixelSpacing = ["0.35", "0.35"]
    dataset.PixelSpacing = ["0.35", "0.35"]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.WindowCenter, dataset.WindowWidth = "1850", "3500"
    dataset.KVP, dataset.Exposure = "120", "2"
    if digital:
        dataset.PresentationIntentType, dataset.PresentationLUTShape = (
            "FOR PRESENTATION",
            "IDENTITY",
        )
        dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
        dataset.DetectorType, dataset.PositionerType = "DIRECT", "NONE"
        dataset.BurnedInAnnotation, dataset.LossyImageCompression = "YES", "00"
    return _written(dataset)


def radiograph_picture(occasion: Occasion, seed: int, what: str) -> bytes:  # noqa: ARG001 - as every maker
    """The radiograph of `seed` as a JPEG, as one sends it by mail."""
    output = BytesIO()
    Image.fromarray(to_bytes(_shadows(seed, what))).save(output, "JPEG", quality=88)
    return output.getvalue()


@lru_cache(maxsize=1)
def _chest(seed: int) -> list[Plane]:
    return ct_phantom.chest_slices(seed)


@lru_cache(maxsize=1)
def _shadows(seed: int, what: str) -> Plane:
    hazy = what == "dx"
    wide = 1.0 if hazy else 1.12
    return np.clip(marked(chest_radiograph(seed, heart=wide, haze=0.9 * hazy)), 0, 1)


def _uid(seed: int, label: str) -> UID:
    number = UUID(bytes=draw(seed, f"uid {label}").bytes(16), version=4)
    return UID(f"2.25.{number.int}")


def _dataset(occasion: Occasion, seed: int, storage: UID, modality: str, index: int) -> FileDataset:
    """The patient, study, series and equipment modules, and the file's own preamble."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = storage
    meta.MediaStorageSOPInstanceUID = _uid(seed, f"instance {index}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = _WRITER, "CASEKEEP_DEMO"
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = storage, meta.MediaStorageSOPInstanceUID
    subject = occasion.subject
    dataset.PatientName = f"{subject.last_name}^{subject.first_name}"
    dataset.PatientID, dataset.PatientBirthDate = subject.record, f"{subject.born:%Y%m%d}"
    dataset.PatientSex, dataset.PatientAge = subject.gender[0].upper(), f"{occasion.age:03d}Y"
    day = f"{occasion.day:%Y%m%d}"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.SeriesTime = "101500"
    dataset.AcquisitionTime = dataset.ContentTime = f"1016{index % 60:02d}"
    dataset.StudyInstanceUID = _uid(seed, "study")
    dataset.SeriesInstanceUID = _uid(seed, "series")
    dataset.StudyID, dataset.AccessionNumber = "1", f"{seed % 10**8:08d}"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, index
    dataset.Modality, dataset.ReferringPhysicianName = modality, ""
    dataset.InstitutionName, dataset.Manufacturer = occasion.house.name, "Casekeep"
    dataset.ManufacturerModelName, dataset.SoftwareVersions = "Synthetic scanner", "1"
    return dataset


def _place(dataset: FileDataset, seed: int, index: int) -> None:
    """Where the slice lies (image plane and frame of reference modules), in millimetres."""
    half = _PIXEL_MM * (ct_phantom.SIZE - 1) / 2
    height = -100.0 - _SLICE_MM * (index - 1)
    dataset.PatientPosition, dataset.FrameOfReferenceUID = "HFS", _uid(seed, "frame")
    dataset.PositionReferenceIndicator = ""
    dataset.ImagePositionPatient = [f"{-half:.4f}", f"{-half:.4f}", f"{height:.1f}"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = [f"{_PIXEL_MM:.6f}", f"{_PIXEL_MM:.6f}"]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = f"{_SLICE_MM:.1f}"
    dataset.SliceLocation = f"{height:.1f}"


def _put_pixels(dataset: FileDataset, stored: NDArray[np.uint16], *, bits: int) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = stored.tobytes()


def _written(dataset: FileDataset) -> bytes:
    output = BytesIO()
    dataset.save_as(output, enforce_file_format=True)
    return output.getvalue()

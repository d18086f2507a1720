"""CT series and DICOM SEG anywhere below a folder -> one lesion per segment whose label fits a rule.

Made for a hospital's export and for Colorectal-Liver-Metastases (Simpson et al. 2024, doi:10.1038/s41597-024-02981-2).
Where two acquisitions share a series, `data_modules.readers.ct_series` keeps the one that the SEG refers to.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_modules.adapters.label_rules import LabelRule, class_of
from data_modules.adapters.manifest_writer import LesionEntry, Listing
from data_modules.errors import InputError
from data_modules.readers.case_error import CaseError
from data_modules.readers.dicom_seg import SEGMENTATION, DicomSeg
from data_modules.readers.slice_header import CT_IMAGES, read_dataset

TAGS = ["SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "PatientID"]


@dataclass
class _Series:
    """One CT series: the folders and SOP instance UIDs of its slices."""

    patient_id: str
    folders: set[Path] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Segmentation:
    """A SEG with lesions: segment numbers and classes."""

    path: Path
    lesions: tuple[tuple[int, str], ...]


def read(folder: Path, files: Path, rules: Sequence[LabelRule]) -> Listing:
    """List the segments whose label fits a rule.

    Args:
        folder: Anything below it is looked at.
        files: Not used: nothing needs to be converted.
        rules: Segment label -> class.

    Returns:
        Lesions by patient; segments of one CT come from one SEG.

    Raises:
        InputError: If no rule is given, or there is no CT slice or no DICOM SEG.
    """
    if not rules:
        raise InputError(
            "dicom-seg needs --label PATTERN=CLASS: which segments are lesions, e.g. 'Tumor_.*=metastasis'."
        )
    series, paths = _walk(folder)
    if not series or not paths:
        lack = "CT slice" if not series else "DICOM SEG"
        raise InputError(f"No {lack} below the given folder: CT series and the DICOM SEGs drawn on them are needed.")
    listing = Listing()
    found: defaultdict[str, list[_Segmentation]] = defaultdict(list)
    for path in paths:
        try:
            seg = DicomSeg(path)
        except CaseError as error:
            listing.left_out[f"DICOM SEGs: {error.text}"] += 1
            continue
        uid = _series_of(seg, series)
        if not uid:
            listing.left_out["DICOM SEGs that do not refer to exactly one CT series below the folder"] += 1
        elif lesions := _lesions(seg, rules, listing.left_out):
            found[uid].append(_Segmentation(path, lesions))
    _list_lesions(listing, series, found)
    return listing


def _walk(folder: Path) -> tuple[dict[str, _Series], list[Path]]:
    """CT series by their UID, and the paths of the SEGs."""
    series: dict[str, _Series] = {}
    segs = []
    for path in sorted(p for p in folder.rglob("[!.]*") if p.is_file()):
        dataset = read_dataset(path, TAGS)
        if dataset is None:
            continue
        if dataset.get("SOPClassUID") in SEGMENTATION:
            segs.append(path)
        elif dataset.get("SOPClassUID") in CT_IMAGES:
            empty = _Series(str(dataset.get("PatientID") or ""))
            one = series.setdefault(str(dataset.get("SeriesInstanceUID")), empty)
            one.folders.add(path.parent)
            one.instances.add(str(dataset.get("SOPInstanceUID")))
    return series, segs


def _series_of(seg: DicomSeg, series: dict[str, _Series]) -> str:
    """UID of the CT series that a SEG names, else of the one that holds the slices it names; "" if not exactly one."""
    named = [uid for uid in series if uid in seg.referenced]
    named = named or [uid for uid, one in series.items() if not one.instances.isdisjoint(seg.referenced)]
    return named[0] if len(named) == 1 else ""


def _lesions(seg: DicomSeg, rules: Sequence[LabelRule], left_out: Counter[str]) -> tuple[tuple[int, str], ...]:
    """Numbers and classes of the segments that a rule fits."""
    lesions = []
    for number, label in seg.segments:
        name = class_of(rules, label)
        if number == 0:  # background of a label map
            continue
        if not name:
            left_out["segments whose label fits no --label"] += 1
        elif any(other == str(number) for n, other in seg.segments if n != number):
            # the reader takes mask_label for a segment's label first
            left_out["segments whose number is the label of another segment"] += 1
        else:
            lesions.append((number, name))
    return tuple(lesions)


def _list_lesions(listing: Listing, series: dict[str, _Series], found: dict[str, list[_Segmentation]]) -> None:
    ambiguous = {series[uid].patient_id for uid, segs in found.items() if len(segs) > 1}
    text = "patients with several DICOM SEGs of one CT that hold lesions: which one counts? Keep one below the folder"
    listing.left_out[text] += len(ambiguous)
    scans: Counter[str] = Counter()
    for uid, segs in found.items():
        patient, folders = series[uid].patient_id, series[uid].folders
        if not patient:
            listing.left_out["CT series without a PatientID"] += 1
        elif len(folders) > 1:
            listing.left_out["CT series whose slices lie in several folders: put them into one"] += 1
        elif patient not in ambiguous:
            scans[patient] += 1
            for number, name in segs[0].lesions:
                lesion = f"{scans[patient]}-{number}"
                listing.entries.append(
                    LesionEntry(patient, lesion, name, min(folders), segs[0].path, mask_label=str(number))
                )

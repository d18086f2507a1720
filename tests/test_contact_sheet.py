import numpy as np
import pytest
import written_phantoms
from matplotlib.image import imread

from data_modules.phantom_check import contact_sheet
from data_modules.phantom_check.phantom_files import open_phantom


@pytest.mark.parametrize("roi_only", [False, True])
def test_pages(tmp_path, roi_only):
    written_phantoms.write_cohort(tmp_path, patients=2, roi_only=roi_only)
    pages = contact_sheet.write_contact_sheet(tmp_path)
    names = ["cyst", "hemangioma"] + ([] if roi_only else ["slices", "planes"])
    assert pages == [tmp_path / "contact_sheet" / f"{name}.png" for name in names]
    for page in pages:
        assert imread(page)[..., :3].std() > 0.05  # something is drawn on the dark page


def test_every_page_says_what_it_is_and_names_its_lesions(tmp_path):
    phantom = open_phantom(written_phantoms.write_cohort(tmp_path, patients=1))
    page = contact_sheet.class_page(phantom, "hemangioma")
    shown = [ax for ax in page.axes if ax.get_visible()]
    assert len(shown) == 1
    assert shown[0].get_title() == "P0001-L2   16 mm"
    assert shown[0].get_xlabel() == "mimics metastasis"
    for figure in (page, contact_sheet.slices_page(phantom), contact_sheet.planes_page(phantom)):
        texts = " ".join(text.get_text() for text in figure.texts)
        assert "Synthetic images of a digital phantom: not patients. " in texts
        assert "Window -" in texts


def test_the_patients_right_is_at_the_left(tmp_path):
    phantom = open_phantom(written_phantoms.write_cohort(tmp_path, patients=1))
    axial, coronal, sagittal = contact_sheet.planes_page(phantom).axes
    for ax in (axial, coronal):
        shown = ax.images[0].get_array()
        liver = np.argwhere(np.abs(np.asarray(shown) - 100) < 20)[:, 1]  # written at 100 HU, on the right side only
        assert liver.mean() < shown.shape[1] / 2
    for ax, sides in ((axial, "RL"), (coronal, "RL"), (sagittal, "AP")):
        at = {text.get_text(): text.get_position()[0] for text in ax.texts}
        assert at[sides[0]] < 0.5 < at[sides[1]]

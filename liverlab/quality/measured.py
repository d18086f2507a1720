"""What a measurement of synthetic images gives: one row of `quality.csv`."""

from dataclasses import dataclass

from liverlab.quality.image_set import Floats

ALL = "all"  # in place of a class: images of all classes, each by the number that it has


@dataclass(frozen=True, eq=False)
class Measured:
    """One number about one set of images of one split.

    Attributes:
        features: Name of the feature space, e.g. "radiomics"; "pixels" for what is measured on the images themselves.
        images: What was measured: "synthetic", or a floor that says what real images reach: "train", "classic",
            "held_out".
        class_name: Class, or "all".
        measure: E.g. "kid"; its words are in `report/quality_words.py`.
        value: The estimate; nan where there are too few images to tell.
        draws: The same on bootstrap samples of patients (and of synthetic images), shape (draws,); draw i of every
            row of a repeat's splits was made from the same patients, so that differences can be taken draw by draw.
        count: Images measured.
        reference: Held-out images that they were compared with, 0 where the measure takes none.
    """

    features: str
    images: str
    class_name: str
    measure: str
    value: float
    draws: Floats
    count: int
    reference: int

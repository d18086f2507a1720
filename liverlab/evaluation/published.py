"""Published targets: the results printed by Frid-Adar et al. 2018 (arXiv 1803.01229), to lay beside ours.

Nothing here was computed by this project except the intervals, which the paper does not give, and the counts of its
Fig. 8, which were measured in the figure.
"""

from dataclasses import dataclass

from statsmodels.stats.proportion import proportion_confint

PUBLISHED_LESIONS = 182
PUBLISHED_CLASSES = ("cyst", "metastasis", "hemangioma")


@dataclass(frozen=True)
class PublishedRow:
    """One line of the paper's results.

    Attributes:
        name: The arm, as the paper calls it.
        sensitivity: Prevalence-weighted sensitivity, which equals accuracy; None where only accuracy is printed.
        specificity: Prevalence-weighted specificity.
        correct: Correctly classified of 182 lesions, calculated from the printed numbers.
        ours: The arm of ours that stands for it: the name of its experiment, with "-" for "/".
        confusion: Printed confusion matrix, true class by row in the order of `PUBLISHED_CLASSES`.
    """

    name: str
    sensitivity: float | None
    specificity: float | None
    correct: int
    ours: str
    confusion: tuple[tuple[int, int, int], ...] | None = None

    @property
    def accuracy(self) -> float:
        """Share of the 182 lesions classified correctly."""
        return self.correct / PUBLISHED_LESIONS

    @property
    def wilson_95(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy as if all lesions were independent."""
        low, high = proportion_confint(self.correct, PUBLISHED_LESIONS, alpha=0.05, method="wilson")
        return float(low), float(high)


CLASSIC_MATRIX = ((52, 1, 0), (2, 44, 18), (0, 18, 47))
DCGAN_MATRIX = ((53, 0, 0), (2, 52, 10), (1, 13, 51))
PUBLISHED_RESULTS = (
    PublishedRow("no augmentation", None, None, 104, "no_aug"),
    PublishedRow("classic augmentation", 0.786, 0.884, 143, "classic_aug", CLASSIC_MATRIX),
    PublishedRow("classic + DCGAN", 0.857, 0.924, 156, "dcgan_aug", DCGAN_MATRIX),
    # not acgan_aug: with the plain discriminator, as the paper says of its own results
    PublishedRow("classic + ACGAN", 0.813, 0.900, 148, "paper-acgan"),
    PublishedRow("ACGAN discriminator as classifier", 0.791, 0.888, 144, "paper-acgan_discriminator"),
    PublishedRow("BoVW-MI (bag of visual words)", 0.780, 0.883, 142, "paper-bovw"),
)

# Fig. 8: images per fold -> correct of 182, measured in the figure to the nearest lesion. The second curve stands on
# 5,000 classic images per fold, and its sizes are of all three classes together.
PUBLISHED_CURVES = {
    "classic.size": {
        0: 104, 500: 130, 1000: 136, 2000: 141, 3000: 141, 5000: 143, 7500: 143, 10000: 142, 15000: 142,
    },
    "synthetic.size": {0: 143, 300: 147, 1500: 152, 3000: 156, 6000: 156, 9000: 155, 12000: 155},
}  # fmt: skip

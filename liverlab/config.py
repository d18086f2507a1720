"""Every setting: name, type, default, unit, source. Defaults are the published numbers (profile `paper`).

"Paper" is Frid-Adar et al. 2018, arXiv:1803.01229; "silent" marks what it does not say. How files, profiles and
command-line overrides become one config is in `settings.py`. The generators' own numbers are in `generator_config.py`.
"""

from dataclasses import dataclass, field
from typing import Literal

from liverlab.generator_config import ACGANConfig, DCGANConfig, WatchConfig


@dataclass
class DataConfig:
    """The cohort."""

    manifest: str | None = None  # CSV of the user's lesions; null: the embedded digital phantom
    classes: list[str] = field(default_factory=lambda: ["cyst", "metastasis", "hemangioma"])  # paper, sec. 2.1
    phantom_lesions: int = 182  # paper, sec. 2.1: 53 cysts, 64 metastases, 65 hemangiomas
    phantom_seed: int = 0
    # a small series around each lesion: all that an experiment on ROIs sees, in a small part of the time and bytes
    phantom_roi_only: bool = True
    phantom_realistic_sizes: bool = False  # diameters by class; this leaks the class through size and noise grain


@dataclass
class RoiConfig:
    """What a network sees of a lesion."""

    size: int = 64  # pixels per side; paper, sec. 2.1
    margin: float = 0.25  # tissue on each side, in diameters; silent, measured in the paper's Fig. 3
    intensity: Literal["window", "minmax"] = "window"  # how HU become (0, 1); silent
    window_hu: tuple[float, float] = (-100.0, 240.0)  # silent; an abdominal soft-tissue window


@dataclass
class ClassicConfig:
    """Classic augmentation: paper, sec. 3.2; 30 x (1 + 3 + 7 + 5) = 480 transforms per lesion."""

    size: int = 5000  # images, originals included; the paper's best group. 0: originals only
    count: Literal["per_fold", "per_training_set"] = "per_fold"  # what `size` counts; silent
    rotations: int = 30
    max_angle_deg: float = 180.0
    flips: int = 3  # up-down, left-right, both
    translations: int = 7
    max_shift_px: float = 4.0  # p = min(4, 0.1 d), in pixels of the slice
    max_shift_diameters: float = 0.1
    scales: int = 5
    extra_margin: tuple[float, float] = (0.1, 0.4)  # diameters per side on top of roi.margin; read so from Fig. 3


@dataclass
class ClassifierConfig:
    """The CNN: paper, sec. 2.2 and 2.3; 1,273,347 parameters."""

    channels: list[int] = field(default_factory=lambda: [32, 64, 128])
    hidden: int = 256
    dropout: float = 0.5
    lr: float = 0.001
    momentum: float = 0.9  # Nesterov; value silent
    batch_size: int = 64  # over all devices
    mean: Literal["image", "scalar"] = "image"  # which mean of the training images is subtracted; silent
    budget: Literal["epochs", "steps"] = "steps"  # epochs: as published. steps: equal for all arms that are compared
    epochs: int = 150
    steps: int = 23550  # 150 epochs of the published classic group: 10,000 images in batches of 64


@dataclass
class BovwConfig:
    """Bag of visual words, the paper's feature-based baseline: Diamant et al. 2017, doi 10.1109/TBME.2016.2605627.

    Stride, kernel and penalty were chosen on phantoms of seeds 1 and 2, not on the default one.
    """

    patch_px: int = 11  # pixels per side
    stride_px: int = 2  # from patch to patch; silent; 1 gave the same accuracy at four times the work
    components: int = 10  # principal components of a patch
    words: int = 750
    kept_share: float = 0.35  # of the words, by mutual information with the class
    learning_patches: int = 100_000  # that dictionary and components are learned from; silent
    kernel: Literal["rbf", "linear"] = "rbf"  # of the support vector machine; silent
    penalty: float = 1.0  # its C; silent, scikit-learn's default


@dataclass
class SyntheticConfig:
    """The pool that a generator adds to the classifier's training side."""

    size: int = 1000  # images per class; paper, sec. 4.2: the best of 100 to 4000 per fold
    count: Literal["per_fold", "per_training_set"] = "per_fold"  # what `size` counts
    pool_size: int | None = None  # images drawn, of which an arm takes the first `size` per class; null: `size`
    # nested selection: sizes of which each split takes the best on patients held out from its own training side
    choose_from: list[int] | None = None


@dataclass
class ControlConfig:
    """What makes an arm a control, of which it is known beforehand what it should show. All off in an ordinary arm."""

    reseed: int = 0  # another number: other seeds of images, networks and order, on the same splits (A/A)
    real_images: bool = True  # false: the classifier trains on the pool alone
    corrupted_labels: float = 0.0  # share of the training lesions that are shown under another class
    permuted_labels: bool = False  # all training labels are dealt out anew: nothing is left to learn
    generator_sees: Literal["training_side", "everybody"] = "training_side"  # everybody: a leak, on purpose


@dataclass
class HoldoutConfig:
    """Instead of folds: one test side, and in each repeat others to train on; "per_fold" still counts n_folds - 1."""

    test_lesions: int = 2000  # a difference of 3 points is found among so many: Connor 1987 at discordance .2
    train_lesions: int = 182  # the paper's cohort


@dataclass
class CurveConfig:
    """One arm for every value of a setting, as in the paper's Fig. 8."""

    setting: str = "???"  # e.g. classic.size
    values: list[int] = field(default_factory=list)
    budgets: list[Literal["epochs", "steps"]] | None = None  # a line for each; null: classifier.budget alone
    scale: float = 1.0  # of the published sizes, where a profile shrinks them; only moves the points on the axis


@dataclass
class QualityConfig:
    """How synthetic images are compared with those of held-out patients. Described in the report; decides nothing."""

    measured: bool = True
    draws: int = 200  # bootstrap samples of patients, for the intervals
    neighbours: int = 5  # k of precision, recall, density and coverage; Naeem et al. 2020, arXiv:2002.09797
    # features of the user's: TorchScript from images (N, 1, size, size) in (0, 1) to numbers (N, D), and its SHA-256
    torchscript: str | None = None
    torchscript_sha256: str | None = None


@dataclass
class VerdictConfig:
    """The rule, fixed before results."""

    rope: float = 0.02  # accuracy; differences within 2 points count as equivalent
    draws: int = 5000  # of the patient-cluster bootstrap
    flips: int = 10000  # of the patient sign-flip test


@dataclass
class TrainerConfig:
    """Passed to the Lightning Trainer."""

    accelerator: str = "auto"
    devices: int = 1  # per node
    num_nodes: int = 1  # above 1 under srun or torchrun, which start a process per device
    strategy: str = "auto"  # with several devices: the form of DDP that suits the model
    precision: str = "32-true"
    compile: bool = False  # torch.compile of the networks: a minute or more first, then faster steps
    save_every_seconds: float = 30.0  # at most so often, at the end of an epoch: what a killed fit resumes from


@dataclass
class ExperimentConfig:
    """One experiment: an arm, and the arm it is compared with."""

    name: str = "???"
    description: str = ""
    profile: Literal["auto", "paper", "laptop", "smoke"] = "auto"
    # of the classifier; discriminator: the class head of the arm's ACGAN, nothing else is trained (paper, sec. 4.3)
    method: Literal["cnn", "bovw", "discriminator"] = "cnn"
    augmentation: Literal["none", "classic"] = "classic"
    # what fills the pool: a generator, or one of the controls of `control_pools.py`
    generator: Literal["none", "dcgan", "acgan", "classic_more", "duplicate_real", "placebo"] = "none"
    compare_with: str | None = None  # another experiment, run or reused with the same splits and seeds
    arms: list[str] | None = None  # experiments to run side by side, and
    curve: CurveConfig | None = None  # one arm for every value of a setting; with either:
    compare: list[str] | None = None  # [arm, baseline], the primary comparison, declared before results
    # further declared pairs, corrected for their number; "this" is the experiment itself beside its compare_with
    also_compare: list[list[str]] = field(default_factory=list)
    both_budgets: bool = True  # where budget is steps: the compared arms once more by epochs, described beside them
    # test: the curve's best point on the test folds is compared instead, as published; optimistic, and labelled so
    selection: Literal["fixed", "test"] = "fixed"
    # paper: 3 folds, once. honest: 5 folds, five times, with fresh seeds of split, generator and classifier
    protocol: Literal["paper", "honest"] = "paper"
    holdout: HoldoutConfig | None = None  # instead of folds
    n_folds: int = 3  # paper, sec. 4: 3-fold cross-validation, patients kept together
    repeats: int = 1
    folds: list[int] | None = None  # run only these; null: all
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    roi: RoiConfig = field(default_factory=RoiConfig)
    classic: ClassicConfig = field(default_factory=ClassicConfig)
    classifier: ClassifierConfig = field(default_factory=ClassifierConfig)
    bovw: BovwConfig = field(default_factory=BovwConfig)
    dcgan: DCGANConfig = field(default_factory=DCGANConfig)
    acgan: ACGANConfig = field(default_factory=ACGANConfig)
    watch: WatchConfig = field(default_factory=WatchConfig)
    synthetic: SyntheticConfig = field(default_factory=SyntheticConfig)
    control: ControlConfig = field(default_factory=ControlConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    verdict: VerdictConfig = field(default_factory=VerdictConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    tracking: Literal["none", "offline", "online", "auto"] = "auto"  # auto: online where wandb is logged in
    jobs: int | None = None  # stages at once; null: one per core without an accelerator, else one
    runs_dir: str = "runs"

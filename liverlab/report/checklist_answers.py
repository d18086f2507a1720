"""What a run can answer of reporting checklists, and in which section of its report it stands.

Each answer is read from the run's files or follows from how liverlab works; what is true of patients, scanners, readers
or committees is in no run and has no answer here. Results are given as the report prints them.
"""

from liverlab.report import design_sentences as design
from liverlab.report import statistics_sentences as statistics
from liverlab.report import training_sentences as training
from liverlab.report.generator_words import listed
from liverlab.report.known_facts import Facts, NotApplicable, Sentence, Unknown, counted, joined

PATIENTS = "Patients, lesions, {part}s"
METHODS, PROVENANCE, NETWORKS, ARMS = "Methods and limits", "Provenance", "Networks", "Arms"
BOTH_SIDES = "Patients on both sides of a split"  # of the leak checks


def technology(facts: Facts) -> str:
    """The kinds of networks."""
    kinds = list(dict.fromkeys(entry["kind"].upper() for entry in facts.get("run.generators", [])))
    networks = [*(["a convolutional classifier"] if training.steps(facts) else []), *kinds]
    return f"Deep learning: {listed(networks)}."


def goal(facts: Facts) -> str:
    """What is compared."""
    pair = facts["metrics.comparison"]
    return f"Comparison of a lesion classifier’s training with {pair['arm']} and with {pair['baseline']}."


def missing(facts: Facts) -> str:
    """A cohort has no gaps."""
    return f"Each of the {facts['run.cohort.lesions']:,} lesions had an image and a class; nothing was imputed."


def one_region(facts: Facts) -> str:
    """What is used of a patient."""
    return f"One two-dimensional region of each of {counted(facts['run.cohort.lesions'], 'lesion')}."


def disjoint(facts: Facts) -> str:
    """The check that was made."""
    found = [row["result"] for row in facts["run.leak_checks"] if row["check"] == BOTH_SIDES]
    if not found:
        raise Unknown("run.leak_checks")
    return f"The patient; patients on both sides: {found[0]}."


def parameters(facts: Facts) -> str:
    """Sizes of all networks."""
    sizes = [
        f"{net['network']}{'' if net['kind'] == 'cnn' else ' of the ' + net['kind']} {net['parameters']:,} parameters"
        for net in facts["run.networks"]
    ]
    if not sizes:
        raise Unknown("run.networks")
    return f"Every layer is listed: {listed(sizes)}."


def ensembles(facts: Facts) -> str:
    """None are made."""
    return (
        f"None: in each of {counted(len(facts['run.splits']), 'split')} one classifier of an arm answered for a lesion."
    )


def internal(facts: Facts) -> str:
    """How patients of the same cohort were tested."""
    leaks = facts.get("metrics.leaks", [])
    apart = f", but for the generators of {listed(leaks)}, on purpose" if leaks else ""
    return f"{design.splits(facts)} Every tested patient was unseen in training{apart}."


def external(facts: Facts) -> str:
    """What a run never has."""
    return f"None in this run: its {counted(len(facts['run.splits']), 'split')} divide one cohort."


def included(facts: Facts) -> str:
    """What entered the run."""
    cohort = facts["run.cohort"]
    return f"{counted(cohort['lesions'], 'lesion')} of {counted(cohort['patients'], 'patient')} entered the run."


def characteristics(facts: Facts) -> str:
    """The sides of every split."""
    splits = counted(len(facts["run.splits"]), "split")
    return f"Patients and lesions of both sides and classes of the test side are listed for {splits}."


def protocol(facts: Facts) -> str:
    """The frozen rule."""
    rule = facts["metrics.rule"]
    if not rule["frozen"]:
        raise Unknown("metrics.rule.frozen")
    return f"Rule {rule['hash']} of the verdict was frozen when the run began; all settings are in the report."


def software_availability(facts: Facts) -> str:
    """Version and licence."""
    return f"liverlab {facts['run.versions.liverlab']}, Apache-2.0; all settings of the run are in the report."


def data_availability(facts: Facts) -> str:
    """Only the phantom's is known."""
    if not facts["run.cohort.phantom"]:
        raise Unknown("where a user's data are")
    return f"The phantom is made by the software, from seed {facts['config.data.phantom_seed']}."


def full_model(facts: Facts) -> str:
    """Where the networks are."""
    return f"{parameters(facts)} The run’s folder holds the weights; liverlab export writes them for other programs."


def outcome(facts: Facts) -> str:
    """What is predicted."""
    return f"The class of a marked lesion: {listed(facts['run.class_names'])}."


def predictors(facts: Facts) -> str:
    """What it is predicted from."""
    size = facts["config.roi.size"]
    return f"The {size} × {size} pixels of the lesion’s region, all of them; no clinical data."


def updating(facts: Facts) -> str:
    """None is done."""
    facts.require("metrics.arms")
    return "None: nothing was trained or recalibrated after evaluation."


def imbalance(facts: Facts) -> str:
    """How often the classes are shown."""
    counts = listed([f"{count:,} {name}" for name, count in facts["run.cohort.per_class"].items()])
    text = f"No class was weighted or resampled ({counts})"
    pools = any(arm["training_images"]["synthetic"] for arm in facts["run.arms"].values())
    return f"{text}; added images are as many of every class." if pools else f"{text}."


def same_cohort(facts: Facts) -> str:
    """Both sides are drawn from one cohort."""
    splits = counted(len(facts["run.splits"]), "split")
    return f"Both sides of {splits} are patients of one cohort: none by setting, but those of chance."


def user_marks(facts: Facts) -> str:
    """What goes in."""
    return f"A user marks each lesion; the network then names one of {listed(facts['run.class_names'])}."


def no_handcrafted(facts: Facts) -> str:
    """Conditional items that end-to-end networks do not meet."""
    if all(arm["steps"] or arm["generator"] for arm in facts["run.arms"].values()):
        return NotApplicable("Networks learn from pixels; no hand-crafted feature enters a classifier.")
    return training.visual_words(facts)


def one_image_type(facts: Facts) -> str:
    """A lesion is one image."""
    facts.require("config.roi")
    return "One image of one channel for each lesion."


KNOWN: dict[str, tuple[Sentence, str]] = {
    "technology": (technology, NETWORKS),
    "comparison": (joined(design.primary, design.further_comparisons), METHODS),
    "goal": (goal, METHODS),
    "cohort": (design.cohort, PATIENTS),
    "preprocessing": (joined(design.regions, training.centring), PROVENANCE),
    "one_region": (one_region, METHODS),
    "missing": (missing, PATIENTS),
    "partitions": (joined(design.splits, design.patients_apart), PATIENTS),
    "disjoint": (disjoint, PATIENTS),
    "model": (joined(training.network, parameters), NETWORKS),
    "software": (statistics.software, PROVENANCE),
    "initialization": (training.initialization, PROVENANCE),
    "training": (joined(training.optimization, training.training_images), "Training budget"),
    "selection": (joined(training.last_step, training.chosen_volumes), METHODS),
    "ensembles": (ensembles, METHODS),
    "internal": (internal, PATIENTS),
    "external": (external, PATIENTS),
    "included": (included, PATIENTS),
    "characteristics": (characteristics, PATIENTS),
    "protocol": (protocol, PROVENANCE),
    "software_availability": (software_availability, PROVENANCE),
    "data_availability": (data_availability, PROVENANCE),
    "full_model": (full_model, NETWORKS),
    "outcome": (outcome, PATIENTS),
    "predictors": (predictors, PROVENANCE),
    "building": (joined(training.network, training.optimization, training.last_step, design.splits), NETWORKS),
    "updating": (updating, METHODS),
    "output": (training.output, ARMS),
    "imbalance": (imbalance, "Training budget"),
    "same_cohort": (same_cohort, PATIENTS),
    "user_marks": (user_marks, METHODS),
    "no_handcrafted": (no_handcrafted, NETWORKS),
    "simple_model": (training.visual_words, ARMS),
    "one_image_type": (one_image_type, PROVENANCE),
}

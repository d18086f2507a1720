"""Sentences of a methods section on data and design, each from what the run's files say.

A sentence that needs what the files do not hold raises `Unknown` and is left out. Past tense, no results; `[@key]`
cites `references.yaml`.
"""

from liverlab.report.generator_words import listed
from liverlab.report.known_facts import Facts, Unknown, counted, told


def cohort(facts: Facts) -> str:
    """How many lesions and patients, and whose."""
    about = facts["run.cohort"]
    classes = listed([f"{count:,} {name}" for name, count in facts["run.cohort.per_class"].items()])
    who = f"{counted(about['lesions'], 'lesion')} of {counted(about['patients'], '{}patient')} ({classes})"
    if facts["run.cohort.phantom"]:
        return f"The data were a digital phantom, computer-made CT: {who.format('simulated ')}."
    return f"The cohort held {who.format('')}; sources: {listed(about['sources'])}."


def regions(facts: Facts) -> str:
    """What a network sees of a lesion."""
    roi = facts["config.roi"]
    low, high = (f"{value:g}".replace("-", "−") for value in roi["window_hu"])
    rule = {
        "window": f"values from {low} to {high} (HU in CT) were mapped to 0 to 1, those beyond were clipped",
        "minmax": "the values of each region were mapped to 0 to 1 from their own minimum and maximum",
    }
    return (
        f"One two-dimensional region was taken of each lesion, with a margin of {roi['margin']:g} lesion diameters on "
        f"each side, and resampled to {roi['size']} × {roi['size']} pixels; {rule[roi['intensity']]}."
    )


def splits(facts: Facts) -> str:
    """Folds or hold-out."""
    protocol, found = facts["run.protocol"], facts["run.splits"]
    if holdout := facts.get("run.protocol.holdout"):
        text = (
            f"A hold-out side of {counted(found[0]['test_lesions'], 'lesion')} of "
            f"{counted(found[0]['test_patients'], 'patient')} was tested on"
        )
        if protocol["repeats"] == 1:
            return f"{text} after training on {counted(found[0]['train_lesions'], 'lesion')} of other patients."
        return (
            f"{text} in each of {protocol['repeats']} repeats, which were trained on {holdout['train_lesions']:,} "
            "lesions of other patients or a few more; the training sides of two repeats shared at most "
            f"{holdout['shared']:,} lesions."
        )
    text = f"Patients were divided by {protocol['folds']}-fold cross-validation, stratified by class"
    if protocol["repeats"] > 1:
        text += f", {protocol['repeats']} times with fresh seeds of splits, images and networks"
    every = protocol["folds"] * protocol["repeats"]
    return text + (f"; {len(found)} of the {every} splits were run." if len(found) < every else ".")


def patients_apart(facts: Facts) -> str:
    """The level at which sides are disjoint."""
    facts.require("run.splits")
    text = "All lesions of a patient stayed on one side of a split, and every arm was tested on the same lesions."
    return f"{text} {seen}" if (seen := told(seen_on_purpose, facts)) else text


def seen_on_purpose(facts: Facts) -> str:
    """Whose generators saw the test side; nothing to say of a run without a leak."""
    facts.require("metrics.leaks")
    return f"Generators of {listed(facts['metrics.leaks'])} saw the tested patients, on purpose."


def leak_checks(facts: Facts) -> str:
    """What was looked for between training and test."""
    looked = [row["check"] for row in facts["run.leak_checks"] if row["verdict"] != "on purpose"]
    if not looked:
        raise Unknown("run.leak_checks")
    text = f"Before evaluation the files of the run were searched for leaks from test to training: {'; '.join(looked)}."
    noted = [f"{row['check']} ({row['result']})" for row in facts["run.leak_checks"] if row["verdict"] == "noted"]
    return f"{text} Noted: {'; '.join(noted)}." if noted else text


def arms(facts: Facts) -> str:
    """What was compared: every arm by its description, but of a curve."""
    points = {point["arm"]: point["budget"] for point in facts.get("run.curve.points", [])}
    second = set(facts.get("run.by_epochs", {}).values())
    own = {name: arm for name, arm in facts["run.arms"].items() if name not in second | set(points)}
    told = [f"{name} ({arm['description']})" for name, arm in own.items()]
    if points:
        apart = "alone" if len(set(points.values())) == 1 else "and in the training budget"
        told.append(f"{len(points)} that differed in {facts['run.curve.setting']} {apart}")
    return f"The arms were {listed(told)}."


def second_lines(facts: Facts) -> str:
    """The compared arms under the published budget."""
    facts.require("run.by_epochs")
    return (
        f"{listed(list(facts['run.by_epochs']))} were trained once more with the published budget, which counts epochs."
    )


def primary(facts: Facts) -> str:
    """The declared comparison, and how its arm was chosen."""
    pair, chosen = facts["metrics.comparison"], told(chosen_on_test, facts)
    text = f"The primary comparison was that of {pair['arm']} with {pair['baseline']} by accuracy"
    return f"{text}; {chosen}" if chosen else f"{text}, as declared in the settings of the run."


def chosen_on_test(facts: Facts) -> str:
    """That the best arm on the test lesions was taken; nothing to say of a declared one."""
    selection = facts["metrics.selection"]
    if selection["rule"] != "test":
        raise Unknown("metrics.selection")
    return f"{selection['arm']} was the best of {selection['among']} arms on the test lesions, which favours it."


def further_comparisons(facts: Facts) -> str:
    """The other declared comparisons."""
    pairs = [f"{each['arm']} with {each['baseline']}" for each in facts["metrics.comparisons"][1:]]
    if not pairs:
        raise Unknown("metrics.comparisons")
    return f"Declared beside it: {listed(pairs)}."

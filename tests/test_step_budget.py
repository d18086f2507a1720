import pytest
from pytorch_lightning import Callback, Trainer
from resumed_fits import BATCHES, CutAt, CutShort, Images, classifier

from callbacks.resume_point import ResumePoint
from callbacks.step_budget import StepBudget

STEPS = 3 * BATCHES + 2


class Served(Callback):
    """The epoch, position and content of every batch."""

    def __init__(self):
        self.batches = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.batches.append((trainer.current_epoch, batch_idx, float(batch[0].sum())))


def served(folder, *callbacks, ours, resumed_from=None):
    seen = Served()
    budget = [StepBudget(STEPS)] if ours else []
    trainer = Trainer(
        max_epochs=-1, max_steps=-1 if ours else STEPS, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, use_distributed_sampler=False,
        callbacks=[seen, ResumePoint(folder, {}, every_seconds=0.0), *budget, *callbacks],
    )  # fmt: skip
    trainer.fit(classifier(), datamodule=Images(), ckpt_path=resumed_from, weights_only=True)
    assert trainer.global_step == STEPS
    return seen.batches


@pytest.mark.parametrize("ours", [True, False])
def test_after_a_resume_the_batches_go_on_where_they_were_and_under_max_steps_they_do_not(ours, tmp_path):
    whole = served(tmp_path / "whole", ours=ours)
    assert [batch[:2] for batch in whole] == [divmod(i, BATCHES) for i in range(STEPS)]
    with pytest.raises(CutShort):
        served(tmp_path / "cut", CutAt(BATCHES + 2), ours=ours)
    rest = served(tmp_path / "cut", ours=ours, resumed_from=tmp_path / "cut" / f"state-{BATCHES:08d}.ckpt")
    assert (rest == whole[BATCHES:]) == ours


def test_nothing_is_left_to_do_after_the_last_step(tmp_path):
    served(tmp_path, ours=True)
    assert served(tmp_path, ours=True, resumed_from=tmp_path / f"state-{STEPS:08d}.ckpt") == []

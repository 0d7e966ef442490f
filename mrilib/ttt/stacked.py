"""Test-time training of many slices at once: their networks are stacked, and every slice has its own stopping point."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from mrilib.models.free_phase import SharedAdam
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.ttt.objective import SliceObjective, slice_objective
from mrilib.ttt.one_slice import TTTRecord, outcome, to_read, warm_up
from mrilib.ttt.settings import Settings
from mrilib.ttt.stopping import Watch

TURN = "model.turn"  # the free phase's parameter, whose optimizer has one second moment a slice
AT_COLUMNS = ("columns", "y", "train_part", "held_out")


@torch.enable_grad()  # even if the caller disabled gradients
def test_time_train_stacked(
    model: Reconstructor, slices: Sequence[Sample], settings: Settings | None = None
) -> list[TTTRecord]:
    """Test-time train on each slice independently, with the arithmetic of all slices in one call.

    The results equal those of `test_time_train` up to rounding. All slices continue until the last one has stopped.

    Args:
        model: the trained network; not modified. A network with branches that depend on its values, such as
            `UnrolledReconstructor` with its conjugate gradients, cannot be stacked.
        slices: samples of one slice each, of one size and number of coils.
        settings: step size, stopping rule and hold-out; paper A's when None.

    Raises:
        ValueError: slices of different shapes; otherwise as `test_time_train`.
    """
    settings = settings or Settings()
    shapes = {tuple(one.masked_kspace.shape) for one in slices}
    if len(shapes) != 1:
        raise ValueError(f"slices: to be stacked they need one shape, got {sorted(shapes)}")
    objectives = [slice_objective(model, s.masked_kspace, s.mask, s.sens_maps, settings) for s in slices]
    _pad(objectives)
    parameters, buffers = stack_module_state(list(objectives))
    tuned = {name: one for name, one in parameters.items() if objectives[0].get_parameter(name).requires_grad}
    turns = [one.detach().clone().requires_grad_() for one in tuned.pop(TURN, ())]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Adam(list(tuned.values()), settings.learning_rate, fused=True)
    ]
    if turns:
        optimizers.append(SharedAdam(turns, settings.phase_learning_rate))
    warming = [warm_up(one, settings) for one in optimizers]

    def objective(state: tuple[dict[str, Tensor], dict[str, Tensor]]) -> Any:
        return functional_call(objectives[0], state, ())

    watches = [Watch(settings.window, settings.iterate, settings.run_on) for _ in slices]
    going, unread = list(range(len(slices))), []
    for iteration in range(settings.max_iterations):
        free = {TURN: torch.stack(turns)} if turns else {}
        minimised, *seen = vmap(objective, randomness="different")((parameters | tuned | free, buffers))
        unread.append(seen)
        if to_read(iteration, settings, minimised.device):
            going = [one for one in going if not watches[one].stops([(a[one], b[one], x[one]) for a, b, x in unread])]
            unread = []
            if not going:
                break
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        minimised.sum().backward()
        for optimizer, rate in zip(optimizers, warming, strict=True):
            optimizer.step()
            rate.step()
    return [outcome(watch) for watch in watches]


def _pad(objectives: Sequence[SliceObjective]) -> None:
    """Give all slices the same number of columns by repeating the first column, without measurements or masks."""
    most = max(len(one.columns) for one in objectives)
    for one in objectives:
        missing = most - len(one.columns)
        for name in AT_COLUMNS:
            held = getattr(one, name)
            more = held[..., :1].expand(*held.shape[:-1], missing)
            setattr(one, name, torch.cat([held, more if name == "columns" else torch.zeros_like(more)], -1))

"""Data-parallel training under torchrun: each process computes its share of every batch, and gradients are summed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

T = TypeVar("T")


@dataclass(frozen=True)
class Workers:
    """Processes that train one network together; this is process `rank` of `size`."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one process that writes files and reports progress."""
        return self.rank == 0

    def share(self, batch: Sequence[T]) -> list[T]:
        """This process's share of a batch; may be empty if the batch is smaller than the number of processes."""
        return list(batch[self.rank :: self.size])

    def add_gradients(self, model: nn.Module) -> None:
        """Sum every gradient over the processes; a missing gradient counts as zero."""
        if self.size == 1:
            return
        for parameter in model.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)

    def take_lead(self, model: nn.Module) -> None:
        """Copy the leading process's weights to every other process."""
        if self.size > 1:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, 0)

    def agree(self, value: float, device: torch.device | str) -> bool:
        """Whether a number is the same in all processes."""
        if self.size == 1:
            return True
        ends = torch.tensor([value, -value], dtype=torch.float64, device=device)
        dist.all_reduce(ends, dist.ReduceOp.MAX)
        return ends.sum().item() == 0

    def total(self, value: float, device: torch.device | str) -> float:
        """Sum a number over the processes, on the training device because NCCL supports no other memory."""
        if self.size == 1:
            return value
        number = torch.tensor(value, dtype=torch.float64, device=device)
        dist.all_reduce(number)
        return number.item()

    def wait(self) -> None:
        """Barrier: wait until every process arrives."""
        if self.size > 1:
            dist.barrier()


def workers() -> Workers:
    """Processes connected by `join`, or this process alone."""
    if not (dist.is_available() and dist.is_initialized()):
        return Workers()
    return Workers(dist.get_rank(), dist.get_world_size())


def join(device: str) -> str:
    """Join the processes that torchrun started, if any, and return the device for this one.

    Args:
        device: "cpu" or "cuda"; with CUDA, each process on a machine uses a different GPU.

    Raises:
        ValueError: there are more processes than CUDA devices.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1 or workers().size > 1:
        return device
    on_gpu = device.startswith("cuda")
    place = int(os.environ.get("LOCAL_RANK", 0))
    if on_gpu and place >= torch.cuda.device_count():
        raise ValueError(f"process {place} of this machine finds {torch.cuda.device_count()} GPUs; start fewer")
    if on_gpu:
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    return f"cuda:{place}" if on_gpu else device

"""An accelerator that is pretended: real numbers, computed on the CPU, behind tensors whose device is another.

As on a GPU, an operation on tensors of two devices is an error, and reading a number waits for the device. So code that
runs here, and gives what it gives on the CPU, makes no tensor on the wrong device.
"""

from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._foreach_utils import _get_fused_kernels_supported_devices
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

DEVICE = torch.device("meta")
MOVES = {"aten::_to_copy", "aten::copy_"}
WITH_INDICES = {
    "aten::index",
    "aten::index_put_",
    "aten::index_put",
    "aten::_index_put_impl_",
}  # indices may lie on the CPU
AT_ONCE = {  # the lazy form sets a bit that is not seen below a dispatch mode
    torch.ops.aten._conj.default: torch.ops.aten.conj_physical.default,
    torch.ops.aten._neg_view.default: torch.ops.aten.neg.default,
}
WAITS = {"aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::equal"}


class OnDevice(Tensor):
    """A tensor of the pretended accelerator; `held` has its numbers."""

    @staticmethod
    def __new__(cls, held, requires_grad=False):
        return Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
            requires_grad=requires_grad,
        )

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __init__(self, held, requires_grad=False):
        self.held = held

    def __repr__(self):
        return f"OnDevice({self.held!r})"

    def tolist(self):
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError(f"{func} outside of the pretended accelerator")


class _Accelerator(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.waits = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = func.name().partition(".")[0]
        given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
        ours = [one for one in given if isinstance(one, OnDevice)]
        wanted = kwargs.get("device")
        here = wanted.type == DEVICE.type if wanted is not None else bool(ours)
        if name in MOVES:
            here = isinstance(args[0], OnDevice) if name == "aten::copy_" else here
            self.waits += bool(ours) and not here
        elif ours:
            self._refuse_others(name, given)
            self.waits += name in WAITS
        if wanted is not None:
            kwargs["device"] = torch.device("cpu")
        func = AT_ONCE.get(func, func)
        plain_args, plain_kwargs = tree_map_only(OnDevice, lambda one: one.held, (args, kwargs))
        result = func(*plain_args, **plain_kwargs)
        if not here:
            return result
        known = {id(one.held): one for one in ours}  # what was changed in place comes back as itself
        return tree_map_only(Tensor, lambda one: known.get(id(one)) if id(one) in known else OnDevice(one), result)

    @staticmethod
    def _refuse_others(name, given):
        checked = given[:1] if name in WITH_INDICES else given
        for one in checked:
            if not isinstance(one, OnDevice) and one.ndim > 0:
                raise RuntimeError(f"{name} mixes the accelerator with a CPU tensor of shape {tuple(one.shape)}")


@contextmanager
def pretended_accelerator():
    """Inside, `torch.device("meta")` is the accelerator; its `waits` counts how often it was waited for."""
    fused = [*_get_fused_kernels_supported_devices(), DEVICE.type]
    with (
        patch("torch.optim.optimizer._get_fused_kernels_supported_devices", lambda: fused),
        _Accelerator() as accelerator,
    ):
        yield accelerator

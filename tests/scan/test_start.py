"""What a reconstruction loads before it computes: nothing that it does not use."""

import subprocess
import sys

import numpy as np
import torch
from tiny_slices import tiny_scan

from mrilib.running.reconstruct_command import skip_compiler
from mrilib.simulate.acquisition import simulate_slice

RUN = """
import sys
from mrilib.cli import main
assert main(["reconstruct", "scan.npy", "--ttt", "-o", "out", "--center-fraction", "0.2"]) == 0
print(*sys.modules, sep="\\n", file=open("loaded", "w"))
"""
UNUSED = {
    "altair": "charts, of which there are none: 0.6 s",
    "torch._dynamo": "the compiler, which compiles nothing here: 1.6 s",
    "IPython": "notebooks",
}


def test_reconstruct_loads_nothing_that_it_does_not_use(tmp_path):
    kspace = simulate_slice(tiny_scan(), 0, 0.1).kspace[None].astype(np.complex64)
    np.save(tmp_path / "scan.npy", kspace)
    subprocess.run([sys.executable, "-c", RUN], cwd=tmp_path, check=True)
    loaded = (tmp_path / "loaded").read_text().split()
    assert "mrilib.ttt.one_slice" in loaded
    assert "mrilib.figures.layout" in loaded, "the contact sheet was drawn"
    assert not UNUSED.keys() & set(loaded)


def test_an_optimizer_without_the_compiler_takes_the_same_step(monkeypatch):
    optimizer, adam = torch.optim.Optimizer, torch.optim.Adam
    for owner, name in ((optimizer, "add_param_group"), (optimizer, "zero_grad"), (adam, "step")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    for _ in range(2):
        skip_compiler()
        weights = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        tuned = adam([weights], 0.1)
        weights.square().sum().backward()
        tuned.step()
        torch.testing.assert_close(weights.detach(), torch.tensor([0.9, -1.9]))
        tuned.zero_grad()
        assert weights.grad is None
    assert torch.is_grad_enabled()

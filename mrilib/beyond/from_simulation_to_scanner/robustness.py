"""The same real slice as other scanners and converters would have stored it, and under other masks and hold-outs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.data.fetch import fetched
from mrilib.fourier import fftc, ifftc
from mrilib.sample import mirror
from mrilib.sampling import MASKS, Undersampling
from mrilib.scan.formats import open_scan
from mrilib.scan.reconstruction import prepare, reconstruct_slice
from mrilib.scan.source import ScanFile
from mrilib.store.records import fingerprint
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.train.networks import by_name, weights_file
from mrilib.ttt import FREE_PHASE

ANGLE = "13"  # the contrast; notebook 20 says on which others the free phase's settings were chosen
HOLDOUTS = 5
MISSING = 0.25  # share of k-space that partial Fourier and a partial echo leave out
MIXED = 32  # coils to which thirteen are mixed
NETWORKS = {"unet_supervised_knee_pd_4x": "knees", "norm_unet_ssim_d_p_4x": "thirteen sets"}  # and what each saw
Change = Callable[[Tensor], Tensor]  # k-space (coil, ky, kx) → k-space


def odd(kspace: Tensor) -> Tensor:
    """One row and one column fewer, with the zero frequency still in the centre."""
    return kspace[:, 1 - kspace.shape[1] % 2 :, 1 - kspace.shape[2] % 2 :]


def oversampled(kspace: Tensor) -> Tensor:
    """Readout sampled twice as finely; the added field of view is empty."""
    image = ifftc(kspace, (-2,))
    rows = image.shape[-2]
    wide = image.new_zeros(image.shape[0], 2 * rows, image.shape[-1])
    wide[:, rows // 2 : rows // 2 + rows] = image
    return fftc(wide, (-2,))


def partial_fourier(kspace: Tensor) -> Tensor:
    """The first quarter of the phase-encoding lines is not measured."""
    lines = int(MISSING * kspace.shape[-1])
    return torch.cat([torch.zeros_like(kspace[..., :lines]), kspace[..., lines:]], -1)


def partial_echo(kspace: Tensor) -> Tensor:
    """The first quarter of every readout is not measured."""
    return partial_fourier(kspace.transpose(-1, -2)).transpose(-1, -2)


def fewer_coils(kspace: Tensor) -> Tensor:
    """Four coils, every third one."""
    return kspace[::3][:4]


def mixed_coils(kspace: Tensor) -> Tensor:
    """32 coils, orthonormal mixtures of the measured coils."""
    random = np.random.default_rng(0)
    drawn = random.standard_normal((2, MIXED, len(kspace)))
    mixture, _ = np.linalg.qr(drawn[0] + 1j * drawn[1])
    return torch.einsum("vc,cyx->vyx", torch.from_numpy(mixture).to(kspace.dtype), kspace)


def coil_gains(kspace: Tensor) -> Tensor:
    """Coils amplified by factors from 0.1 to 10."""
    return kspace * torch.logspace(-1, 1, len(kspace))[:, None, None]


CHANGES: dict[str, Change] = {
    "as measured": lambda kspace: kspace,
    "upside down": lambda kspace: mirror(kspace, -2),
    "odd size": odd,
    "oversampled readout": oversampled,
    "partial Fourier": partial_fourier,
    "partial echo": partial_echo,
    "four coils": fewer_coils,
    "32 coils": mixed_coils,
    "coil gains 0.1 to 10": coil_gains,
    "units of 1e-12": lambda kspace: kspace * 1e-12,
}


@dataclass(frozen=True)
class Case:
    """The slice in one form, under one mask, with one hold-out."""

    change: str = "as measured"
    mask: str = "random"
    seed: int = 0


CASES = (
    *(Case(change) for change in CHANGES),
    *(Case(mask=mask, seed=seed) for mask in MASKS for seed in range(HOLDOUTS) if (mask, seed) != ("random", 0)),
)


def changed(scan: ScanFile, change: str) -> ScanFile:
    """The scan as read from a file in another form."""
    rows, columns = scan.kspace(0).shape[-2:]
    size = (rows, columns) if change == "oversampled readout" else None
    return replace(scan, read=lambda index: CHANGES[change](scan.read(index)), recon_size=size)


def compute(path: Path, network: str, case: Case) -> Row:
    """SSIM of every method, and the iterations of test-time training with a free phase."""
    scan = changed(replace(open_scan(path), recon_size=None), case.change)
    given = prepare(scan, 0, Undersampling(4, kind=case.mask))
    found = reconstruct_slice(by_name(network), given, replace(FREE_PHASE, seed=case.seed))
    return {name: round(score, 5) for name, score in found.scores.items()} | {"iterations": found.iterations + 1}


def stored(p: Parameters) -> Iterator[tuple[str, Case, StoredRow]]:
    """Rows of every network and case."""
    [path] = fetched(p.datasets[0]).glob(f"*{ANGLE}.h5")
    table = StoredTable("real_robustness", {"ttt": FREE_PHASE.card, "acceleration": 4}, {__name__})
    for network in NETWORKS:
        weights = fingerprint(weights_file(network))
        for case in CASES:
            key = {"network": network, "weights": weights, "contrast": path.stem, **vars(case)}
            yield network, case, StoredRow(table, key, _computing(path, network, case))


def _computing(path: Path, network: str, case: Case) -> Callable[[], Row]:
    return lambda: compute(path, network, case)


def results(p: Parameters) -> dict[str, list[tuple[Case, Row]]]:
    """Stored rows by network; computes those that are missing."""
    found: dict[str, list[tuple[Case, Row]]] = {}
    for network, case, row in stored(p):
        found.setdefault(network, []).append((case, row.read()))
    return found


def in_words(case: Case) -> str:
    """Description of a case."""
    if case.change != "as measured":
        return case.change
    return f"{case.mask.replace('_', ' ')} mask, hold-out {case.seed}"


def groups(found: Sequence[tuple[Case, Row]]) -> dict[str, list[Row]]:
    """Rows by the form of the slice; rows of the unchanged slice also by the kind of mask."""
    made: dict[str, list[Row]] = {}
    for case, row in found:
        if case.mask == "random" and case.seed == 0:
            made.setdefault(case.change, []).append(row)
        if case.change == "as measured":
            made.setdefault(f"{case.mask.replace('_', ' ')} mask, {HOLDOUTS} hold-outs", []).append(row)
    return made


def gain(row: Row) -> float:
    """What test-time training adds to the SSIM of the network."""
    return row["network_ttt"] - row["network"]

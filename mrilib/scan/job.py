"""Reconstruction of a whole scan, one slice at a time; a killed run resumes where it stopped."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from mrilib import __version__
from mrilib.models.reconstructor import Reconstructor
from mrilib.sampling import Undersampling
from mrilib.scan.fast_layers import fast
from mrilib.scan.output import AXIAL, write_hdf5, write_nifti, write_sheet
from mrilib.scan.reconstruction import Reconstructed, prepare, reconstruct_slice
from mrilib.scan.source import ScanFile
from mrilib.store.code import code_digest
from mrilib.store.records import digest, fingerprint
from mrilib.store.sealed import kept
from mrilib.store.tensors import read_tensors, write_tensors
from mrilib.ttt import Settings

Done = Callable[[int, Reconstructed, bool], None]
CODE = ("mrilib.scan.reconstruction", "mrilib.scan.fast_layers", "mrilib.models.build")  # that makes the images
SUFFIXES = (".h5", ".nii", ".png")


@dataclass(frozen=True)
class Job:
    """Everything that determines the images of a scan.

    Args:
        scan: the scan.
        numbers: slices to reconstruct.
        model: the network.
        weights: path of its weights.
        sampling: how fully sampled slices are under-sampled.
        settings: settings of test-time training; None omits it.
        coils: number of virtual coils; None keeps all.
        orientation: directions of columns, rows and slices if the scan does not state them; see `output.directions`.
    """

    scan: ScanFile
    numbers: Sequence[int]
    model: Reconstructor
    weights: Path
    sampling: Undersampling
    settings: Settings | None
    coils: int | None = None
    orientation: str = AXIAL

    @property
    def provenance(self) -> dict[str, Any]:
        """Inputs and settings of the images, as JSON values."""
        return {
            "mrilib": __version__,
            "torch": str(torch.__version__),
            "scan": self.scan.path.name,
            "scan_digest": fingerprint(self.scan.path),
            "format": self.scan.format,
            "numbers": list(self.numbers),
            "network": self.weights.stem,
            "network_digest": fingerprint(self.weights),
            "sampling": asdict(self.sampling),
            "test_time_training": self.settings.card if self.settings else None,
            "virtual_coils": self.coils,
        }

    def reconstruct(self, output: Path, done: Done) -> list[Path]:
        """Reconstruct every slice and write `output` with the suffixes .h5, .nii and .png.

        Finished slices are kept in a hidden folder beside the output until all are finished; a run with other settings
        does not use them.

        Args:
            output: path without suffix.
            done: called as done(number, images, whether an earlier run made them).

        Returns:
            The files written.

        Raises the errors of `prepare` and `reconstruct_slice`.
        """
        provenance = self.provenance
        key = digest([provenance, code_digest(CODE)])
        model = fast(self.model)
        parts = parts_of(output)
        found = []
        for number in self.numbers:
            part = parts / f"{number:04d}.safetensors"
            earlier = kept(part, partial(_load, key=key))
            one = earlier or self._slice(model, number)
            if earlier is None:
                _save(part, one, key)
            found.append(one)
            done(number, one, earlier is not None)
        files = files_of(output)
        write_hdf5(files[0], found, provenance)
        write_nifti(files[1], found, self.numbers, self.scan, self.orientation)
        write_sheet(files[2], found, self.numbers)
        shutil.rmtree(parts)
        return files

    def _slice(self, model: Reconstructor, number: int) -> Reconstructed:
        given = prepare(self.scan, number, self.sampling, self.coils, model.whole_readout)
        return reconstruct_slice(model, given, self.settings)


def files_of(output: Path) -> list[Path]:
    """The files written for an output path without suffix."""
    return [output.with_name(output.name + suffix) for suffix in SUFFIXES]


def parts_of(output: Path) -> Path:
    """Hidden folder of an unfinished run's slices; it exists until all files of `files_of` do."""
    return output.with_name(f".{output.name}.slices")


def _save(path: Path, one: Reconstructed, key: str) -> None:
    told = asdict(one)
    told.pop("images")
    write_tensors(path, one.images, {"key": key, "told": told, "methods": list(one.images)})


def _load(path: Path, key: str) -> Reconstructed | None:
    """The slice in a file, or None if it belongs to another run; raises DamagedError."""
    images, facts = read_tensors(path)
    if facts["key"] != key:
        return None
    told = facts["told"]
    errors = told.pop("errors")
    ordered = {name: images[name] for name in facts["methods"]}
    return Reconstructed(ordered, errors=tuple(errors) if errors else None, **told)

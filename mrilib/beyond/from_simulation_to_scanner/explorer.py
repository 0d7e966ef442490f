"""Explorer: pick a volume on disk, a slice and a network, and see the reconstruction beside the target."""

from functools import lru_cache, partial
from html import escape
from pathlib import Path

import ipywidgets
from torch import Tensor

from mrilib.data.catalogue import distribution
from mrilib.data.layout import VolumeError
from mrilib.data.simulated import simulated_slices
from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import VolumeInfo, inspect_volume
from mrilib.figures.canvas import ERROR_FACTOR, Panel, WindowedImages
from mrilib.figures.frame import STYLE, explorer
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import matched, reconstruct, slice_ssim, zero_filled
from mrilib.store.paths import cache_dir, data_dir
from mrilib.train.checkpoints import read_card
from mrilib.train.networks import SHIPPED, by_name

DEFAULT = "brain_axt2"  # distribution whose simulated test slices need no data
EXAMPLES = 3

Offer = tuple[str, Path]  # label, and the path that it stands for


def slices_explorer(folder: str | Path | None = None, network: str = "unet_joint_brain_axt2_4x") -> ipywidgets.VBox:
    """Explore a shipped network on any slice of any available fastMRI-layout volume; drag to change the grey window.

    The under-sampling follows the network: a random mask with its acceleration, seeded by the file name. Anything that
    cannot be read or reconstructed is reported in the view.

    Args:
        folder: where to search for volumes (`*.h5`), at any depth. If None: MRILIB_DATA, fetched data and the simulated
            slices of the cache, of which a few T2 brains are created if necessary.
        network: initial network: name of a shipped network, or path of a weights file.
    """
    images = WindowedImages()
    first = None if folder else simulated_slices(distribution(DEFAULT), "test", EXAMPLES)[0][0]
    names = sorted({network, *(path.stem for path in SHIPPED.glob("*.safetensors"))})
    place = ipywidgets.Text(
        str(folder or ""),
        description="look in",
        placeholder="path of a folder; leave empty for all known folders",
        continuous_update=False,
        style=STYLE,
    )
    part = ipywidgets.Dropdown(description="folder", style=STYLE)
    volume = ipywidgets.Dropdown(description="volume", style=STYLE)
    index = ipywidgets.BoundedIntText(description="slice", min=0, max=0, style=STYLE)
    chosen = ipywidgets.Dropdown(options=names, value=network, description="network", style=STYLE)
    place.observe(lambda _: _offer(part, folders(place.value)), "value")
    part.observe(lambda _: _offer(volume, _volumes(part.value)), "value")
    volume.observe(lambda _: _to_middle(index, volume.value), "value")
    _offer(part, folders(place.value))
    if first:
        part.value, volume.value = first.parent, first
    controls = {"place": place, "part": part, "volume": volume, "index": index, "network": chosen}
    box = explorer(controls, partial(_page, images))
    box.children = (*box.children, images)
    return box


def folders(place: str) -> list[Offer]:
    """Folders that contain `*.h5` files, below `place` or, if `place` is empty, below all known folders."""
    given = data_dir()
    known = [*([given] if given else []), cache_dir() / "data", cache_dir() / "simulated"]
    roots = [Path(place).expanduser()] if place.strip() else known
    found = {root: sorted({file.parent for file in root.rglob("*.h5")}) for root in roots}
    return [(str(one.relative_to(root.parent)), one) for root, below in found.items() for one in below]


def _volumes(folder: Path | None) -> list[Offer]:
    return [(path.name, path) for path in sorted(folder.glob("*.h5"))] if folder else []


def _offer(control: ipywidgets.Dropdown, options: list[Offer]) -> None:
    """Set new options and select the first; Jupyter would select none after an empty list."""
    control.options = options
    control.index = 0 if options else None


def _to_middle(control: ipywidgets.BoundedIntText, path: Path | None) -> None:
    """Offer all slices of a volume and select the middle one; problems with a file are reported by the view."""
    try:
        count = inspect_volume(path).slices if path else 1
    except VolumeError:
        count = 1
    control.max = count - 1
    control.value = count // 2


def _page(
    images: WindowedImages, *, place: str, part: Path | None, volume: Path | None, index: int, network: str
) -> str:
    """Show the images, and return the text above them as HTML."""
    images.busy = True
    try:
        if volume is None:
            where = f"in {place}" if place.strip() else "in any known folder"
            raise FileNotFoundError(f"look in: no .h5 file {where}; give a folder with fastMRI-layout volumes")
        info, acceleration = inspect_volume(volume), acceleration_of(network)
        changed = volume.stat().st_mtime_ns
        sample = _sample(volume, changed, index, acceleration)
        made = {"zero-filled": zero_filled(sample), network: reconstruct(_network(network), sample)}
        scores = {name: slice_ssim(image, sample)[0] for name, image in made.items()}
        images.show(_panels(sample, made, scores, info))
    except Exception:
        images.show([])
        raise
    finally:
        images.busy = False
    return f"<p>{escape(scan_in_words(info, index, sample, scores))}</p>"


def acceleration_of(network: str) -> float:
    """Acceleration for which a network was trained; raises WeightsError if there is no such network."""
    weights = Path(network) if network.endswith(".safetensors") else SHIPPED / f"{network}.safetensors"
    return float(read_card(weights, ("spec",))["spec"]["acceleration"])


@lru_cache(maxsize=2)
def _sample(path: Path, changed: int, index: int, acceleration: float) -> Sample:
    """Load a prepared slice; `changed` distinguishes a file from an earlier one of the same name."""
    return SliceDataset([(path, index)], Undersampling(acceleration))[0]


@lru_cache(maxsize=4)
def _network(name: str) -> Reconstructor:
    return by_name(name)


def _panels(sample: Sample, made: dict[str, Tensor], scores: dict[str, float], info: VolumeInfo) -> list[Panel]:
    target, images = matched(sample, made)
    white, kind = target.max(), _kind(info)
    panels = [Panel((target / white)[0, 0], f"target ({kind})", "fully sampled")]
    panels += [Panel((x / white)[0, 0], name, f"SSIM {scores[name]:.3f}") for name, x in images.items()]
    error = (list(images.values())[-1] - target).abs() / white
    return [*panels, Panel(error[0, 0], f"error of {list(images)[-1]}", f"|error| ×{ERROR_FACTOR:g}", error=True)]


def scan_in_words(info: VolumeInfo, index: int, sample: Sample, scores: dict[str, float]) -> str:
    """Describe the slice, its under-sampling, and the scores."""
    lines, columns = int(sample.mask.sum()), sample.mask.shape[-1]
    what = f"{info.path.name}, slice {index} (of {info.slices}): {_kind(info)}, {info.acquisition}"
    how = f"{info.coils} coils, {columns / lines:.2f}× ({lines} of {columns} lines)"
    return f"{what}, {how}. SSIM: {', '.join(f'{name} {score:.3f}' for name, score in scores.items())}."


def _kind(info: VolumeInfo) -> str:
    return "simulated" if info.simulated else "measured"

"""Write docs/image_explorer.json: images of the site's explorer, which needs no kernel.

    python docs/image_explorer.py [SHIFT ...]

Settings, networks and slices are those of notebook 04 (quick profile), on simulated data. The first part has slices of
each shift, reconstructed by every network with and without test-time training (TTT); the second, one run of TTT under
the first of the shifts.
"""

import argparse
import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mrilib.data.catalogue import SHIFTS, distribution
from mrilib.figures.canvas import ERROR_FACTOR
from mrilib.figures.layout import palette
from mrilib.figures.tiles import white_of
from mrilib.paper_a.experiment import side_of
from mrilib.paper_a.schemes import networks_of
from mrilib.paper_a.test_time_training.parameters import Parameters
from mrilib.running.jobs import plan
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct, slice_ssim
from mrilib.store.project import find_notebook, root_here
from mrilib.train.adaptation import adapt
from mrilib.ttt import test_time_train

SLICES, EVERY = 3, 10  # slices of a shift to choose from; iterations between two frames
NETWORKS = ("supervised on P", "joint on P", "joint on P + TTT", "supervised on Q")
TARGET = Path(__file__).with_suffix(".json")


def coded(values: Tensor, top: float, heat: bool = False) -> str:
    """An image, (…, y, x) real, black at 0 and white (or its brightest colour) at `top`, as a data URI."""
    levels = (255 * (values / top).clamp(0, 1)).round().to(torch.uint8).reshape(values.shape[-2:]).numpy()
    shown = np.reshape(palette("heat", 256), (256, 3))[levels] if heat else levels
    stream = io.BytesIO()
    Image.fromarray(shown.astype(np.uint8)).save(stream, "WEBP", quality=72, method=6)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"


def view(sample: Sample, image: Tensor, name: str) -> list[dict[str, str]]:
    """Reconstruction and error map, each with its caption; scored as in the notebooks."""
    target, images = matched(sample, {"image": image})
    white, score = white_of(target), slice_ssim(image, sample)[0]
    error = coded((images["image"] - target).abs(), white / ERROR_FACTOR, heat=True)
    return [
        {"source": coded(images["image"], white), "caption": f"{name}: SSIM {score:.3f}"},
        {"source": error, "caption": f"its |error| × {ERROR_FACTOR:g}"},
    ]


def original(sample: Sample, p: Parameters) -> dict[str, str]:
    """The target with its caption."""
    target, _ = matched(sample, {})
    title = distribution(side_of(p.shift, "Q")[0]).title
    return {"source": coded(target, white_of(target)), "caption": f"target (simulated {title})"}


def sides(p: Parameters) -> str:
    """P and Q in words."""
    return f"{p.experiment.title('P')} to {p.experiment.title('Q')}"


def of_shift(p: Parameters) -> list[list[list[dict[str, str]]]]:
    """Views of one shift, by slice and by network."""
    samples, networks = first_slices(p), networks_of(p.experiment)
    tuned, views = adapt(networks["joint on P"], samples, p.settings.running_on()), []
    for n, sample in enumerate(samples):
        made = {name: reconstruct(networks[name], sample).detach() for name in NETWORKS if name in networks}
        made["joint on P + TTT"] = tuned[n].record.image
        views.append([[original(sample, p), *view(sample, made[name], name)] for name in NETWORKS])
    return views


def by_shift(planned: Mapping[str, Parameters]) -> dict[str, Any]:
    """Part 1: shift, slice and network."""
    controls = {
        "shift, P to Q": [f"{name.replace('_', ' ')}: {sides(p)}" for name, p in planned.items()],
        "slice of Q": [f"simulated slice {n + 1}" for n in range(SLICES)],
        "network": list(NETWORKS),
    }
    views = [of_shift(p) for p in planned.values()]
    return {"name": "Networks, with and without TTT", "controls": controls, "views": views}


def by_iteration(p: Parameters) -> dict[str, Any]:
    """Part 2: the iteration of one run, up to the image that its rule chooses."""
    sample, settings, images = first_slices(p)[0], p.settings, list[Tensor]()

    def look(image: Tensor) -> float:
        images.append(image.detach().clone())
        return 0.0

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    network = networks_of(p.experiment)["joint on P"]
    record = test_time_train(network, *given, score=look, score_at=range(0, settings.max_iterations, EVERY))
    found = {n * EVERY: image for n, image in enumerate(images) if n * EVERY < record.chosen_at}
    found[record.chosen_at] = record.image
    views = [[original(sample, p), *view(sample, one, f"iteration {n}")] for n, one in found.items()]
    return {
        "name": f"One run of TTT: {sides(p)}",
        "controls": {"iteration": [str(n) for n in found]},
        "views": views,
    }


def first_slices(p: Parameters) -> list[Sample]:
    """The first test slices of Q."""
    slices = p.experiment.test_slices(p.test_slices)
    return [slices[item] for item in range(SLICES)]


def shared(views: Any, images: dict[str, int]) -> Any:
    """Views that refer to images by their number in `images`, which grows, because a target is in many views."""
    if isinstance(views, list):
        return [shared(inside, images) for inside in views]
    return views | {"source": images.setdefault(views["source"], len(images))}


def main() -> None:
    """Collect the images and write the file."""
    parser = argparse.ArgumentParser(description="Write the images of the site's explorer.")
    parser.add_argument("shifts", nargs="*", metavar="SHIFT", help=f"of {', '.join(SHIFTS)} (default: all)")
    chosen = parser.parse_args().shifts or list(SHIFTS)
    notebook, root = find_notebook("04", root_here()), root_here()
    planned = {shift: cast(Parameters, plan(notebook, root, given={"shift": shift}).record) for shift in chosen}
    images: dict[str, int] = {}
    parts = [by_shift(planned), by_iteration(next(iter(planned.values())))]
    parts = [part | {"views": shared(part["views"], images)} for part in parts]
    title = "Networks trained on one distribution, P, and used on another, Q; all images are simulated."
    TARGET.write_text(json.dumps({"title": title, "images": list(images), "parts": parts}) + "\n", encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.2f} MB, {len(parts[1]['views'])} iterations")


if __name__ == "__main__":
    main()

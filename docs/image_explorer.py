"""Write docs/image_explorer.json: images of the site's explorer, which needs no kernel.

    python docs/image_explorer.py

Settings, networks and slices are those of notebook 04 (quick profile): simulated slices under the anatomy shift. The
first part has every network with and without test-time training (TTT), slice by slice; the second, one run of TTT.
"""

import base64
import io
import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mrilib.figures.canvas import ERROR_FACTOR
from mrilib.figures.layout import palette
from mrilib.figures.tiles import white_of
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.schemes import networks_of
from mrilib.paper_a.test_time_training.parameters import Parameters
from mrilib.running.jobs import plan
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct, slice_ssim
from mrilib.store.project import find_notebook, root_here
from mrilib.train.adaptation import adapt
from mrilib.ttt import Settings, test_time_train

SLICES, EVERY = 6, 10  # slices to choose from; iterations between two frames
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


def original(sample: Sample) -> dict[str, str]:
    """The target with its caption."""
    target, _ = matched(sample, {})
    return {"source": coded(target, white_of(target)), "caption": "target (simulated brain)"}


def by_network(samples: list[Sample], networks: dict[str, Reconstructor], settings: Settings) -> dict[str, Any]:
    """Part 1: slice and network."""
    tuned = adapt(networks["joint on P"], samples, settings.running_on())
    names = ["supervised on P", "joint on P", "joint on P + TTT", "supervised on Q"]
    views = []
    for n, sample in enumerate(samples):
        made = {name: reconstruct(networks[name], sample).detach() for name in names if name in networks}
        made["joint on P + TTT"] = tuned[n].record.image
        views.append([[original(sample), *view(sample, made[name], name)] for name in names])
    slices = [f"simulated brain {n + 1}" for n in range(len(samples))]
    return {"name": "Networks, with and without TTT", "controls": {"slice": slices, "network": names}, "views": views}


def by_iteration(sample: Sample, network: Reconstructor, settings: Settings) -> dict[str, Any]:
    """Part 2: the iteration of one run, which goes on to the image that its rule chooses."""
    images: list[Tensor] = []

    def look(image: Tensor) -> float:
        images.append(image.detach().clone())
        return 0.0

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    record = test_time_train(network, *given, score=look, score_at=range(0, settings.max_iterations, EVERY))
    found = {n * EVERY: image for n, image in enumerate(images) if n * EVERY < record.chosen_at}
    found[record.chosen_at] = record.image
    views = [[original(sample), *view(sample, one, f"iteration {n}")] for n, one in found.items()]
    return {"name": "One run of TTT", "controls": {"iteration": [str(n) for n in found]}, "views": views}


def main() -> None:
    """Collect the images and write the file."""
    p = cast(Parameters, plan(find_notebook("04", root_here()), root_here()).record)
    slices, networks = p.experiment.test_slices(p.test_slices), networks_of(p.experiment)
    samples = [slices[item] for item in range(SLICES)]
    parts = [by_network(samples, networks, p.settings), by_iteration(samples[0], networks["joint on P"], p.settings)]
    title = f"{p.experiment.title('P')} (P) to {p.experiment.title('Q')} (Q), {p.kind}"
    TARGET.write_text(json.dumps({"title": title, "parts": parts}) + "\n", encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.2f} MB, {len(parts[1]['views'])} iterations")


if __name__ == "__main__":
    main()

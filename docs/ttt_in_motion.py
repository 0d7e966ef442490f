"""Draw docs/ttt_in_motion.webp: test-time training of one measured slice, an image every few iterations.

    mrilib data get brain-vfa && python docs/ttt_in_motion.py

Settings, network and scores are those of notebook 19 (quick profile), flip angle 11°.
"""

import io
from pathlib import Path
from typing import cast

import torch
from PIL import Image
from torch import Tensor

from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.data.fetch import fetched
from mrilib.data.slices import SliceDataset
from mrilib.figures.layout import Tile, compose
from mrilib.models.reconstructor import Reconstructor
from mrilib.running.jobs import plan
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import matched, reconstruct, slice_ssim, zero_filled
from mrilib.store.project import find_notebook, root_here
from mrilib.train.networks import by_name
from mrilib.ttt import Settings, TTTRecord, test_time_train

CONTRAST = 5  # the flip angles are 1°, 3°, …: 11°
EVERY = 6  # iterations between two frames
SHOWN, HELD = 120, 2500  # milliseconds of a frame, and of the first and the last
TARGET = Path(__file__).with_suffix(".webp")
ALT = "One measured brain slice: fully sampled, zero-filled, and the network at this iteration; errors below"


def frame(sample: Sample, blank: Tensor, image: Tensor, title: str) -> Image.Image:
    """One frame: images above in one grey window, errors below, fivefold."""
    target, images = matched(sample, {"blank": blank, "image": image})
    white = target.max().item()

    def levels(values: Tensor, top: float) -> Tensor:
        return (255 * (values / top).clamp(0, 1)).round().to(torch.uint8).reshape(values.shape[-2:])

    scores = [slice_ssim(one, sample)[0] for one in (blank, image)]
    names = ("zero-filled", title)
    pictures = [images["blank"], images["image"]]
    above = [Tile(levels(target, white).numpy(), "all lines measured")]
    above += [Tile(levels(one, white).numpy(), name) for one, name in zip(pictures, names, strict=True)]
    below = [Tile(levels(target * 0 + white, white).numpy(), note="error × 5")]
    below += [
        Tile(levels((one - target).abs(), white / 5).numpy(), caption=f"SSIM {score:.3f}", colors="heat")
        for one, score in zip(pictures, scores, strict=True)
    ]
    drawn = Image.open(io.BytesIO(compose([above, below], ALT).png)).convert("RGB")
    return drawn.resize((drawn.width // 2, drawn.height // 2), Image.Resampling.LANCZOS)


def main() -> None:
    """Adapt the network to the slice, keep the images, and write the animation."""
    p = cast(Parameters, plan(find_notebook("19", root_here()), root_here()).record)
    path = sorted(fetched("brain-vfa").glob("*.h5"))[CONTRAST]
    sample = SliceDataset([(path, 0)], Undersampling(p.acceleration))[0]
    network, settings = by_name(p.knee_network, torch.device("cpu")), p.settings
    blank, images = zero_filled(sample), [reconstruct(network, sample)]
    record = adapted(network, sample, settings, images)
    chosen = record.chosen_at
    kept = [(0, images[0]), *((n * EVERY, one) for n, one in enumerate(images[1:]) if 0 < n * EVERY < chosen)]
    kept.append((chosen, record.image))
    frames = [frame(sample, blank, one, f"network, {n} iterations of TTT") for n, one in kept]
    durations = [HELD // 2, *[SHOWN] * (len(frames) - 2), HELD]
    frames[0].save(
        TARGET,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=70,
        method=6,
        minimize_size=True,
    )
    print(f"{TARGET}: {len(frames)} frames, {TARGET.stat().st_size / 1e6:.2f} MB; stopped at {record.stopped_at}")


def adapted(network: Reconstructor, sample: Sample, settings: Settings, images: list[Tensor]) -> TTTRecord:
    """Record of test-time training; every `EVERY`-th image is appended to `images`."""

    def look(image: Tensor) -> float:
        images.append(image.detach().clone())
        return 0.0

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    return test_time_train(network, *given, score=look, score_at=range(0, settings.max_iterations, EVERY))


if __name__ == "__main__":
    main()

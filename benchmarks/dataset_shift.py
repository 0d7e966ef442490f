"""What opens the gap of the simulated dataset shift: each difference between its two sites is removed in turn.

    python benchmarks/dataset_shift.py

Two supervised U-Nets of notebook 04 (quick profile, one training run) are trained for each variant of Q: one on the
fastMRI twin and one on the variant. Both are tested on the same 24 slices of the variant. Writes
`results/dataset_shift.json`; takes about five minutes for each variant on one core.
"""

from dataclasses import replace

from measuring import RESULTS

from mrilib.data import catalogue
from mrilib.gap import performance_gap
from mrilib.running.jobs import plan
from mrilib.store.project import find_notebook, root_here
from mrilib.store.records import write_json
from mrilib.train.networks import NetworkSpec, dataset, network, ssim_without_ttt

FASTMRI, STANFORD = "fm_knee_pdfs_skyra", "stanford_3d_sagittal"  # the twins whose scans P and Q have
SLICES = 24
OUTPUT = RESULTS / "dataset_shift.json"


def variants() -> dict[str, str]:
    """Names of the distributions by what they no longer differ in; registers those that the catalogue does not have."""
    p, q = catalogue.distribution(FASTMRI).scan, catalogue.distribution(STANFORD)
    changed = {
        "slice thickness": ("stanford_thick_sagittal", {"sub_slices": p.sub_slices}),
        "coils": ("stanford_coils_sagittal", {"coils": p.coils}),
        "sequence and noise": ("stanford_seq_sagittal", {"sequence": p.sequence, "background": p.background}),
    }
    for name, change in changed.values():
        catalogue.DISTRIBUTIONS[name] = replace(q, name=name, scan=replace(q.scan, **change))
    return {"nothing": STANFORD, "view": "stanford_3d_coronal"} | {what: name for what, (name, _) in changed.items()}


def main() -> None:
    """Measure the gap under every variant."""
    root = root_here()
    p = plan(find_notebook("04", root), root).record
    recipe, architecture = replace(p.experiment.recipe, loss="supervised"), dict(p.experiment.architecture)
    found = {}
    for what, name in variants().items():
        tests = dataset(name, "test", SLICES, 4, "simulated")
        samples = [tests[item] for item in range(SLICES)]
        specs = [NetworkSpec(one, 4, recipe, architecture, p.train_slices, "simulated") for one in (name, FASTMRI)]
        on_q, on_p = (ssim_without_ttt(network(spec), samples) for spec in specs)
        gap = performance_gap(on_q, on_p)
        found[what] = {one: round(getattr(gap, one), 6) for one in ("value", "low", "high")}
        print(f"without a difference in {what}: gap {gap}", flush=True)
    write_json(OUTPUT, {"slices": SLICES, "removed": found})


if __name__ == "__main__":
    main()

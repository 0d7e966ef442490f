"""Which networks a notebook uses with given parameters."""

from collections.abc import Callable, Mapping
from typing import Any

from mrilib.data.catalogue import SHIFTS
from mrilib.experiment import Experiment
from mrilib.experiments import (
    ablation,
    accelerations,
    collection,
    contest,
    fidelity,
    fine_tuning,
    learning_curve,
    likeness,
    one_or_many,
    overfitting,
    pathologies,
    remedies,
    robust,
    size_mismatch,
)
from mrilib.experiments.mixtures import COEFFICIENTS, SIDES, Mixtures
from mrilib.networks import NetworkSpec
from mrilib.objectives import Loss
from mrilib.ttt import Settings

Parameters = Mapping[str, Any]


def four(parameters: Parameters) -> list[NetworkSpec]:
    """Supervised and joint, on P and on Q: Table 2, under the notebook's shift or under every shift."""
    shifts = [parameters["shift"]] if "shift" in parameters else list(SHIFTS)
    experiments = [Experiment.from_parameters({**parameters, "shift": shift}) for shift in shifts]
    return [spec for experiment in experiments for spec in experiment.specs().values()]


def mixtures(parameters: Parameters) -> list[NetworkSpec]:
    """Every mixture under every shift: Figure 2."""
    each = [Experiment.from_parameters({**parameters, "shift": shift}) for shift in SHIFTS]
    return [Mixtures(one, parameters["test_slices"]).spec(c) for one in each for c in COEFFICIENTS]


def ways_to_train(parameters: Parameters) -> list[NetworkSpec]:
    """Of the ablation beside Figure 8."""
    experiment = Experiment.from_parameters(parameters)
    found = [variant.spec(experiment) for variant in ablation.GRID]
    if parameters["num_cascades"]:
        varnet = Experiment.from_parameters({**parameters, **ablation.SMALL_VARNET})
        found += [varnet.spec(loss, "P") for loss in ("supervised", "joint")]
    return found


def variants(parameters: Parameters) -> list[NetworkSpec]:
    """Two-head U-Net and CycleU-Net: Table 5."""
    two_head, cycle = (Experiment.from_parameters({**parameters, "model": name}) for name in ("two_head", "cycle"))
    losses: list[Loss] = ["supervised", "two_head", "joint"]
    return [
        one.spec(loss, side) for side in SIDES for one, loss in [*((two_head, x) for x in losses), (cycle, "cycle")]
    ]


def zero_shot(parameters: Parameters) -> list[NetworkSpec]:
    """The four of TTT and the two of ZS-SSL: Table 4."""
    unrolled = contest.unrolled_experiment(parameters)
    return four(parameters) + [unrolled.spec("supervised", side) for side in SIDES]


def transformers(parameters: Parameters) -> list[NetworkSpec]:
    """Four for Table 6 and two trained on measurements alone for Figure 10."""
    return four(parameters) + list(learning_curve.self_supervised(parameters).values())


def both_ways(parameters: Parameters) -> list[NetworkSpec]:
    """As paper A is written and as its code does it."""
    bench = fidelity.Bench(Experiment.from_parameters(parameters), Settings(), parameters["test_slices"])
    gaps = [bench.spec(fidelity.ARMS[name], loss, side) for name in fidelity.GAP_ARMS for loss, side, _ in SCHEMES]
    return gaps + [bench.spec(arm, *fidelity.SCHEMES[fidelity.MAIN][:2]) for arm in fidelity.ARMS.values()]


def one_or_each(parameters: Parameters) -> list[NetworkSpec]:
    """Specialists, the network of both and that of half: Figure 3, or Figure 4's with `skewed`."""
    return list(one_or_many.arms(parameters).values())


def watched(parameters: Parameters) -> list[NetworkSpec]:
    """The training that is watched: Figures 9 and 18, App. F of paper B."""
    return [overfitting.spec(parameters, parameters["training"])]


def before_and_after(parameters: Parameters) -> list[NetworkSpec]:
    """The network of the collection and four that are fine-tuned from it: Figure 22."""
    return list(fine_tuning.arms(parameters).values())


def of_a_collection(parameters: Parameters) -> list[NetworkSpec]:
    """One dataset's and the collection's, for Figure 10, and the VarNet of Figure 20."""
    return [*collection.arms(parameters).values(), *size_mismatch.study(parameters).arms.values()]


def two_remedies(parameters: Parameters) -> list[NetworkSpec]:
    """Jointly trained, by what they saw: one, six or many distributions, or those of the test."""
    return [spec for name in remedies.TESTED for spec in remedies.arms(parameters, name).values()]


def heads(parameters: Parameters) -> list[NetworkSpec]:
    """Of healthy heads, and of these and heads with lesions: Figures 7 and 16."""
    return list(pathologies.arms(parameters).values())


def diverse_or_narrow(parameters: Parameters) -> list[NetworkSpec]:
    """Each part of P alone, P, and P and Q under every shift, Table 2's accelerations and Figure 11's VarNets.

    The networks of P_best wait for the scores that choose it, and are trained when the notebook runs.
    """
    shifts = [{**robust.candidates(name, parameters), **robust.arms(name, parameters)} for name in robust.SHIFTS]
    varnets = likeness.Likeness("contrast", parameters).of_varnet.networks
    return [spec for made in (*shifts, accelerations.arms(parameters), varnets) for spec in made.values()]


SCHEMES = tuple(fidelity.SCHEMES.values())
OTHERS: dict[str, Callable[[Parameters], list[NetworkSpec]]] = {
    "03": mixtures,
    "05": ways_to_train,
    "07": variants,
    "08": zero_shot,
    "09": transformers,
    "10": both_ways,
    "11": one_or_each,
    "12": diverse_or_narrow,
    "13": heads,
    "14": watched,
    "15": of_a_collection,
    "17": before_and_after,
    "18": two_remedies,
}


def networks(notebook: str, parameters: Parameters) -> list[NetworkSpec]:
    """Each network once that a notebook trains or loads; none for one that trains nothing.

    Args:
        notebook: its name, as `04_test_time_training`.
        parameters: all of them, validated.
    """
    if not {"epochs", "train_slices"} <= parameters.keys():
        return []
    found = OTHERS.get(notebook[:2], four)(parameters)
    return list({str(spec.card): spec for spec in found}.values())

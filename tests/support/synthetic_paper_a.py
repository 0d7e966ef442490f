"""Synthetic results of paper A's claims, see `synthetic_results`."""

from synthetic_results import OUTCOMES, RUIN, by, closing, each, exact, four, results

from mrilib.paper_a.published import paper_a

SHIFTS = ("anatomy", "dataset", "modality", "acceleration")


def of_table_2(network, shift, outcome):
    """One block of paper A's Table 2, with the lead over TTT of the supervised network."""
    paper = paper_a(network, shift)
    before = paper["supervised on Q"], paper["supervised on P"]
    after = OUTCOMES[outcome](before, (paper["joint on Q + TTT"], paper["joint on P + TTT"]))
    other = {"as the paper's": paper.get("supervised on P + TTT") or after[1], "reversed": after[1] + 0.05}
    name = f"{network}_{shift}"
    lead = after[1] - other.get(outcome, after[1])
    return closing(name, before, after) | results(**{f"lead_over_supervised_ttt_{name}": lead})


def table_1(outcome):
    shifts = (*SHIFTS, "adversarially_filtered")
    return {key: value for shift in shifts for key, value in of_table_2("unet", shift, outcome).items()}


def table_2(outcome):
    pairs = [(network, shift) for network in ("unet", "varnet") for shift in SHIFTS]
    return {key: value for pair in pairs for key, value in of_table_2(*pair, outcome).items()}


def contest(outcome):
    """Table 4 of paper A, App. B and E: TTT, ZS-SSL and an un-trained network."""
    before = {"ttt": (0.9396, 0.8802), "zs": (0.9331, 0.9029)}
    paper = {"ttt": (0.9375, 0.9358), "zs": (0.9365, 0.9343)}
    after = {way: OUTCOMES[outcome](before[way], paper[way]) for way in before}
    found = {key: value for way in before for key, value in closing(way, before[way], after[way]).items()}
    untrained = RUIN if outcome == "ruined" else 0.9046
    joint = 0.80 if outcome != "no effect" else after["ttt"][1]
    leads = {"zs_ssl_p": after["ttt"][1] - after["zs"][1], "un_trained_network": after["ttt"][1] - untrained}
    found |= results(**{f"lead_{name}": lead for name, lead in leads.items()}, lead_joint_p=after["ttt"][1] - joint)
    return found | results(time_ratio={"as the paper's": 4.6, "reversed": 0.2}.get(outcome, 1.0))


def variants(outcome):
    """Table 5 and Figure 6 of paper A: CycleU-Net, two heads, and joint training with TTT."""
    before = 0.9187, 0.8521
    paper = {"cycle_ttt": (0.9212, 0.8742), "two_head_ttt": (0.9187, 0.8521), "joint_ttt": (0.9234, 0.9225)}
    shown = {
        "as the paper's": paper,
        "no effect": dict.fromkeys(paper, before),
        "reversed": paper | dict.fromkeys(("cycle_ttt", "two_head_ttt"), paper["joint_ttt"]) | {"joint_ttt": before},
        "ruined": dict.fromkeys(paper, (RUIN + 0.001, RUIN)),
    }
    found = {key: one for name, after in shown[outcome].items() for key, one in closing(name, before, after).items()}
    transforms = ("regular", "fliph", "flipv", "rot90", "noisy", "blur", "elastic", "spike", "ghost")
    found |= each("two_head_ttt_gain_{}", transforms, 0.05 if outcome == "reversed" else 0.0)
    moves = ("fraction_closed_cycle_ttt", "fraction_closed_joint_ttt", "fraction_reached_cycle_ttt")
    found |= settled(moves)
    return found | results(two_head_gain_regular=-0.6 if outcome == "ruined" else 0.0)


def table_6(outcome):
    before = {"vit_anatomy": (0.9041, 0.8429), "unet_anatomy": (0.9187, 0.8521)}
    paper = {"vit_anatomy": (0.8947, 0.8859), "unet_anatomy": (0.9234, 0.9225)}
    after = {name: OUTCOMES[outcome](before[name], paper[name]) for name in before}
    found = {key: value for name in before for key, value in closing(name, before[name], after[name]).items()}
    return found | settled(f"{one}_vit_anatomy" for one in ("gap_before", "fraction_closed", "fraction_reached"))


def settled(names):
    """Results that longer training hardly moves."""
    return exact(**{f"doubling_moves_{name}": 0.5 for name in names})


def stopping(lost, correlation, gain, gained):
    return results(
        loss_to_oracle=lost,
        rank_correlation_validation_ssim=correlation,
        gain_of_early_stopping=gain,
        ssim_at_stop=0.63 + gained,
        before_joint=0.63,
    )


def plunge(joint, joint_after, supervised, supervised_after):
    """SSIM after 30 iterations and at the end; both start at .65."""
    return results(
        change_in_30_joint=joint - 0.65,
        change_in_30_supervised=supervised - 0.65,
        worst_supervised=min(supervised, supervised_after),
        after_supervised=supervised_after,
        before_joint=0.65,
        after_joint=joint_after,
    )


def subspace(reached, draws=0.0, slope=-0.54):
    """Paper A's §6, α at P's optimum .8 and Q's .5; `reached` is the share of the way that TTT goes."""
    gap = 0.18
    return results(
        alpha_of_mean_loss=0.8 - 0.3 * reached,
        loss_minus_risk=1.0 + draws,
        risk_p_drawn=0.2 + draws,
        gap_before=gap,
        gap_after=gap * (1 - reached),
        fraction_closed=reached,
        concentration_slope=slope,
    ) | exact(
        alpha_optimum_p=0.8,
        alpha_optimum_q=0.5,
        loss_minus_risk_closed_form=1.0,
        risk_p_closed_form=0.2,
        gap_before_closed_form=gap,
        gap_after_closed_form=0.0,
        ttt_descent_error=1e-9 if reached > 0.9 else 0.3,
        concentration_slope_exact=-0.55,
    )


def descent(alpha, overlap, draws=0.0):
    return subspace(1.0, draws) | exact(alpha_trained_supervised=alpha, overlap_supervised=overlap)


def gaps(share):
    return each("gap_{}", SHIFTS, [share * gap for gap in (0.0666, 0.0334, 0.0520, 0.0619)])


def mixtures(gained, lost):
    return each("gained_on_q_{}", SHIFTS, gained) | each("lost_on_p_{}", SHIFTS, lost)


def histograms(between, within):
    return results(intensity_distance_p_to_p=within, intensity_distance_difference=between - within)


def curves(late, end):
    return results(gap_self_supervised_late=late, gap_self_supervised=end)


PAPER_A = {
    "A/Table 1": by(table_1),
    "A/Table 2": by(table_2),
    "A/Table 3": four(*(results(time_ratio_p_to_q=ratio) for ratio in (3.06, 1.0, 0.33, 1.0))),
    "A/Table 4": by(contest),
    "A/Table 5": by(variants),
    "A/Table 6": by(table_6),
    "A/Figure 1": four(gaps(1), gaps(0), gaps(-1), gaps(0)),
    "A/Figure 2": four(mixtures(0.95, 0.001), mixtures(0.25, 0.02), mixtures(-0.2, 0.05), mixtures(-5.0, 0.6)),
    "A/Figure 4": four(histograms(0.4, 0.1), histograms(0.1, 0.1), histograms(0.05, 0.1), histograms(0.9, 0.9)),
    "A/Figure 5": four(
        stopping(0.002, -0.9, 0.05, 0.2), stopping(0.02, 0.0, 0.0, 0.0), stopping(0.1, 0.9, -0.1, 0.1),
        stopping(0.35, -0.9, 0.05, -0.33),
    ),
    "A/Figure 6": by(variants),
    "A/Figure 8": four(
        plunge(0.80, 0.92, 0.30, 0.86), plunge(0.65, 0.65, 0.65, 0.65), plunge(0.30, 0.5, 0.80, 0.86),
        plunge(RUIN, RUIN, RUIN, RUIN),
    ),
    "A/Figure 10": four(curves(0.04, 0.04), curves(0.0, 0.0), curves(-0.04, -0.04), curves(0.0, 0.0)),
    "A/Prop. F.1": four(descent(0.8, 1.0), descent(1.0, 0.02), descent(0.2, 0.02), descent(0.8, 1.0, 5.0)),
    "A/Prop. F.2": four(subspace(1.0), subspace(0.0), subspace(-1.0), subspace(1.0, 5.0)),
    "A/App. B": by(contest),
    "A/App. C": four(
        stopping(0.002, -0.9, 0.05, 0.2), stopping(0.002, -0.9, 0.0, 0.0), stopping(0.002, -0.9, -0.1, 0.1),
        stopping(0.35, -0.9, 0.05, -0.33),
    ),
    "A/App. E": by(contest),
    "A/App. F": four(subspace(1.0), subspace(0.0), subspace(-1.0), subspace(1.0, 0.0, 0.5)),
}  # fmt: skip

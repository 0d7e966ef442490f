"""Synthetic results of paper B's claims and of the one on both remedies, see `synthetic_results`."""

from synthetic_results import each, exact, four, results

ELSEWHERE = ("cc_359_sagittal", "nyu", "stanford_2d", "m4raw_gre")
HOME = ("knee", "brain")
PAIRS = ("anatomy", "contrast", "field")
OVERFIT = ("t2_knee", "brain_m4raw", "fastmri_prostate")


def one_or_many(joint, half, elsewhere, kinds=(*PAIRS, "vit", "half_width", "quarter")):
    """Differences to the specialists: of both together, of half of it, and of the other side's network."""
    pairs = [f"{side}_{kind}" for side in "pq" for kind in kinds]
    found = each("joint_minus_{}", pairs, joint) | each("half_minus_{}", pairs, half)
    moves = {f"doubling_moves_{one}_minus_{pair}": 0.5 for one in ("joint", "half") for pair in pairs}
    return found | each("ood_minus_{}", pairs, elsewhere) | exact(**moves)


def skewed(large, small, elsewhere):
    pairs = [f"{side}_{kind}" for side in "pq" for kind in PAIRS]
    sides = each("skewed_minus_{}", pairs, large) | each("skewed_minus_few_{}", pairs, small)
    return sides | each("ood_minus_{}_half_width", "pq", elsewhere)


def collection(elsewhere, home):
    """Gains of the collection's network over fastMRI's, as shares of those in the paper, and its lead at home."""
    found = each("gain_over_best_{}", ELSEWHERE, 0.03 * elsewhere)
    found |= each("gain_over_best_fastmri_{}", HOME, home)
    for measure, gains in {"lpips": (0.020, 0.028), "dists": (0.017, 0.014)}.items():
        found |= each(measure + "_gain_over_{}_elsewhere", HOME, [elsewhere * gain for gain in gains])
        found |= results(**{f"{measure}_gain_over_{name}_fastmri_{name}": 2 * home for name in HOME})
    found |= each("artefacts_gain_over_{}_elsewhere_share", HOME, [0.11 * elsewhere, 0.03 * elsewhere])
    return found | each("gain_over_brain_{}", ELSEWHERE[1:], [gain * elsewhere for gain in (0.041, 0.018, 0.024)])


def overfitting(names, fall, rise):
    return each("fall_{}", names, fall) | each("rise_{}", names, rise)


def sgd(fall, inside, outside):
    found = each("fall_sgd_{}", ("tenth", "hundredth"), fall)
    return (
        found | each("id_sgd_{}", ("tenth", "hundredth"), inside) | each("ood_sgd_{}", ("tenth", "hundredth"), outside)
    )


def fine_tuned(gained, lost):
    tested = ("fastmri_knee", "fastmri_brain", *ELSEWHERE)
    found = each("gained_{}", ELSEWHERE, gained) | each("elsewhere_{}", ELSEWHERE, lost)
    pairs = [f"{one}_on_{other}" for one in ELSEWHERE for other in tested if other != one]
    return found | each("change_{}", pairs, lost)


def lesions(height, kept, less, alike=0.8, spread=3.0, better=0.5):
    """Height of the networks that saw lesions, contrast kept by the others and how much less, lesion by lesion."""
    found = results(lesion_height_small=height, lesion_height_large=height, global_height=height)
    found |= results(more_minus_both_healthy=-height, more_minus_both_with_small=-height, lesions_alike=alike)
    found |= results(contrast_kept_p=kept, contrast_kept_more_minus_both=-less)
    found |= exact(doubling_moves_lesion_height_small=0.5, doubling_moves_lesion_height_large=0.5)
    return found | exact(spread_low=0.01 * spread, spread_high=0.01, better_low=better)


def robust(diverse, with_q):
    shifts = ("anatomy", "contrast", "field", "coils")
    moves = {f"doubling_moves_{one}_{shift}": 0.5 for one in ("p", "p_and_q") for shift in shifts}
    return each("robustness_p_{}", shifts, diverse) | each("robustness_p_and_q_{}", shifts, with_q) | exact(**moves)


def accelerations(at_home, at_3x):
    """All four accelerations minus the specialists; at 3-fold as a share of the paper's leads."""
    factors = (2, 4, 8, 16)
    leads = [at_3x * lead for lead in (0.006, 0.013, 0.078, 0.154)]
    settled = exact(**{f"doubling_moves_{one}x": 0.5 for one in factors})
    return each("mixed_minus_{}x", factors, at_home) | each("mixed_minus_{}x_at_3x", factors, leads) | settled


def alike(correlation, nearer, diversity, score):
    names = ("anatomy", "contrast", "field", "contrast_varnet")
    found = each("correlation_{}", names, correlation)
    return found | results(
        nearer_contrast=nearer, diversity_similarity_contrast=diversity, diversity_ssim_contrast=score
    )


def remedies(diverse, after, gain, less):
    return results(
        ttt_adds_diverse=diverse, diversity_adds_after_ttt=after, gain_diversity=gain, ttt_adds_less_diverse=less
    )


T2_KNEE = ("vit_t2_knee", "varnet_t2_knee")
UNETS = tuple(f"unet_{shift}" for shift in OVERFIT)
ONE_OR_MANY = four(
    one_or_many(0.001, -0.001, -0.1),
    one_or_many(-0.1, -0.1, -0.1),
    one_or_many(-0.2, -0.2, 0.1),
    one_or_many(0, 0, 0),
)
COLLECTION = four(collection(1, 0.0), collection(0, 0.0), collection(-1, -0.03), collection(0, 0))
CORRELATED = four(
    alike(0.9, 0.05, 0.02, 0.01),
    alike(0.0, 0.0, 0.0, 0.0),
    alike(-0.9, -0.05, -0.02, -0.01),
    alike(0.0, 0.05, 0.02, 0.0),
)
LESIONS = four(lesions(0.0, 0.9, 0.0), lesions(0.05, 0.2, 0.7, 0.2, 1), lesions(-0.05, 0.2, -0.7, 0.2, 0.5, 0.95),
               lesions(0.0, 0.0, 0.0, 1.0, 1))  # fmt: skip
PAPER_B = {
    "B/App. A": four(
        *(
            results(cost_p=cost_p, cost_q=cost_q) | exact(weight_p=weight, weight_q=0.001)
            for cost_p, cost_q, weight in ((0.004, 0.007, 0.01), (0, 0, 0.001), (0.004, 0.007, 1e-4), (0, 0, 0.01))
        )
    ),
    "B/Figure 3": ONE_OR_MANY,
    "B/Figure 4": four(skewed(0.0, 0.03, -0.1), skewed(-0.1, -0.1, -0.1), skewed(-0.2, -0.2, 0.1), skewed(0, 0, 0)),
    "B/Figure 12": ONE_OR_MANY,
    "B/Figure 13": ONE_OR_MANY,
    "B/Table 3": COLLECTION,
    "B/Table 4": COLLECTION,
    "B/Figure 10": COLLECTION,
    "B/Figure 20": four(*(results(size_gain=gain) for gain in (0.05, 0.0, -0.05, 0.0))),
    "B/Figure 21": COLLECTION,
    "B/App. G": four(
        *(
            results(matching_ood=outside, matching_id=inside)
            for outside, inside in ((0.03, 0.001), (0.0, 0.0), (-0.03, 0.0), (0.05, 0.05))
        )
    ),
    "B/Figure 9": four(
        overfitting(UNETS, -0.04, 0.002), overfitting(UNETS, 0.0, 0.002), overfitting(UNETS, 0.04, 0.002),
        overfitting(UNETS, -0.4, -0.4),
    ),
    "B/Figure 18": four(
        overfitting(T2_KNEE, -0.04, 0.002), overfitting(T2_KNEE, 0.0, 0.002), overfitting(T2_KNEE, 0.04, 0.002),
        overfitting(T2_KNEE, -0.4, -0.4),
    ),
    "B/Figure 19": four(
        *(
            results(ood_since_quarter_varnet_t2_knee=outside, since_quarter_varnet_t2_knee=inside)
            for outside, inside in ((-0.041, 0.01), (0.0, 0.01), (0.041, 0.01), (-0.6, -0.6))
        )
    ),
    "B/App. F": four(sgd(-0.03, -0.005, -0.002), sgd(0.0, 0.0, 0.01), sgd(0.03, 0.02, 0.02), sgd(-0.03, -0.5, -0.5)),
    "B/App. G.2": four(
        *(
            each("stopped_ood_{}", UNETS, outside) | each("stopped_id_{}", UNETS, inside)
            for outside, inside in ((0.02, -0.001), (0.0, 0.0), (-0.02, -0.02), (0.02, -0.4))
        )
    ),
    "B/Figure 22": four(fine_tuned(0.03, -0.02), fine_tuned(0.0, 0.0), fine_tuned(-0.02, 0.03), fine_tuned(-0.5, -0.5)),
    "AB/TTT on diverse models": four(
        remedies(0.05, 0.02, 0.05, 0.03), remedies(0, 0, 0, 0), remedies(-0.05, -0.02, -0.05, -0.03),
        remedies(-0.5, 0.0, 0.05, 0.1),
    ),
    "B/Figure 7": LESIONS,
    "B/Figure 8": LESIONS,
    "B/Figure 15": LESIONS,
    "B/Figure 16": LESIONS,
    "B/App. E": LESIONS,
    "B/Figure 5": four(robust(0.02, 0.05), robust(0.0, 0.05), robust(-0.02, -0.03), robust(0.0, 0.0)),
    "B/Figure 14": four(robust(0.02, 0.05), robust(0.0, 0.05), robust(-0.02, -0.03), robust(0.0, 0.0)),
    "B/Table 2": four(
        accelerations(-0.001, 1), accelerations(-0.05, 0), accelerations(-0.05, -1), accelerations(0.0, 0)
    ),
    "B/Figure 6": CORRELATED,
    "B/App. D": CORRELATED,
    "B/Figure 11": CORRELATED,
}  # fmt: skip

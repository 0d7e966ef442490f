"""More coils help, less and less, and the more the faster the scan."""

import pytest

from mrilib.paper_a.forward_model.coil_counts import ACCELERATIONS, coil_scores, coils_chart


@pytest.fixture(scope="module")
def rows():
    return coil_scores("brain_axt2", (1, 4, 12))


def test_every_coil_helps_less_than_the_one_before_and_more_at_a_higher_acceleration(rows):
    found = {(row["acceleration"], row["coils"]): row["ssim"] for row in rows}
    slow, *_, fast = (f"{one}×" for one in ACCELERATIONS)
    for acceleration in (slow, fast):
        one, four, twelve = (found[acceleration, coils] for coils in (1, 4, 12))
        assert one < four < twelve
        assert (twelve - four) / 8 < (four - one) / 3
    assert found[fast, 4] - found[fast, 1] > found[slow, 4] - found[slow, 1]


def test_the_title_says_what_the_first_and_the_last_coils_gain():
    rows = [{"acceleration": "4×", "coils": coils, "ssim": ssim} for coils, ssim in ((1, 0.5), (2, 0.75), (8, 0.8))]
    chart = coils_chart(rows).to_dict()
    title, gains = " ".join(chart["title"]), "+0.250 in SSIM from 1 to 2 coils, +0.050 from 2 to 8"
    assert title == f"The first coils bring the largest gain: {gains} (CG-SENSE at 4×, simulated slice)"
    assert "4×, 1 coil 0.500; " in chart["description"]
    assert "4×, 8 coils 0.800" in chart["description"]

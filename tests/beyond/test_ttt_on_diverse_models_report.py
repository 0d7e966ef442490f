"""Tables and charts of the two remedies hold the scores, fractions and seconds of their studies."""

from remedied import MEANS, remedied

from mrilib.beyond.ttt_on_diverse_models.charts import closed_chart, closed_rows, collections_chart, lifts_chart
from mrilib.beyond.ttt_on_diverse_models.experiment import DIVERSE, HOME, ONE, REMEDIES, TESTED
from mrilib.beyond.ttt_on_diverse_models.report import ALL, closed_table, costs_in_words, grouped, in_words, lifts_table


def test_every_network_on_every_collection_is_a_line():
    found = lifts_table(remedied(), "A caption")
    assert len(found.cells) == len(TESTED) * len(MEANS)
    first = found.cells[0]
    assert first[0] == f"CC-359 sagittal: {ONE}"
    assert [first[place][:5] for place in (1, 2, 3)] == ["0.513", "0.713", "0.200"]
    assert first[4:] == ("200", "5.0")


def test_every_remedy_is_a_line_with_its_seconds():
    found = closed_table(remedied(), "A caption")
    assert [row[0] for row in found.cells] == list(REMEDIES)
    assert found.cells[1][2].startswith("50.0%")
    assert (found.cells[1][3], found.cells[2][3]) == ("0.02 [0.02, 0.02]", "5 [4, 9]")


def test_collections_stand_beside_all_of_them():
    assert list(grouped(remedied())) == [*TESTED.values(), ALL]


def marks(spec):
    """Rows of the ends and further marks of a dumbbell chart."""
    point = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")
    return point["data"]["values"]


def test_each_training_set_goes_from_without_to_with_ttt_beside_a_line_for_the_test_distribution():
    spec = lifts_chart(remedied(), "simulated data").to_dict()
    shown = {(row["name"], row["series"]): round(row["value"], 3) for row in marks(spec)}
    assert shown["one kind of knee", "without TTT"] == 0.513
    assert shown["one kind of knee", "with TTT"] == 0.713
    assert shown["the test distribution", "without TTT"] == 0.813
    assert {series for _, series in shown} == {"without TTT", "with TTT"}
    [level] = [layer for layer in spec["layer"] if layer["mark"].get("strokeDash")]
    [row] = level["data"]["values"]
    assert (row["series"], round(row["value"], 3)) == ("trained on the test distribution", 0.813)
    words = " ".join(spec["title"])
    assert words == (
        "After diverse training, TTT still helps, but it adds less than after training on one kind of knee "
        "(simulated data)"
    )
    assert "−0.020" in str(spec), "what TTT costs the network of the test distribution"


def test_the_same_for_each_collection_names_where_ttt_adds_most_and_least():
    found = remedied()
    row = found["m4raw_gre"]._read[DIVERSE, "m4raw_gre"]
    found["m4raw_gre"]._read[DIVERSE, "m4raw_gre"] = row | {"ssim_ttt": row["ssim"]}
    spec = collections_chart(found, "simulated data").to_dict()
    assert len(marks(spec)) == 3 * 2 * len(TESTED), "without TTT, with TTT and the test distribution's, of two networks"
    assert " ".join(spec["title"]).endswith("and least on “brain, 0.3 T” (simulated data)")


def test_costs_and_fractions_are_told():
    assert costs_in_words(remedied())[1] == "**TTT:** 5 s per slice, SSIM +0.200 [0.200, 0.200]"
    assert f"{ALL}: diversity 50%" in str(closed_chart(closed_rows(grouped(remedied())), "A message").to_dict())


def test_a_collection_without_a_gap_is_left_out():
    found = remedied()
    found["m4raw_gre"]._read[HOME, "m4raw_gre"] = found["m4raw_gre"]._read[ONE, "m4raw_gre"]
    names = [row["name"] for row in closed_rows(grouped(found))]
    assert not [name for name in names if "M4Raw" in name]
    assert [name for name in names if "Stanford 2D" in name]


def test_without_any_gap_nothing_is_drawn():
    found = remedied()
    for name, study in found.items():
        study._read[HOME, name] = study._read[ONE, name]
    assert closed_rows(grouped(found)) == []


def test_three_sentences_hold_the_lifts_and_the_fractions():
    told = in_words(remedied())
    assert len(told) == 3
    assert told[0].startswith("**TTT adds 0.100 [0.100, 0.100] to the SSIM of the diverse network** and 0.200")
    assert "diverse data close 50 %" in told[1]
    assert told[2] == "**With TTT, diverse training data** still add 0.050 [0.050, 0.050] in SSIM."

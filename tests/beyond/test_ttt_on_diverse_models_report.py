"""Tables and charts of the two remedies hold the scores, fractions and seconds of their studies."""

from remedied import MEANS, remedied

from mrilib.beyond.ttt_on_diverse_models.charts import closed_chart, closed_rows, cost_chart, lifts_chart
from mrilib.beyond.ttt_on_diverse_models.experiment import HOME, ONE, REMEDIES, TESTED
from mrilib.beyond.ttt_on_diverse_models.report import ALL, closed_table, grouped, in_words, lifts_table


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


def test_arrows_go_from_without_to_with():
    spec = str(lifts_chart(remedied(), "A message").to_dict())
    for word in ("CC-359 sagittal", HOME, "triangle-left", "+0.200", "−0.020", "A message", "0.513 to 0.713"):
        assert word in spec


def test_costs_and_fractions_are_drawn():
    spec = str(cost_chart(remedied(), "A message").to_dict())
    for word in ("diversity and TTT", "M4Raw GRE", "A message", "TTT: 0.200 for 5 s"):
        assert word in spec
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


def test_sentences_hold_the_lifts_and_the_fractions():
    told = "\n".join(in_words(remedied()))
    assert "diversity 50 %" in told
    assert "**CC-359 sagittal.** TTT adds: one knee +0.200" in told

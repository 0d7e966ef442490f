"""The explorer of early stopping without a browser: scrubbing, rules, and a run that can be stopped."""

import asyncio
import re
import threading
import time
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from dataclasses import replace

import pytest
import torch
from tiny_slices import tiny_model, tiny_sample
from widget_parts import parts

from mrilib.figures.frame import close
from mrilib.paper_a.early_stopping_and_ablation.curves import Mark, curves_svg, ticks, turning_svg
from mrilib.paper_a.early_stopping_and_ablation.explorer import explore_stopping, iteration_in_words
from mrilib.paper_a.early_stopping_and_ablation.film import Film, Filming, film
from mrilib.paper_a.early_stopping_and_ablation.rules import stopping_point
from mrilib.paper_a.early_stopping_and_ablation.still import message, still
from mrilib.ttt import History, Settings
from mrilib.ttt import test_time_train as tune

SETTINGS = Settings(3e-2, 24, 3, 0.1)
LONG = replace(SETTINGS, max_iterations=100_000)
IMAGE = re.compile(r'src="data:image/([a-z+]+);base64,([^"]+)"')


@pytest.fixture(scope="module")
def samples():
    return [tiny_sample(0), tiny_sample(1)]


@pytest.fixture(scope="module")
def shot(samples):
    return film(tiny_model(), samples[0], SETTINGS)


@pytest.fixture
def box(samples, shot):
    return explore_stopping(tiny_model(), samples, SETTINGS, shot, "rises", 3, "simulated")


def named(box):
    """Controls by name, and the view."""
    chosen, iteration, rule, window, buttons, done, message, _, view, _ = parts(box)
    run, stop = buttons.children
    found = {"slice": chosen, "iteration": iteration, "rule": rule, "window": window, "run": run, "stop": stop}
    return found | {"done": done, "message": message, "view": view}


def pictures(view):
    """Target, reconstruction, error map (PNG) and curves (SVG), decoded."""
    found = IMAGE.findall(view.value)
    assert [kind for kind, _ in found] == ["png", "png", "png", "svg+xml"]
    return [b64decode(code) for _, code in found]


# --- the film --------------------------------------------------------------------------------------------------------


def test_a_film_holds_what_test_time_training_did(samples, shot):
    given = (samples[0].masked_kspace, samples[0].mask, samples[0].sens_maps, SETTINGS.running_on())
    record = tune(tiny_model(), *given)
    assert shot.history.train_error == record.history.train_error
    assert shot.history.validation_error == record.history.validation_error
    assert list(shot.history.score) == list(range(24))
    assert list(shot.frames) == list(range(24)), "fewer iterations than frames: each is kept"
    assert shot.last == 23


def test_a_long_run_keeps_about_forty_frames(samples):
    assert Film.blank(samples[0], replace(SETTINGS, max_iterations=600)).every == 15
    some = Film(b"", 24, 10)
    some.record(tiny_model(), samples[0], SETTINGS)
    assert list(some.frames) == [0, 10, 20]
    assert some.last == 20


def test_the_thread_computes_the_same_numbers(samples, shot):
    again = Filming(Film.blank(samples[0], SETTINGS), tiny_model(), samples[0], SETTINGS)
    again.start()
    again.join(60)
    assert again.film == shot
    assert again.result() == "the run is complete"


def test_stop_ends_the_loop_after_its_iteration_and_keeps_what_was_seen(samples):
    given = {"model": tiny_model(), "sample": samples[0], "settings": LONG}
    made = Film.blank(samples[0], LONG)
    assert made.record(**given, stop=lambda: len(made.steps) == 7) == "the run was stopped"
    assert len(made.steps) == 7
    assert 0 in made.frames


def test_stop_ends_the_thread_within_a_second_and_nothing_is_written(samples, tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    running = Filming(Film.blank(samples[0], LONG), tiny_model(), samples[0], LONG)
    running.start()
    while len(running.film.steps) < 3:
        time.sleep(0.01)
    slowest = 1.0
    running.stop()
    running.join(slowest)
    assert not running.is_alive()
    assert running.result() == "the run was stopped"
    assert not [*tmp_path.iterdir()]


# --- words and curves ------------------------------------------------------------------------------------------------

FALL_THEN_RISE = History(
    [1.0 - n / 100 for n in range(60)],
    [abs(n - 20) + 5.0 for n in range(60)],
    {n: 0.9 - abs(n - 33) / 100 for n in range(60)},
)


def test_words_say_what_stopping_lost():
    words = iteration_in_words(FALL_THEN_RISE, 10, "rises", 5, 60)
    assert words == (
        "Iteration 10: SSIM 0.670. The rule “error rises, best image (window 5)” stops at iteration 25 and returns the "
        "image of iteration 20: SSIM 0.770. Best of 60 iterations: SSIM 0.900 at iteration 33. "
        "SSIM lost by stopping: 0.130."
    )


def test_words_of_a_rule_that_does_not_stop_and_of_a_run_that_has_not_ended():
    words = iteration_in_words(FALL_THEN_RISE, 10, "rises_last", 30, 90)
    assert "does not stop within the 60 iterations so far and returns the image of iteration 59" in words
    words = iteration_in_words(FALL_THEN_RISE, 0, "oracle", 1, 60)
    assert "The rule “best image (oracle)” returns the image of iteration 33" in words
    assert "SSIM lost by stopping: 0.000" in iteration_in_words(FALL_THEN_RISE, 0, "fixed", 33, 60)


def test_the_curves_are_where_their_values_are():
    history = History([2.0, 1.0, 0.0], [1.0, 0.0, 1.0], {0: 0.5, 1: 0.6, 2: 0.7})
    svg = ElementTree.fromstring(curves_svg(history, [Mark(1, "here <1>")], 2))
    lines = [node.get("points").split() for node in svg.iter() if node.tag.endswith("polyline")]
    assert len(lines) == 3
    falls, dips, climbs = ([float(point.split(",")[1]) for point in line] for line in lines)
    assert falls == sorted(falls), "down the page"
    assert climbs == sorted(climbs, reverse=True)
    assert dips[0] == dips[2] < dips[1]
    dots = [node for node in svg.iter() if node.tag.endswith("circle")]
    assert [(dot.get("cx"), dot.get("cy")) for dot in dots] == [tuple(line[1].split(",")) for line in lines]
    words = ["".join(node.itertext()) for node in svg.iter() if node.tag.endswith("text")]
    assert {"here <1>", "iteration"} < set(words)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 599, [0, 200, 400]),
        (0.78, 0.871, [0.8, 0.85]),
        (0, 1, [0, 0.5, 1]),
        (5, 5.4, [5, 5.1, 5.2, 5.3, 5.4]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high, 4) == pytest.approx(expected)


def test_without_a_kernel_the_images_that_decide_stand_above_the_curves(shot):
    history, best = shot.history, max(shot.history.score.values())
    point, end = stopping_point(history, "rises", 3), len(history.score) - 1
    shown = still(shot, "rises", 3, "simulated")
    words = re.findall(r'alt="([^"]+)"', shown)
    assert words[0] == "target (simulated)"
    told = {n: words[place] for place, n in enumerate(dict.fromkeys((0, point, end)), 1)}
    assert all(f"iteration {n}, SSIM {history.score[n]:.3f}" in alt for n, alt in told.items())
    found = IMAGE.findall(shown)
    assert [b64decode(code) for _, code in found[1:-1]] == [shot.frames[n].image for n in told]
    assert f"without stopping, {best - history.score[end]:.3f} is lost (one simulated slice)" in shown
    assert f"returned: {point}" in b64decode(found[-1][1]).decode()


def test_what_is_lost_is_never_told_smaller_than_it_is():
    history = History([1.0] * 4, [3.0, 1.0, 2.0, 3.0], {0: 0.5, 1: 0.8901, 2: 0.9, 3: 0.7})
    assert (
        message(history, "fixed", 1) == "The rule stops within 0.010 of the best SSIM; without stopping, 0.200 is lost"
    )
    assert message(history, "fixed", 2).startswith("The rule stops within 0.000")


def test_axes_reach_little_beyond_what_is_marked():
    history = History([1.0] * 5, [9.0, 2.0, 1.0, 2.0, 3.0], {0: 0.1, 1: 0.8, 2: 0.9, 3: 0.85, 4: 0.8})
    svg = ElementTree.fromstring(turning_svg(history, [Mark(2, "best"), Mark(4, "")], 4))
    lines = [node for node in svg.iter() if node.tag.endswith("polyline")]
    assert len(lines) == 2
    assert all(node.get("clip-path") for node in lines), "the first iteration is far outside"
    words = {"".join(node.itertext()) for node in svg.iter() if node.tag.endswith("text")}
    assert {"1", "3", "0.8", "0.9"} < words
    assert not {"9", "0.1"} & words


# --- the explorer ----------------------------------------------------------------------------------------------------


def test_scrubbing_shows_the_image_of_each_iteration(box, shot):
    at = named(box)
    seen = {}
    for iteration in (0, 5, 23):
        at["iteration"].value = iteration
        target, image, error, curves = pictures(at["view"])
        assert (target, image, error) == (shot.target, shot.frames[iteration].image, shot.frames[iteration].error)
        assert f"Iteration {iteration}: SSIM {shot.history.score[iteration]:.3f}" in at["view"].value
        assert f"shown: iteration {iteration}" in curves.decode()
        seen[iteration] = image, error, curves
    assert all(len(set(column)) == 3 for column in zip(*seen.values(), strict=True))
    assert at["view"].value.count('alt="') == 4


def test_window_and_rule_move_the_stop_and_leave_the_image(box, shot):
    at = named(box)
    before = pictures(at["view"])
    stops = set()
    for rule, window in (
        ("rises", 3),
        ("rises_last", 3),
        ("rises_last", 5),
        ("fixed", 11),
        ("fixed", 4),
        ("oracle", 4),
    ):
        at["rule"].value, at["window"].value = rule, window
        point = stopping_point(shot.history, rule, window)
        stops.add(point)
        assert f"returns the image of iteration {point}: SSIM {shot.history.score[point]:.3f}" in at["view"].value
        assert f"returned: iteration {point}" in pictures(at["view"])[3].decode()
        assert pictures(at["view"])[:3] == before[:3]
    assert len(stops) >= 4


def test_a_film_of_another_run_is_refused(samples, shot):
    with pytest.raises(ValueError, match="film of 24 iterations, 2 samples: expected max_iterations = 100000"):
        explore_stopping(tiny_model(), samples, LONG, shot, "rises", 3, "simulated")
    with pytest.raises(ValueError, match="at least one sample"):
        explore_stopping(tiny_model(), [], SETTINGS, shot, "rises", 3, "simulated")


def test_it_opens_before_the_first_step_away_from_the_stop(box):
    assert named(box)["iteration"].value == 0


async def until(condition, seconds=30):
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not happen")


def test_a_run_shows_its_frames_as_they_come_and_ends_by_itself(box, shot):
    at = named(box)

    async def session():
        at["slice"].value = "simulated slice 1"
        assert "no images of this slice yet" in at["view"].value
        assert at["done"].value == 0
        at["run"].click()
        assert "simulated slice 1 is running" in at["message"].value
        await until(lambda: "ended after 24 iterations: the run is complete" in at["message"].value)

    asyncio.run(session())
    assert at["done"].value == at["done"].max == 24
    assert at["iteration"].value == 23, "the slider has followed the run"
    assert pictures(at["view"])[1] != shot.frames[23].image
    at["slice"].value = "simulated slice 0"
    assert pictures(at["view"])[1] == shot.frames[23].image


def test_the_same_slice_again_gives_the_same_images(box):
    at = named(box)
    at["iteration"].value = 23
    before = pictures(at["view"])

    async def session():
        at["run"].click()
        await until(lambda: "ended" in at["message"].value)

    asyncio.run(session())
    assert pictures(at["view"]) == before


def test_a_run_is_stopped_and_its_frames_stay(samples, shot):
    at = named(explore_stopping(tiny_model(), samples, LONG, replace(shot, planned=100_000), "rises", 3, "simulated"))
    threads = threading.active_count()

    async def session():
        at["slice"].value = "simulated slice 1"
        at["run"].click()
        await until(lambda: at["done"].value > 5)
        assert (at["run"].disabled, at["stop"].disabled) == (True, False)
        at["run"].click()  # pressed again before the page has switched the button off
        assert "already running" in at["message"].value
        assert 'role="alert"' not in at["message"].value
        assert threading.active_count() == threads + 1, "no second run beside it"
        at["stop"].click()
        clicked = time.perf_counter()
        await until(lambda: "the run was stopped" in at["message"].value)
        return time.perf_counter() - clicked

    assert asyncio.run(session()) < 1.5
    assert threading.active_count() == threads
    assert (at["run"].disabled, at["stop"].disabled) == (False, True)
    done = at["done"].value
    assert f"ended after {done} iterations" in at["message"].value
    at["iteration"].value = 0
    assert "Iteration 0: SSIM" in at["view"].value
    assert f"the {done} iterations so far" in at["view"].value
    at["stop"].click()
    assert "There is no run to stop" in at["message"].value


def test_a_run_ends_with_its_explorer(samples, shot):
    box = explore_stopping(tiny_model(), samples, LONG, replace(shot, planned=100_000), "rises", 3, "simulated")
    at, threads = named(box), threading.active_count()

    async def session():
        at["run"].click()
        assert threading.active_count() == threads + 1
        close(box)
        await until(lambda: threading.active_count() == threads)

    asyncio.run(session())


def test_an_error_of_the_run_is_shown_and_another_run_may_start(samples, shot):
    broken = replace(samples[1], masked_kspace=samples[1].masked_kspace * float("nan"))
    at = named(explore_stopping(tiny_model(), [samples[0], broken], SETTINGS, shot, "rises", 3, "simulated"))

    async def session():
        at["slice"].value = "simulated slice 1"
        at["run"].click()
        await until(lambda: 'role="alert"' in at["message"].value)
        assert "ValueError:</strong> the loss is not finite before the first step" in at["message"].value
        at["slice"].value = "simulated slice 0"
        at["run"].click()
        await until(lambda: "ended after 24" in at["message"].value)

    asyncio.run(session())


def test_a_run_that_diverges_says_so_and_keeps_its_frames(samples, monkeypatch):
    monkeypatch.setattr("mrilib.ttt.stopping.warnings.warn", lambda *_, **__: None)
    made = Film.blank(samples[0], SETTINGS)
    assert (
        made.record(tiny_model(), samples[0], replace(SETTINGS, learning_rate=1e30)) == "the loss is no longer finite"
    )
    assert 0 < len(made.steps) < 24
    assert 0 in made.frames


def test_training_elsewhere_is_left_alone(samples, shot):
    before = torch.get_rng_state()
    running = Filming(Film.blank(samples[0], SETTINGS), tiny_model(), samples[0], SETTINGS)
    running.start()
    running.join(60)
    assert torch.equal(torch.get_rng_state(), before)

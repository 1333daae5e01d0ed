"""Letters in pictures: what Pillow's own font lacks is drawn with another, or told in other words."""

import numpy as np
import pytest

from pellucid.charts import fonts
from pellucid.charts.fonts import font_for, readable
from pellucid.charts.heat_map import heat_map


@pytest.fixture(autouse=True)
def forgetful():
    """Fonts are remembered between calls; a test may take them away."""
    yield
    for remembered in (fonts._first_with, fonts._has, fonts._loaded):
        remembered.cache_clear()


def without_fonts(monkeypatch):
    for remembered in (fonts._first_with, fonts._has, fonts._loaded):
        remembered.cache_clear()
    monkeypatch.setattr(fonts, "ON_MACHINES", ())


def test_english_is_drawn_with_the_font_that_pillow_brings():
    assert font_for("traffic light 0.93", 14).getname() == ("Aileron", "Regular")


def test_letters_that_no_font_has_give_way_to_those_without_accents_and_then_to_other_words(monkeypatch):
    without_fonts(monkeypatch)
    assert readable("Café", "class 1") == "Cafe"
    assert readable("猫", "class 1") == "class 1"
    assert readable("cat", "class 1") == "cat"


def test_a_font_of_the_machine_draws_what_pillows_own_lacks(monkeypatch, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    path = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
    without_fonts(monkeypatch)
    monkeypatch.setattr(fonts, "ON_MACHINES", ("no such font.ttf", path))
    assert readable("Löffel Ω Ж", "class 1") == "Löffel Ω Ж"
    assert font_for("Löffel", 14).getname() == ("DejaVu Sans", "Book")
    assert font_for("spoon", 14).getname() == ("Aileron", "Regular")


def test_a_title_of_other_letters_changes_the_picture(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    without_fonts(monkeypatch)
    monkeypatch.setattr(fonts, "ON_MACHINES", (f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf",))
    pixels, segments = np.zeros((8, 8, 3), dtype=np.uint8), np.zeros((8, 8), dtype=np.intp)
    drawn = [np.asarray(heat_map(pixels, segments, np.ones(1), title=title)) for title in ("Ж", "Ω")]
    assert not np.array_equal(*drawn)  # two boxes for missing letters would be equal

"""Charts are judged by what is drawn: the specification is validated and turned into SVG."""

import json
import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import altair as alt
import pytest
import vl_convert

from pellucid.charts import sized, themed


@dataclass(frozen=True)
class Drawn:
    """A chart as SVG: its texts, and the labels that screen readers are given."""

    svg: str

    @property
    def texts(self):
        root = ET.fromstring(self.svg)
        return ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]

    @property
    def width(self):
        return float(re.search(r'width="([\d.]+)"', self.svg)[1])

    def marks(self, role):
        """Accessible names of the marks of a kind, such as ``point``."""
        return re.findall(rf'aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="{role}"', self.svg)


@pytest.fixture
def draw():
    """Validates a specification against Vega-Lite's schema and draws it."""

    def drawn(specification, width=640):
        json.dumps(specification, allow_nan=False)
        alt.Chart.from_dict(specification, validate=True)
        svg = vl_convert.vegalite_to_svg(sized(themed(specification, dark=False), width), vl_version="6.4")
        for wrong in ("NaN", "undefined", "[object", "Infinity"):
            assert wrong not in svg
        return Drawn(svg)

    return drawn

"""Plots drawn with Matplotlib, in the manner of scikit-learn: a class a plot, ``plot(ax)``, then ``ax_``, ``figure_``.

A display keeps plain values and can be drawn again, into other axes. Where no axes are given, it draws into a figure of
its own: nothing is shown and no window is opened.
"""

from pellucid.results.displays.beeswarm import BeeswarmDisplay
from pellucid.results.displays.dependence import DependenceDisplay
from pellucid.results.displays.disparities import DisparitiesDisplay
from pellucid.results.displays.importance import ImportanceDisplay
from pellucid.results.displays.partial_dependence import PartialDependenceDisplay
from pellucid.results.displays.waterfall import WaterfallDisplay

__all__ = [
    "BeeswarmDisplay",
    "DependenceDisplay",
    "DisparitiesDisplay",
    "ImportanceDisplay",
    "PartialDependenceDisplay",
    "WaterfallDisplay",
]

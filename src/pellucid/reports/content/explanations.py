"""Explanations of the model: one section builder for each kind that stands in ``analysis.json``.

A new kind of explanation is one more function and one more row in `BUILDERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pellucid.reports.content.context import Context, brief
from pellucid.reports.content.dependence import pdp_section
from pellucid.reports.content.forecasts import driving_series, forecasts_section
from pellucid.reports.content.images import images_section
from pellucid.reports.content.shap import driving_features, shap_section
from pellucid.reports.document import Finding, Notice, Section

__all__ = ["BUILDERS", "drivers", "explanations_section"]

Builder = Callable[[Context], Section | None]

BUILDERS: Mapping[str, Builder] = {
    "kernel_shap": shap_section,
    "pdp": pdp_section,
    "asymmetric_shapley_value": forecasts_section,
    "image_shap": images_section,
}
"""By the key under ``explanations`` of ``analysis.json``, in the order of the report."""


def drivers(context: Context) -> list[Finding]:
    """What the first screen says on what drives the predictions."""
    return [*driving_features(context), *driving_series(context)]


def explanations_section(context: Context) -> Section | None:
    """What drives the predictions; None where nothing was explained."""
    if not context.explanations:
        return None
    known = [build(context) for key, build in BUILDERS.items() if key in context.explanations]
    sections = [section for section in known if section is not None]
    sections += [_unknown(key, i) for i, key in enumerate(context.explanations) if key not in BUILDERS]
    return Section(title="Explanations of the model", anchor="explanations", sections=tuple(sections))


def _unknown(key: Any, place: int) -> Section:
    notice = Notice("missing", "This kind of explanation cannot be shown here; the result files hold it.")
    return Section(title=brief(key), anchor=f"explanation-{place + 1}", blocks=(notice,))

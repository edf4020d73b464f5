"""The tutorial provider of DTE Panel: one metric, one comparison, one view. The README explains each part."""

from typing import Any

from dte_panel import Counts, Metric, View, difference, hookimpl

api_version = 1
positive_share = Metric(
    id="positive_share",
    title="Positive share",
    definition="Share of rows with a positive prediction. Rows without a prediction are left out.",
    formula="P(prediction = 1)",
    source="dte-panel-echo, the tutorial",
    reduce=Counts("prediction"),
    finish=lambda counts: counts.share(prediction=1),  # value, n and interval come with it
    range=(0, 1),
    interval="Wilson",
    tasks=("binary", "none"),
)
gap = difference(positive_share, id="positive_share_difference", title="Positive share: largest gap between groups")


@hookimpl
def dte_metrics() -> list[Metric]:
    """What can be measured."""
    return [positive_share, gap]


@hookimpl
def dte_views() -> list[View]:
    """How it is shown."""
    return [View("shares", "Positive share by group", ["positive_share", "positive_share_difference"], bars)]


def bars(results: Any) -> Any:
    """A bar for each group of the selected window."""
    import holoviews as hv  # heavy libraries are loaded where they are used

    return hv.Bars(results.frame("positive_share"), "cohort", "value").opts(invert_axes=True, toolbar=None)

"""Figures that a user asks of scikit-learn by name: computed by the library itself, on the collapsed cells."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from dte_panel import Counts, InputError, Metric, Scores, Value
from dte_panel.stats import MOST_PAIRS, bootstrap_cells
from dte_panel_performance.opinions import asked, cells, weighted

_NAME = re.compile(r"sklearn:(?P<function>\w+)(?P<arguments>\(.*\))?")
_ANSWERS = {"y_pred": "prediction", "y_score": "score", "y_proba": "score", "y_prob": "score"}
#: What the functions are called that give one number, not a curve or a table.
_ENDS = ("_score", "_loss", "_error", "_corrcoef", "_deviance")
WHERE = "plugins.performance.library_metrics"


class Asked(NamedTuple):
    """One function of scikit-learn with its keyword arguments, as the user wrote it."""

    text: str
    function: str
    keywords: dict[str, Any]


def understood(text: Any) -> Asked:
    """Take ``sklearn:fbeta_score(beta=2)`` apart; refuse what scikit-learn does not have.

    Raises
    ------
    InputError
        With the nearest name that there is.
    """
    match = _NAME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        hint = "Write it as sklearn:jaccard_score or sklearn:fbeta_score(beta=2)"
        raise InputError(f"{text!r} is no function of scikit-learn", where=WHERE, hint=hint)
    known = functions()
    name = match["function"]
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f"Did you mean 'sklearn:{near[0]}'? It must take y_true, y_pred or y_score, and sample_weight"
        raise InputError(f"sklearn.metrics has no '{name}' that can be used", where=WHERE, hint=hint)
    keywords = _keywords(text, name, match["arguments"] or "()")
    for key in keywords:
        options = list(inspect.signature(known[name]).parameters)[2:]
        if key not in options or key == "sample_weight":
            near = get_close_matches(key, options, n=1, cutoff=0.0)
            raise InputError(f"{name} has no option '{key}'", where=WHERE, hint=f"Did you mean '{near[0]}'?")
    return Asked(text.strip(), name, keywords)


def _keywords(text: str, name: str, arguments: str) -> dict[str, Any]:
    try:
        call = ast.parse(f"f{arguments}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("only options by name")
        return {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (ValueError, SyntaxError) as error:
        hint = f"Write options by name and plain values, such as sklearn:{name}(average='macro')"
        raise InputError(f"{text!r} cannot be read", where=WHERE, hint=hint) from error


def functions() -> dict[str, Callable[..., Any]]:
    """The functions of sklearn.metrics of labels, answers and weights."""
    from sklearn import metrics

    found: dict[str, Callable[..., Any]] = {}
    for name in metrics.__all__:
        function = getattr(metrics, name)
        if inspect.isfunction(function) and name.endswith(_ENDS):
            options = list(inspect.signature(function).parameters)
            if options[:1] == ["y_true"] and len(options) > 1 and options[1] in _ANSWERS and "sample_weight" in options:
                found[name] = function
    return found


def by_name(texts: Iterable[str]) -> list[Metric]:
    """A metric for each function that the user named."""
    return [_metric(understood(text)) for text in dict.fromkeys(texts)]


def _metric(asked_for: Asked) -> Metric:
    from sklearn import __version__

    function = functions()[asked_for.function]
    of_scores = _ANSWERS[list(inspect.signature(function).parameters)[1]] == "score"
    options = "".join(f"_{k}_{v}" for k, v in asked_for.keywords.items())
    summary = (inspect.getdoc(function) or asked_for.function).partition("\n")[0].rstrip(".")
    loss = asked_for.function.endswith(("_loss", "_error"))
    return Metric(
        id=re.sub(r"[^a-z0-9]+", "_", f"sklearn_{asked_for.function}{options}".lower()).strip("_"),
        title=asked_for.text,
        definition=f"{summary}. Computed by scikit-learn {__version__} itself on the rows of each cell as weights. "
        "Undefined where scikit-learn refuses. Rows with a missing value are left out.",
        reduce=Scores(exact=True) if of_scores else Counts("label", "prediction"),
        finish=lambda state: _finish(asked_for, state, of_scores=of_scores),
        better="lower" if loss else "higher",
        unit="as scikit-learn defines it",
        formula=f"sklearn.metrics.{asked_for.text.removeprefix('sklearn:')}",
        source=f"scikit-learn {__version__}, sklearn.metrics.{asked_for.function}",
        tasks=("binary",) if of_scores else ("binary", "multiclass"),
        group="asked for by name",
        interval=f"bootstrap of the cells, two more rows spread over them, 100 draws; none above {MOST_PAIRS:,} cells",
        second="it is scikit-learn's own number",
    )


def _finish(asked_for: Asked, state: Any, *, of_scores: bool) -> Value:
    import math

    labels, answers, rows = weighted(state) if of_scores else cells(state)
    n = int(sum(rows))
    if not n:
        return Value(None, 0, reason="no rows with a label and an answer")
    try:
        value = asked(asked_for.function, labels, answers, rows, **asked_for.keywords)
    except (ValueError, TypeError) as error:
        return Value(None, n, reason=f"scikit-learn: {' '.join(str(error).split())[:200]}")
    if not math.isfinite(value):
        return Value(None, n, reason="scikit-learn has no finite number for it")
    low, high = bootstrap_cells(
        lambda cell: asked(asked_for.function, *cell, **asked_for.keywords), (labels, answers, rows)
    )
    return Value(value, n, None if low is None else min(low, value), None if high is None else max(high, value))

"""Write ``docs/metrics.md`` from the definitions of the official metrics; with ``--check``, only compare."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dte_panel import Comparison, Metric, registry
from dte_panel.engine.plan import needs
from dte_panel.second import told

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "metrics.md"
COMMAND = "uv run python docs/catalogue.py"
#: Providers with their metrics, in the order of the page.
Catalogue = Mapping[str, Sequence[Metric]]

_TASKS = ("binary", "multiclass", "regression", "none")
_BETTER = {"higher": "higher is better", "lower": "lower is better"}
#: Inside a word an underscore is only an underscore.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>|#~$&]|(?<!\w)_|_(?!\w))")
_INTRO = """\
# Metrics

Every metric of the official providers under their default settings, {count} in all. This page is written by
`{command}` from the definitions in the code, the same that stand in every evidence file; do not edit it.

* A metric is **undefined** where its definition says so: the measurement then is `not_evaluated` with the reason, never
  0, 1 or NaN.
* The **interval** is the way `low` and `high` are made; they are the ends of a 95 % interval. "None" means that the
  number has none, because it counts what is there or because no method is known to be right.
* **Reads** names the roles and what is counted over them; see `dte_panel/reductions.py`. "against the reference"
  needs `data.reference`, "across groups" needs `roles.sensitive`.
* The **version** goes up when the definition, the binning or the smoothing changes; numbers of two versions are not
  comparable.
* Bounds are not a property of a metric. They stand in a [policy](policies.md).
"""


def official() -> Catalogue:
    """The metrics of the providers that ``dte-panel[standard]`` installs.

    Raises
    ------
    RuntimeError
        One of them cannot be used: its metrics would vanish from the page in silence.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[^a-z-]", name)[0] for name in project["optional-dependencies"]["standard"]}
    found = registry.load()
    chosen = [plugin for plugin in found.plugins if plugin.distribution in wanted]
    lost = wanted - {plugin.distribution for plugin in chosen if plugin.state == "ok"}
    if lost:
        raise RuntimeError(f"not usable: {', '.join(sorted(lost))}; see dte-panel plugins")
    offering = sorted((p for p in chosen if "dte_metrics" in p.hooks), key=lambda p: p.id)
    return {p.id: found.metrics(p, found.settings(p, {})) for p in offering}


def page(catalogue: Catalogue) -> str:
    """The whole page."""
    parts = [_INTRO.format(count=sum(map(len, catalogue.values())), command=COMMAND), *_index(catalogue)]
    for provider, metrics in catalogue.items():
        parts.append(f"## {escape(provider)}\n")
        for heading, members in _grouped(metrics).items():
            parts += [f"### {escape(f'{provider}: {heading}')}\n", *(_entry(provider, m) for m in members)]
    return "\n".join(parts)


def _grouped(metrics: Iterable[Metric]) -> dict[str, list[Metric]]:
    """Metrics by heading, both in the order of the provider."""
    found: dict[str, list[Metric]] = {}
    for metric in metrics:
        found.setdefault(metric.group or "all", []).append(metric)
    return found


def _index(catalogue: Catalogue) -> Iterator[str]:
    yield "## Index\n"
    for provider, metrics in catalogue.items():
        for heading, members in _grouped(metrics).items():
            yield f"**{escape(f'{provider}, {heading}')}**\n"
            yield "| metric | what it is | better | version |\n| --- | --- | --- | --- |"
            for m in members:
                link = f"[{escape(m.id)}](#{anchor(provider, m)})"
                yield f"| {link} | {escape(m.title)} | {escape(_better(m))} | {m.version} |"
            yield ""


def anchor(provider: str, metric: Metric) -> str:
    """The place of a metric on the page; it does not change when its title or heading does."""
    return f"{provider}.{metric.id}"


def _entry(provider: str, metric: Metric) -> str:
    name = f"{provider}.{metric.id}"
    lines = [f'<a id="{anchor(provider, metric)}"></a>\n', f"#### {escape(name)}\n"]
    lines += [f"**{escape(metric.title)}**, version {metric.version}. {escape(metric.definition)}\n"]
    lines += [f"* {label}: {text}" for label, text in _facts(metric) if text]
    return "\n".join([*lines, ""])


def _facts(metric: Metric) -> Iterator[tuple[str, str]]:
    yield "Formula", code(metric.formula)
    yield "Range", escape(_range(metric))
    yield "Better", escape(_better(metric))
    yield "95 % interval", escape(metric.interval or "none")
    yield "Reads", escape(_reads(metric))
    yield "Tasks", "" if set(_TASKS) <= set(metric.tasks) else escape(", ".join(metric.tasks))
    yield "Measured for", escape(_places(metric))
    yield "Also called", escape("; ".join(metric.aliases))
    yield "Second opinion", escape(told(metric.second))
    yield "Source", escape(metric.source)


def _range(metric: Metric) -> str:
    low, high = ("no limit" if end is None else f"{end:.6g}".replace("-", "−") for end in metric.range)
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{low} to {high}{unit}"


def _better(metric: Metric) -> str:
    if metric.better == "nearer":
        return "nearer to each other" if metric.target is None else f"nearer to {metric.target:g}"
    return _BETTER[metric.better]


def _reads(metric: Metric) -> str:
    against = {"reference": "; against the reference", "cohorts": "; across groups"}
    suffix = against[metric.across] if isinstance(metric, Comparison) else ""
    return (", ".join(needs(metric)) or "what the spec says of itself") + suffix


def _places(metric: Metric) -> str:
    across = isinstance(metric, Comparison) and metric.across == "cohorts"
    each = [*(["window"] if metric.windows else []), *(["cohort"] if metric.cohorts and not across else [])]
    return ", ".join(["all rows", *(f"each {name}" for name in each)])


def escape(text: str) -> str:
    r"""Text as Markdown that shows just this text, on one line, in a paragraph or a cell of a table.

    Examples
    --------
    >>> print(escape("P(a | b) < _x_, some_name"))
    P(a \| b) \< \_x\_, some_name
    """
    line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    # A number, a plus or a hyphen would begin a list.
    return re.sub(r"^(\d+)([.)])|^([-+=])", lambda m: f"{m[1] or ''}\\{m[2] or m[3]}", line)


def code(text: str) -> str:
    """Text as code, whatever backticks it holds.

    Examples
    --------
    >>> code("a `b`")
    '`` a `b` ``'
    """
    line = " ".join(text.split())
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def main(arguments: Sequence[str] = ()) -> int:
    """Write the page, or compare it."""
    new = page(official())
    if "--check" in arguments:
        old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if old != new:
            sys.stderr.write(f"docs/metrics.md is not what the metrics' definitions say; write it anew: {COMMAND}\n")
            return 1
        return 0
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

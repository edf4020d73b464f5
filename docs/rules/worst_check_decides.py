"""Nineteen checks pass and one fails: the mean hides it, the worst does not."""

from dte_panel import Check, Measurement, Policy
from dte_panel.model import overall
from dte_panel.policy import counts, judge_all

checks = tuple(Check(f"drift.metric_{i}", "<= 0.2") for i in range(20))
values = [0.01] * 19 + [0.9]
measurements = [
    Measurement(check.metric, 1, "drift", "current", {}, None, value, value, value, 1_000, "ok")
    for check, value in zip(checks, values, strict=True)
]
verdicts = judge_all(
    Policy("p", "P", checks), measurements, providers={"drift": ("ok", None)}, kind="dataset", task="none"
)
print(f"mean score: {sum(v.verdict == 'pass' for v in verdicts) / len(verdicts):.0%} trusted")
print(f"verdict: {overall(verdicts)}; {', '.join(f'{n} {word}' for word, n in counts(verdicts).items() if n)}")

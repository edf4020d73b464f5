"""What cannot be judged: a group of one class, seventeen rows, a provider that is not there."""

from providers import metrics

from dte_panel import Check, Measurement, Policy
from dte_panel.model import overall
from dte_panel.policy import judge, judge_all
from dte_panel.states import Table

only_negatives = Table(("label", "prediction"), {(0, 0): 40, (0, 1): 10})
recall = metrics()["performance.recall"].finish(only_negatives)
print(f"recall of a group without positives: {recall.value}, {recall.reason}")
few = Measurement("fairness.selection_rate", 1, "fairness", "current", {}, None, 0.5, 0.3, 0.7, 17, "ok")
verdict = judge(Check("fairness.selection_rate", ">= 0.2"), few)
print(f"17 rows: {verdict.verdict}: {verdict.reason}")
policy = Policy("p", "P", (Check("credit.default_rate", "<= 0.1"),))
made = judge_all(policy, [], providers={}, kind="model", task="binary")
print(f"{made[0].verdict}: {made[0].reason}")
print(f"overall: {overall(made)}; with no check at all: {overall([])}")

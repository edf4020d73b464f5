"""Three groups, one of them the rows without a value: the table that a gap comes from."""

from providers import metrics

from dte_panel.states import Table

groups = {"F": (300, 500), "M": (420, 600), None: (2, 40)}
rate, gap = metrics()["fairness.selection_rate"], metrics()["fairness.demographic_parity_difference"]
values = [
    ({"sex": name}, rate.finish(Table(("prediction",), {(1,): hits, (0,): n - hits})))
    for name, (hits, n) in groups.items()
]
for cohort, v in values:
    print(f"{cohort['sex'] or 'missing':8} n = {v.n:3}  {v.value:.3f} [{v.low:.3f}, {v.high:.3f}]")
made = gap.finish({rate.id: values})
low, high = (g["sex"] or "missing" for g in made.groups)
print(f"difference {made.value:.3f} [{made.low:.3f}, {made.high:.3f}] between {low} and {high}")
without = gap.finish({rate.id: values[:2]})
print(f"without the missing group it would be {without.value:.3f}")

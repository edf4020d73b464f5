"""Simpson's paradox: six departments of Berkeley, 1973 (Bickel, Hammel & O'Connell 1975, Science 187)."""

from providers import metrics

from dte_panel.states import Table

ADMITTED = {  # department: (men admitted, men, women admitted, women)
    "A": (512, 825, 89, 108),
    "B": (353, 560, 17, 25),
    "C": (120, 325, 202, 593),
    "D": (138, 417, 131, 375),
    "E": (53, 191, 94, 393),
    "F": (22, 373, 24, 341),
}
rate = metrics()["fairness.selection_rate"]


def rates(men, of_men, women, of_women):
    sides = ((men, of_men), (women, of_women))
    return [rate.finish(Table(("prediction",), {(1,): hits, (0,): n - hits})).value for hits, n in sides]


raw = rates(*(sum(column) for column in zip(*ADMITTED.values(), strict=True)))
print(f"all departments: men {raw[0]:.3f}, women {raw[1]:.3f}: men lead by {raw[0] - raw[1]:+.3f}")
inside, weights = [], []
for name, cells in ADMITTED.items():
    men, women = rates(*cells)
    inside.append(men - women)
    weights.append(cells[1] + cells[3])
    print(f"department {name}:    men {men:.3f}, women {women:.3f}: men lead by {men - women:+.3f}")
mean = sum(d * w for d, w in zip(inside, weights, strict=True)) / sum(weights)
print(f"inside the departments, weighted by their rows: {mean:+.3f}")

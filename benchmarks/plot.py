"""How cost grows, as an SVG that needs no library: a small plot for each axis, with the line of equal cost."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, LEFT, BELOW = 340, 250, 56, 44


def picture(done: Sequence[tuple[Any, Sequence[Any], str]], path: Path) -> Path | None:
    """Draw every job that has an axis and two points; ``None`` where there is none."""
    plots = [plot for job, made, _ in done if job.axis for plot in plots_of(job, made) if len(plot[1]) > 1]
    if not plots:
        return None
    parts = [one(axis, points, i * WIDTH) for i, (axis, points) in enumerate(plots)]
    size = f'width="{WIDTH * len(plots)}" height="{HEIGHT}" viewBox="0 0 {WIDTH * len(plots)} {HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    path.write_text("\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>"]) + "\n")
    return path


def plots_of(job: Any, made: Sequence[Any]) -> list[tuple[str, list[tuple[float, float]]]]:
    """Name and points, size and seconds of computation, of each plot of a job: rows and columns grow apart."""
    measured = [(c, medians["compute"]) for c in made if (medians := c.medians())]
    if not measured or not measured[0][0].size[0]:
        return [(job.axis, sorted((first_number(c.title), seconds) for c, seconds in measured))]
    rows, columns = (max(c.size[i] for c, _ in measured) for i in (0, 1))
    return [
        (f"rows, of {columns:,} columns", sorted((c.size[0], s) for c, s in measured if c.size[1] == columns)),
        (f"columns, of {rows:,} rows", sorted((c.size[1], s) for c, s in measured if c.size[0] == rows)),
    ]


def first_number(title: str) -> float:
    """The size that a title names."""
    return float(next(word for word in title.replace(",", "").split() if word.isdigit()))


def one(axis: str, points: Sequence[tuple[float, float]], shift: int) -> str:
    """One plot, both axes logarithmic; the dashed line costs the same for each unit as the largest point."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_from, x_to = floor(log10(min(xs))), ceil(log10(max(xs)) + 1e-9)
    y_from, y_to = floor(log10(min(ys))), ceil(log10(max(ys)) + 1e-9)

    def at(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (log10(x) - x_from) / (x_to - x_from) * (WIDTH - LEFT - 20)
        up = HEIGHT - BELOW - (log10(y) - y_from) / (y_to - y_from) * (HEIGHT - BELOW - 20)
        return shift + across, up

    lines = [f'<text x="{shift + WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{axis}</text>']
    lines.append(f'<text x="{shift + 8}" y="14">seconds of computation</text>')
    for power in range(x_from, x_to + 1):
        x, y = at(10.0**power, 10.0**y_from)
        shown = f"1e{power}" if power > 4 else f"{10**power:,}"
        lines.append(f'<path d="M{x:.1f} {y:.1f}V20" stroke="#ddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{shown}</text>')
    for power in range(y_from, y_to + 1):
        x, y = at(10.0**x_from, 10.0**power)
        lines.append(f'<path d="M{x:.1f} {y:.1f}H{shift + WIDTH - 20}" stroke="#ddd"/>')
        lines.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    last_x, last_y = points[-1]
    low = max(10.0**x_from, last_x * 10.0**y_from / last_y)
    ends = [at(x, last_y * x / last_x) for x in (low, last_x)]
    told = " L".join(f"{x:.1f} {y:.1f}" for x, y in ends)
    lines.append(f'<path d="M{told}" stroke="#888" stroke-dasharray="4 4" fill="none"/>')
    drawn = [at(x, y) for x, y in points]
    told = " L".join(f"{x:.1f} {y:.1f}" for x, y in drawn)
    lines.append(f'<path d="M{told}" stroke="#0b6e4f" stroke-width="2" fill="none"/>')
    lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0b6e4f"/>' for x, y in drawn]
    return "\n".join(lines)

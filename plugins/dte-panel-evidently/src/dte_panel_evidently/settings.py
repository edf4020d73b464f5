"""What a user may set under ``plugins: {evidently: {...}}``."""

from __future__ import annotations

import param


class EvidentlySettings(param.Parameterized):
    """Settings of the Evidently provider."""

    report = param.List(
        default=[],
        item_type=(str, dict),
        doc="Presets and metrics of Evidently to run, by name, or as a name with its arguments, such as "
        "{ValueDrift: {column: age, method: psi}}.",
    )
    sample = param.Integer(
        default=20_000,
        bounds=(1, None),
        doc="Rows of each side that the report runs on, drawn with the seed. Each measurement says so where rows "
        "were left out.",
    )
    tests = param.Boolean(
        default=False,
        doc="Whether the report also runs the tests that Evidently derives from the reference.",
    )
    snapshots = param.List(
        default=[],
        item_type=str,
        doc="Snapshot files of Evidently, as paths or globs from the folder of trust.yaml.",
    )
    workspace = param.String(
        default="",
        doc="Folder of an Evidently workspace, from the folder of trust.yaml; all its snapshots are read.",
    )
    project = param.String(
        default="",
        doc="Name or id of the project in the workspace; needed where it has several.",
    )

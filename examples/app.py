"""The dashboard as a Panel app: ``panel serve examples/app.py``.

The data is assessed once, when the first visitor comes; every later one sees the same evidence. Set ``TRUST_YAML`` to
show your own data.
"""

import os
from importlib.resources import files

import panel as pn

import dte_panel
from dte_panel.conductor import assess_spec
from dte_panel.spec import read

path = os.environ.get("TRUST_YAML") or str(files("dte_panel") / "data" / "demo" / "car-loan" / "trust.yaml")
evidence = pn.state.as_cached(path, lambda: assess_spec(read(path)))
dte_panel.dashboard(evidence).servable()

"""Fifty columns in which nothing moved: how many p-values lie below 0.05, bare and adjusted."""

import numpy as np
from scipy.stats import mannwhitneyu

from dte_panel.stats import benjamini_hochberg

rng = np.random.default_rng(1)
pvalues = mannwhitneyu(*rng.normal(size=(2, 300, 50, 100)), axis=-1, method="asymptotic").pvalue
bare = (pvalues < 0.05).sum(1)
adjusted = np.array([sum(p < 0.05 for p in benjamini_hochberg(family)) for family in pvalues.tolist()])
for name, found in (("bare", bare), ("adjusted", adjusted)):
    print(f"{name:9} {found.mean():.2f} of 50 columns 'drift'; {(found > 0).mean():.0%} of assessments have one")

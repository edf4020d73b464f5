"""Performance of classifiers and regressors over time and by cohort, for DTE Panel."""

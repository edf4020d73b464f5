"""Data to states: sources, layout, plan and the DuckDB engine."""

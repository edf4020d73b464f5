"""What every test may use."""

# Broken plugins are material for tests, not modules to import.
collect_ignore = ["plugins"]

"""The tutorial provider of DTE Panel: one metric, one comparison, one view."""

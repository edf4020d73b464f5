"""Has nothing to do with DTE Panel."""

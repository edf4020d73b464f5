"""Themes as data for DTE Panel."""

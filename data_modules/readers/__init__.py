"""Readers: CT series, segmentations, and the checks on what they hold."""

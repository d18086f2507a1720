"""Measuring a written phantom on its files: physics, difficulty, validity, pictures."""

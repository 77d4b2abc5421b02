"""Inputs for fuzzing to start from, by target."""

"""Detectors turn a reading and a model's prediction into sections of the report."""

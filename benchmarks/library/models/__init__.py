"""Trained models that are explained."""

"""Measuring networks: cases, answers, figures."""

"""Doubles that tests share: each is a small real thing, not a recording of calls."""

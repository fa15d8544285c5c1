"""Numbered migrations (`0001_….sql`), each of which ends by setting `user_version` to its number.

A migration that was released is never changed: what comes after it is a new one.
"""

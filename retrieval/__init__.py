"""Online: a snapshot and a question -> ranked passages. Never writes."""

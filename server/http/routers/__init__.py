"""One router for each resource, with its wire models."""

"""The HTTP API, `/api/v1`: an app factory, one small router for each resource, and what they share.

Every error is a problem (RFC 9457); endpoints are plain functions, which FastAPI runs in threads.
"""

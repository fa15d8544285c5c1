"""Real servers for tests: one module a server, each started once for a whole run of the tests."""

"""Reports on collections, jobs and the graph, shared by the command line and the HTTP API."""

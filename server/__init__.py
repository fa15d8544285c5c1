"""Ways in: settings, composition, command line, HTTP."""

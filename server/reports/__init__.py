"""What there is, and how it stands: as the command line and HTTP report it alike."""

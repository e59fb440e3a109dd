"""What may be in a release: data, and no programs, whatever a file calls itself."""

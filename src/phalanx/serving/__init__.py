"""What servers have in common: bounded requests, errors that repeat nothing, logs as JSON."""

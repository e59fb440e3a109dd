"""The key broker: content keys for machines that were attested, so many times, so long."""

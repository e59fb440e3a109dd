"""Keys of marks: a tree, a vault, two persons for what convicts, commitments before audits."""

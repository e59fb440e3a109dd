"""Sketches: integers that stand for a text, so that texts are compared and never kept.

`prompts` is what a scan reads from a prompt: values that prompts of one template share, under a key
of the house. `templates` is what members of the alliance compare: sketches under the key of the
group. Both are read by more than one capability, and know none.
"""

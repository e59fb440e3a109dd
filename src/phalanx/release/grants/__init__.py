"""The licence as data: what a recipient asks for, what he is granted, and that he received it."""

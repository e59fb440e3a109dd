"""Private set intersection, each implementation in a process of its own.

The peer pins a version of protobuf that other tools of this project cannot use, so that it stands
in an environment of its own: `bench/share_blinding.py --peer PYTHON`.
"""

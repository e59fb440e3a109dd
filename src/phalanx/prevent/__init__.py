"""What the next request gets: decisions inside the gateway, each with its reasons.

`facts` names what may be asked of a request, `policy` is what a provider wrote about it. A decision
is a pure function of both, of the state, and of a moment; nothing here talks to anybody.
"""

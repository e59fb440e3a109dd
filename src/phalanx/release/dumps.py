"""What is in memory stays out of files that a crash leaves behind."""

from __future__ import annotations

import resource


def leave_no_core() -> None:
    """Let this process leave no core file, in which keys and weights would lie in the clear.

    The soft limit is set, which the process may raise again. Whoever takes cores over a pipe, as
    systemd and apport do, goes by it too. Swap is another matter.

    Examples:
        >>> leave_no_core()
        >>> resource.getrlimit(resource.RLIMIT_CORE)[0]
        0
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))

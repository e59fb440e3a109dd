"""`phalanx gateway serve`: decisions over HTTP; and who may ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.gateway_options import GatewayOptions, Optional
from phalanx.cli.gateway_serve_options import SidecarOptions
from phalanx.cli.recording import LedgerFolder
from phalanx.cli.rendering import OutputPath
from phalanx.cli.terminal import Common

CallersFile = Annotated[Path, Parameter(name="--callers")]
_CALLERS = Path("gateway.callers")


def serve(
    *,
    options: GatewayOptions,
    state: Annotated[str | None, Parameter(show_default=False)] = None,
    exchanges: Optional = None,
    online: Optional = None,
    pseudonym_key: Optional = None,
    clear_identifiers: bool = False,
    ledger: LedgerFolder = None,
    sidecar: SidecarOptions = SidecarOptions(),
    common: Common = Common(),
) -> ExitCode:
    """Decide requests over HTTP until told to stop.

    The policy and what is known are taken anew when they change; what is broken is refused, told
    and counted, and what held before holds. It writes JSON lines to standard error.

    Parameters:
        options: What the gateway knows.
        state: File in which the state is kept; without it a restart forgets all accounts. How many
            requests were counted stands beside it, in a file that ends with `.count`. Or URL of a
            state that several gateways share, such as redis://HOST:6379/0, whose password is taken
            from REDISCLI_AUTH.
        exchanges: Folder in which exchanges are written down, with what was decided, as
            `phalanx scan --clear-identifiers` reads them.
        online: Reference of online detection, from `phalanx gateway calibrate`. What was seen is
            kept beside the state, in a file that ends with `.watch`; in memory with a shared one.
        pseudonym_key: Key of the pseudonyms, the one of the scans whose store and grants are named.
        clear_identifiers: Take identifiers as they stand in requests.
        ledger: Ledger that each policy is recorded in when it is put in force. One that cannot be
            written raises an alarm, and is tried again.
        sidecar: How it listens, and what it bears.
        common: Options of every command.
    """
    from phalanx.cli.gateway_serve_work import Serving, serving
    from phalanx.cli.serving import serve_until_told

    settings = sidecar.settings()
    said = Serving(state, exchanges, pseudonym_key, clear_identifiers, online, ledger)
    with serving(options, said, settings) as run:
        return serve_until_told(run, "the gateway listens", settings, common)


def add_caller(
    name: str,
    /,
    *,
    callers: CallersFile = _CALLERS,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Enter who may ask a gateway, and print its token, which is shown this once.

    Parameters:
        name: Of the caller, such as `litellm`.
        callers: File of callers, made if it is missing; a running gateway reads it again.
        output: File for the token, readable for its owner alone.
        common: Options of every command.
    """
    from secrets import token_bytes

    from phalanx.cli.rendering import hand_out, refuse_known
    from phalanx.prevent.sidecar.callers import add_caller as add

    refuse_known(output)
    hand_out(add(callers, name, token_bytes), output)
    common.say(f"{name}: may ask; only the hash of its token stands in {callers}")


def remove_caller(
    name: str, /, *, callers: CallersFile = _CALLERS, common: Common = Common()
) -> None:
    """Let a caller ask no longer.

    Parameters:
        name: Of the caller.
        callers: File of callers; a running gateway reads it again.
        common: Options of every command.
    """
    from phalanx.prevent.sidecar.callers import remove_caller as remove

    remove(callers, name)
    common.say(f"{name}: may ask no longer")


def guardrail(*, output: OutputPath = None, common: Common = Common()) -> None:
    """Print the guardrail for LiteLLM's proxy: one file, which needs no Phalanx where it runs.

    Parameters:
        output: File to write instead, beside the configuration of the proxy.
        common: Options of every command.
    """
    from importlib.resources import files

    from phalanx.cli.rendering import refuse_output, write_text

    refuse_output(output)
    source = files("phalanx.prevent.adapters").joinpath("litellm_guardrail.py")
    write_text(source.read_text(encoding="utf-8"), output)
    common.detail("name it in the configuration: guardrail: phalanx_guardrail.PhalanxGuardrail")

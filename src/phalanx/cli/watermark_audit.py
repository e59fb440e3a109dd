"""`phalanx watermark audit`: was this model trained on what a key marked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

from phalanx.cli.exit_codes import ExitCode
from phalanx.cli.recording import Facts, LedgerFolder, recorder
from phalanx.cli.rendering import OutputPath, TableOrJson, refuse_output, write_text
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_audit_options import ModelOptions, PowerOptions
from phalanx.cli.watermark_options import VAULT, By, KeyOptions, SealOptions, VaultFolder

audit = App(
    name="audit",
    help="Find out whether a model was trained on what keys marked: plan, run, verify.",
    help_format="markdown",
)

ReportPath = Annotated[Path, Parameter(name=["--output", "-o"])]


@audit.command
def plan(
    names: Path,
    /,
    *,
    which: KeyOptions,
    suspect: str,
    prompts: Path,
    output: ReportPath,
    mode: Literal["answers", "weights", "sums", "answers-gathered", "weights-gathered"] = "answers",
    tokenizer: Annotated[Path | None, Parameter(show_default=False)] = None,
    answers_each: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1_000))] = 1,
    least_read: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))] = 0.95,
    reference: Annotated[str | None, Parameter(show_default=False)] = None,
    reference_model: Annotated[Path | None, Parameter(show_default=False)] = None,
    marked_model: Annotated[Path | None, Parameter(show_default=False)] = None,
    by_custodians: bool = False,
    candidates: Annotated[int, Parameter(validator=validators.Number(gte=2, lte=1 << 20))] = 64,
    most_places: Annotated[
        int | None, Parameter(validator=validators.Number(gte=1, lte=10**12), show_default=False)
    ] = None,
    level: Annotated[float, Parameter(validator=validators.Number(gt=0, lt=1))] = 1e-6,
    decoys: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=100_000))] = 1_000,
    decoy_seed: Annotated[int | None, Parameter(show_default=False)] = None,
    power: PowerOptions = PowerOptions(),
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    common: Common = Common(),
) -> None:
    """Write the plan of an audit, print its digest, and how often such an audit would succeed.

    The plan fixes keys, question and level before the suspect is asked. Publish its digest, and a
    commitment to the keys: `phalanx watermark keys commit NAMES --plan PLAN`.

    Parameters:
        names: File of what the keys are for, one name a line: all of them are asked about.
        which: Scheme, purpose and epoch of the keys.
        suspect: The model under audit: name, version, and where it is asked.
        prompts: File of what it will be asked, or made to read; its SHA-256 is fixed.
        output: File to write the plan to; its bytes are what the digest is of.
        mode: What there is of the suspect. `answers`: what it answers, with how likely a reference
            finds them. `weights`: all of its probabilities. `sums`: answers alone, for any scheme.
            `answers-gathered` and `weights-gathered` gather choices by context and see far more
            where contexts come again; nothing that is asked or read may be marked.
        tokenizer: `tokenizer.json` of the marked model, which cuts texts: its SHA-256 is fixed.
            Left out where prompts, and later answers, are token numbers.
        answers_each: Answers that each prompt gets, all of which are handed in.
        least_read: Share of these answers, or of the documents, that must be there: with fewer the
            audit is not evaluable.
        reference: The model that it is compared with, and why that knows nothing of the keys: in
            every mode but `sums`, which compares with none.
        reference_model: Its folder, of which all files are fixed by their SHA-256: it is run here.
        marked_model: Folder of the model whose outputs are marked, of an audit of weights or that
            gathers: it is fixed and run here as well.
        by_custodians: The keys are audit keys, which two custodians open for this plan later. It
            names them by what they are for, and no vault is opened.
        candidates: Likeliest tokens that race at each place, where probabilities are read.
        most_places: Tokens or contexts that count at most: the first, in the prompts' order, and a
            milliard if it is left out; where choices are gathered the most usual, and 50,000.
        level: Chance of naming any key falsely that is accepted.
        decoys: Random keys that are asked about as well; they can only clear.
        decoy_seed: Of their generator; drawn if it is left out.
        power: How the power curve is simulated.
        folder: Of the vault.
        seal: What opens it.
        by: Who plans, for the log; the user of this machine if it is left out.
        common: Options of every command.
    """
    from phalanx.cli.watermark_audit_plan import make_plan, power_text, write_plan
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys.vault import Vault

    refuse_output(output)
    made = make_plan(
        None if by_custodians else Vault(folder, seal.seal()), names, which, act(by),
        suspect=suspect, prompts=prompts, tokenizer=tokenizer, answers_each=answers_each,
        least_read=least_read, mode=mode, reference=reference, reference_model=reference_model,
        marked_model=marked_model, candidates=candidates, places=most_places, level=level,
        decoys=decoys, decoy_seed=decoy_seed,
    )  # fmt: skip
    with common.progress("power"):
        text = power_text(made, power)
    write_plan(made, output)
    write_text(text, None)
    common.say(f"{output}: publish its SHA-256 before the first question")


@audit.command
def run(
    plan: Path,
    given: Path,
    /,
    *,
    prompts: Path,
    signer: Path,
    output: ReportPath,
    names: Annotated[Path | None, Parameter(show_default=False)] = None,
    audit_keys: Annotated[Path | None, Parameter(show_default=False)] = None,
    seed: Annotated[Path | None, Parameter(show_default=False)] = None,
    purpose: Literal["serve", "decoy", "campaign", "account"] = "serve",
    epoch: Annotated[int | None, Parameter(show_default=False)] = None,
    tokenizer: Annotated[Path | None, Parameter(show_default=False)] = None,
    models: ModelOptions = ModelOptions(),
    commitment: Annotated[Path | None, Parameter(show_default=False)] = None,
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    ledger: LedgerFolder = None,
    fail_on: Literal["key", "never"] = "key",
    output_format: TableOrJson = "table",
    common: Common = Common(),
) -> ExitCode:
    """Run an audit as planned, write the signed report, and print the evidence of every key.

    Of what is given, only what answers a prompt of the plan is used, or stands in its file; more
    answers than it asks for are refused. What an answer copies from its prompt does not count, and
    no context with its token counts twice.

    Parameters:
        plan: File of the plan.
        given: Lines of JSON. Answers: `tokens` or `text`, `prompt` or `prompt_tokens`, and `log_p`,
            natural logarithms of what the reference gives each token, unless --reference says it.
            Weights: documents to read, or with --recorded what was recorded of them. Gathered
            answers take --marked and --reference, or --recorded, and no `log_p`.
        prompts: File of prompts, as planned.
        signer: File of the key that signs, for its owner alone; made if it is not there.
        output: File to write the report to.
        names: File of what the keys are for, as planned: the vault derives them.
        audit_keys: Instead, file of audit keys that `phalanx watermark custody open` wrote for this
            plan; no vault is opened. With --commitment and --seed each is held against it.
        seed: File that `custody open` made with the commitment to audit keys.
        purpose: Of the keys, as planned.
        epoch: Of the keys, as planned; the one in use if it is left out.
        tokenizer: `tokenizer.json` that the plan fixes, where texts are given.
        models: Models that are run here.
        commitment: File of the commitment that was published: it must be to this plan.
        folder: Of the vault.
        seal: What opens it.
        by: Who audits, for the log; the user of this machine if it is left out.
        ledger: Folder of the ledger that the report is recorded in.
        fail_on: Least finding that makes the exit status 1.
        output_format: How to print.
        common: Options of every command.
    """
    from phalanx.cli.signing import signer_of, write_signed
    from phalanx.cli.watermark_audit_read import Material
    from phalanx.cli.watermark_audit_run import Task, audited
    from phalanx.cli.watermark_audit_view import as_json, as_text
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.audit import sign_report
    from phalanx.watermark.keys.vault import Vault

    refuse_output(output)
    recorded = recorder(ledger)
    task = Task(
        plan=plan, names=names, purpose=purpose, epoch=epoch, commitment=commitment,
        audit_keys=audit_keys, seed=seed,
        material=Material(given=given, prompts=prompts, tokenizer=tokenizer, models=models),
    )  # fmt: skip
    key = signer_of(signer, seal.key_file)
    with common.progress("audit") as progress:
        done = audited(task, lambda: Vault(folder, seal.seal()), act(by), progress)
    public = write_signed(sign_report(done.audit, key), key, output)
    facts: Facts = {"act": "watermark audit", "keys": len(done.audit.keys)}
    recorded.record("report", f"report {output.name}", facts, artefact=output, actor=by)
    for each in done.rejects[:5]:
        common.say(f"warning: {each.where}: {each.reason}; left out")
    if len(done.rejects) > 5:
        common.say(f"warning: {len(done.rejects):,} lines were left out in all")
    write_text((as_json if output_format == "json" else as_text)(done, public), None)
    common.say(f"{output}: signed; whoever has the public key verifies it")
    named = any(each.named for each in done.audit.keys)
    return ExitCode.FINDINGS if named and fail_on == "key" else ExitCode.CLEAN


@audit.command
def verify(
    report: Path,
    /,
    *,
    signer: str,
    plan: Path,
    commitment: Annotated[Path | None, Parameter(show_default=False)] = None,
    prompts: Annotated[Path | None, Parameter(show_default=False)] = None,
    tokenizer: Annotated[Path | None, Parameter(show_default=False)] = None,
    output_format: TableOrJson = "table",
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Verify a report: who signed it, that it follows the plan that was published, and its sums.

    Nothing secret is needed. Exit status 2 if anything does not agree.

    Parameters:
        report: File that the audit wrote.
        signer: Public key of who must have signed it, as `run` printed it: take it from its owner,
            not from the report.
        plan: File of the plan, whose SHA-256 was published before the first question.
        commitment: File of the commitment that was published: it must be to that plan.
        prompts: File of the prompts, if it is to be held against the plan.
        tokenizer: `tokenizer.json` that cut texts, if it is to be held against the plan.
        output_format: How to print.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_audit_verify import verified
    from phalanx.cli.watermark_audit_view import verified_json, verified_text

    refuse_output(output)
    found = verified(report, signer, plan, commitment, prompts=prompts, tokenizer=tokenizer)
    write_text((verified_json if output_format == "json" else verified_text)(found), output)
    common.detail("signature, plan and what else was given agree")

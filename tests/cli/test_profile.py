"""`phalanx profile`, and scans that compare with profiles."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.profile_files import parse_priors, profile_paths, read_profiles
from phalanx.errors import ConfigError, InputError
from phalanx.formats.folder import read_scan, write_scan
from phalanx.logs.pseudonym import pseudonym
from phalanx.model import (
    Attribution,
    Hypothesis,
    LinkedValue,
    RoleEvidence,
    UndeclaredPool,
)

PROFILE = """
schema = "phalanx.profile/1"
name = "North Lab"
sources = [{ title = "Report", date = 2026-02-12 }]
traits = [{ family = "email", values = ["north.example"] }]
"""


@pytest.fixture(scope="module")
def attributed_folder(
    scan_folder: Path, pool: UndeclaredPool, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the folder of a scan with a pool whose attribution holds a mail domain and a text."""
    email, template = (
        LinkedValue(
            family=family, value=value, hash="00000000000000ab", accounts=3, outsiders=1,
            log10_p=-9.0,
        )
        for family, value in (("email", "mail_5eed"), ("template", "Explain step by step"))
    )  # fmt: skip
    attribution = Attribution(
        grade="D", reason="kind of operator: reseller at 95%", named=None,
        roles=(
            RoleEvidence(
                role="operator", accounts=("acct_1",), values=(template,), linked_values=1
            ),
            RoleEvidence(role="network", accounts=("acct_1",), values=(email,), linked_values=1),
        ),
        related=(),
        hypotheses=(
            Hypothesis(kind="reseller", prior=0.2, log10_likelihood=-1.0, probability=0.95),
        ),
        features=(), tempering=0.5, contamination=0.02, hours_of_week=(0.0,) * 167 + (1.0,),
        profiles=(),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("attributed")
    judgement = replace(pool.judgement, attribution=attribution)
    write_scan(
        replace(read_scan(scan_folder), undeclared_pools=(replace(pool, judgement=judgement),)),
        folder,
    )
    return folder


def test_a_draft_is_completed_by_a_person(
    attributed_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A draft is refused until it has a name and a source, and then passes the check."""
    draft = tmp_path / "north.toml"
    words = ["profile", "new", "pool-5", "--scan", str(attributed_folder), "-o", str(draft)]
    assert main(words) == ExitCode.CLEAN
    assert "work only under key" in capsys.readouterr().err
    assert main(["profile", "check", str(draft)]) == ExitCode.BAD_INPUT
    assert "north.toml" in capsys.readouterr().err
    text = draft.read_text(encoding="utf-8").replace('name = ""', 'name = "North Lab"')
    source = '\n[[sources]]\ntitle = "Report"\ndate = 2026-02-12\n'
    draft.write_text(text + source, encoding="utf-8")
    assert main(["profile", "check", str(tmp_path)]) == ExitCode.CLEAN
    (profile,) = read_profiles(tmp_path)
    assert {trait.family: trait.hashes for trait in profile.traits} == {
        "email": ("mail_5eed",), "template": ("00000000000000ab",),
    }  # fmt: skip
    assert profile.key_id == read_scan(attributed_folder).run.key_id
    assert draft.stat().st_mode & 0o077 == 0


def test_a_draft_in_json(attributed_folder: Path, tmp_path: Path) -> None:
    """The suffix of the file says in which notation."""
    draft = tmp_path / "north.json"
    main(["profile", "new", "pool-5", "--scan", str(attributed_folder), "-o", str(draft)])
    assert json.loads(draft.read_text(encoding="utf-8"))["schema"] == "phalanx.profile/1"


def test_the_log_gives_values_in_clear(
    attributed_folder: Path, log: Path, key: Path, tmp_path: Path
) -> None:
    """With the log and its key a draft holds the domain behind a pseudonym; another key is told."""
    domain = pq.read_table(log, columns=["email_domain"])["email_domain"][0].as_py()
    hidden = pseudonym(key.read_bytes(), "email_domain", domain)
    folder, draft = tmp_path / "scan", tmp_path / "draft.toml"
    shutil.copytree(attributed_folder, folder)
    document = folder / "campaigns.json"
    text = document.read_text(encoding="utf-8")
    document.write_text(text.replace("mail_5eed", hidden), encoding="utf-8")
    words = ["profile", "new", "pool-5", "--scan", str(folder), "-o", str(draft)]
    assert main([*words, "--log", str(log), "--key", str(key)]) == ExitCode.CLEAN
    written = draft.read_text(encoding="utf-8")
    assert f'values = ["{domain}"]' in written
    assert hidden not in written
    absent = str(tmp_path / "absent.key")
    assert main([*words, "--log", str(log), "--key", absent]) == ExitCode.BAD_INPUT


def test_a_group_without_attribution_cannot_be_drafted(
    folder_with_pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scan of an earlier version is told to be repeated; an unknown group is told."""
    words = ["--scan", str(folder_with_pool), "-o", str(tmp_path / "x.toml")]
    assert main(["profile", "new", "pool-5", *words]) == ExitCode.BAD_INPUT
    assert "no attribution" in capsys.readouterr().err
    assert main(["profile", "new", "nobody", *words]) == ExitCode.BAD_INPUT
    assert "phalanx campaigns" in capsys.readouterr().err


def test_shown_group_says_who_may_stand_behind_it(
    attributed_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Grade, odds, roles with their values, and where names come from."""
    assert main(["campaigns", "show", "pool-5", str(attributed_folder)]) == ExitCode.CLEAN
    shown = " ".join(capsys.readouterr().out.split())
    assert "Grade D: nobody is named. Most likely a reseller with customers of its own" in shown
    assert "Provider network: 1 of 1 account" in shown
    assert "mail_5eed" in shown
    assert "A name comes only from a profile" in shown


def test_a_scan_records_its_profiles(log: Path, key: Path, tmp_path: Path) -> None:
    """Names, priors and digests of profiles stand in the record of the run."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "north.toml").write_text(PROFILE, encoding="utf-8")
    out = tmp_path / "scan"
    words = ["scan", str(log), "--out", str(out), "--key", str(key), "-q"]
    main([*words, "--profiles", str(tmp_path / "profiles"), "--prior", "evaluation farm=0.3"])
    run = read_scan(out).run
    assert run.parameters["profiles"] == ["North Lab"]
    assert run.parameters["priors"] == {"evaluation farm": 0.3}
    assert [item.role for item in run.files] == ["profile"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"schema = 1", "phalanx.profile/1"),
        (PROFILE.replace("sources", "# sources").encode(), "sources"),
        (b"#" * ((1 << 22) + 1), "4 MiB"),
    ],
)
def test_a_bad_profile_stops_the_scan(
    content: bytes, told: str, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A profile that cannot be used is told before anything is read."""
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    words = ["scan", str(log), "--out", str(tmp_path / "scan"), "--profiles", str(path)]
    assert main(words) == ExitCode.BAD_INPUT
    assert told in capsys.readouterr().err
    assert not (tmp_path / "scan").exists()


def test_two_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    """Nobody could tell which of them matched."""
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(PROFILE, encoding="utf-8")
    with pytest.raises(InputError, match="another profile"):
        read_profiles(tmp_path)


def test_a_folder_without_profiles_is_refused(tmp_path: Path) -> None:
    """A folder of something else is a slip; an empty one is what a first pull leaves."""
    assert profile_paths(tmp_path) == ()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="0 profiles"):
        profile_paths(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        read_profiles(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    "pairs",
    [
        ["wizard=0.2"], ["reseller"], ["reseller=x"], ["reseller=0"], ["reseller=nan"],
        ["reseller=0.2", "reseller=0.3"], ["reseller=0.7", "distiller=0.5"],
        [f"{kind}=0.1" for kind in (
            "distiller", "reseller", "evaluation farm", "hobbyist pool", "organisation"
        )],
    ],
)  # fmt: skip
def test_priors_that_cannot_be_meant_are_told(pairs: list[str]) -> None:
    """Unknown kinds, numbers that are no probability, and sums that leave nothing."""
    with pytest.raises(ConfigError, match="--prior"):
        parse_priors(pairs)


def test_all_priors_may_be_given() -> None:
    """Where all kinds are named they sum to one."""
    assert len(
        parse_priors(
            [
                f"{kind}=0.2"
                for kind in (
                    "distiller", "reseller", "evaluation farm", "hobbyist pool", "organisation"
                )
            ]
        )
    ) == 5  # fmt: skip

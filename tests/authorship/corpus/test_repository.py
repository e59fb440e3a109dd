"""A git repository is read by file and by commit, whatever its owner put into it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from phalanx.authorship.corpus import commits_of, files_of, is_repository
from phalanx.authorship.documents import Document, Reject
from phalanx.errors import InputError

CODE = "def area(width, height):\n    return width * height\n"


def git(folder: Path, *words: str) -> None:
    """Run git as its owner would."""
    about = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
        check=True, capture_output=True, env=about,
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository of three commits."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "area.py").write_text(CODE)
    (folder / "notes.md").write_text("What this is for.\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "area.py").write_text(CODE + "\n\nSIDES = 4\n")
    (folder / "picture.png").write_bytes(bytes(20))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "second")
    (folder / 'ol\u00e9 "x".py').write_text("X = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "third")
    return folder


def _contents(found: list[Document | Reject]) -> dict[str, str]:
    return {each.document_id: each.content for each in found if isinstance(each, Document)}


def test_files_are_those_of_the_last_commit(repository: Path) -> None:
    """Files are those of the last commit."""
    (repository / "area.py").write_text("changed since\n")
    found = _contents(list(files_of(repository)))
    assert found == {
        "area.py": CODE + "\n\nSIDES = 4\n", "notes.md": "What this is for.\n",
        'ol\u00e9 "x".py': "X = 1\n",
    }  # fmt: skip


def test_a_commit_is_what_it_added(repository: Path) -> None:
    """A commit is what it added."""
    found = [each for each in commits_of(repository) if isinstance(each, Document)]
    assert [each.content for each in found[:3]] == [CODE, "What this is for.\n", "\n\nSIDES = 4\n"]
    assert found[0].group == found[1].group != found[2].group
    assert (found[0].kind, found[0].language) == ("code", "python")


def test_nothing_that_the_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    """Nothing that the repository configures is run."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o700)
    for name in (
        "core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "diff.x.command",
        "filter.x.smudge", "core.sshCommand", "core.editor",
    ):  # fmt: skip
        git(repository, "config", name, str(trap))
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")
    (tmp_path / "sprung").unlink(missing_ok=True)
    assert len(list(files_of(repository))) == 3
    assert len(list(commits_of(repository))) == 4
    assert not (tmp_path / "sprung").exists()


def test_links_and_large_files_are_not_read(repository: Path) -> None:
    """Links and large files are not read."""
    (repository / "link.py").symlink_to("/etc/passwd")
    (repository / "large.py").write_text("x = 1\n" * 300_000)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "fourth")
    found = list(files_of(repository))
    assert "link.py" not in _contents(found)
    assert [each.reason for each in found if isinstance(each, Reject)] == [
        "has more than 1,048,576 bytes"
    ]


def test_a_heading_of_a_diff_inside_a_file_makes_no_other_file(repository: Path) -> None:
    """A heading of a diff inside a file makes no other file."""
    trick = "++ b/evil.py\n-- a/evil.py\n@@ -1 +1 @@\n"
    (repository / "trick.md").write_text(trick)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "trick")
    last = list(commits_of(repository))[-1]
    assert isinstance(last, Document)
    assert last.document_id.endswith(":trick.md")
    assert last.content == trick


def test_a_folder_without_commits_is_refused(tmp_path: Path) -> None:
    """A folder without commits is refused."""
    git(tmp_path, "init", "-q")
    assert is_repository(tmp_path)
    with pytest.raises(InputError, match="git cannot read it"):
        list(files_of(tmp_path))


def test_a_folder_inside_another_repository_is_not_taken_for_it(repository: Path) -> None:
    """A folder inside another repository is not taken for it."""
    inner = repository / "inner"
    inner.mkdir()
    assert not is_repository(inner)
    with pytest.raises(InputError, match="git cannot read it"):
        list(files_of(inner))

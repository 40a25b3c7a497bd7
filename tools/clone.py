"""A clone of the course, as git sees it: where new versions come from, and what they change."""

import os
import re
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ABSENT = "0" * 40  # what git writes in place of a content where there is no file
HALF_DONE = {
    "MERGE_HEAD": "a merge: git merge --continue ends it, git merge --abort goes back",
    "rebase-merge": "a rebase: git rebase --continue ends it, git rebase --abort goes back",
    "rebase-apply": "a rebase: git rebase --continue ends it, git rebase --abort goes back",
    "CHERRY_PICK_HEAD": "a cherry-pick: git cherry-pick --continue ends it, git cherry-pick --abort goes back",
    "REVERT_HEAD": "a revert: git revert --continue ends it, git revert --abort goes back",
    "index.lock": "something: wait for it; where no git runs any more, remove the file .git/index.lock",
}
NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "The attention course"), ("EMAIL", "course@localhost"))
}


class Trouble(Exception):
    """Why there is no update, in a sentence."""


@dataclass(frozen=True)
class Change:
    """A file that differs between two commits. before, after: the names of its contents, or ABSENT."""

    path: str
    mode: str
    before: str
    after: str


class Clone:
    """A folder that git knows. Raises Trouble where it does not."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not (self.folder / ".git").exists():
            raise Trouble(
                f"{self.folder} is no git clone, so nothing can be pulled into it. Download the new version to a "
                "folder of its own, and copy into its notebooks/ what is yours: progress.json, and the notebooks that "
                "you changed, under names of their own."
            )

    def git(self, *arguments, **how):
        """What git prints, as text; ``run`` says how."""
        return os.fsdecode(self.run(*arguments, **how))

    def run(self, *arguments, given="", fits=(0,), **settings):
        """What git prints. given: what it reads; fits: how it may end; settings: of its environment.

        Raises Trouble with what git says of it.
        """
        environment = {**os.environ, "GIT_LITERAL_PATHSPECS": "1", **settings}
        try:
            ran = subprocess.run(
                ["git", *arguments], cwd=self.folder, input=os.fsencode(given), capture_output=True, env=environment
            )
        except FileNotFoundError:
            raise Trouble("git is not here, and a clone needs it: https://git-scm.com has it.") from None
        if ran.returncode not in fits:
            said = ran.stderr.decode(errors="replace").strip().split("\n")[0]
            raise Trouble(f"git {arguments[0]} says: {re.sub('^(fatal|error): ', '', said) or ran.returncode}")
        return ran.stdout

    def name(self, commit):
        """The full name of a commit, or "" where there is none."""
        return self.git("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}", fits=(0, 1)).strip()

    def must_be_at_rest(self):
        """Raises Trouble while git is in the middle of something, or files hold two versions at once."""
        asked = [part for file in HALF_DONE for part in ("--git-path", file)]
        for place, how in zip(self.git("rev-parse", *asked).splitlines(), HALF_DONE.values()):
            if (self.folder / place).exists():
                raise Trouble(f"git is in the middle of {how}.")
        entries = self.git("ls-files", "--unmerged", "-z").split("\0")[:-1]
        if torn := sorted({entry.partition("\t")[2] for entry in entries}):
            raise Trouble(
                f"{', '.join(torn)}: here git holds two versions at once. git checkout --ours FILE takes the one, "
                "--theirs the other, and git add FILE settles it."
            )

    def fetch(self):
        """Get the newest version of the branch that this one follows, or of the remote's main one: its commit, and the
        address that it came from.
        """
        branch = self.git("symbolic-ref", "--quiet", "HEAD", fits=(0, 1)).strip()
        followed = "--format=%(upstream:remotename) %(upstream:remoteref)"
        remote, _, there = self.git("for-each-ref", followed, branch).strip().partition(" ") if branch else ("", "", "")
        if not there or remote == ".":  # a branch of one's own, a detached HEAD
            remote, there = "origin", "HEAD"
        if remote not in self.git("remote").split():
            raise Trouble(
                "this clone does not know where new versions come from. git remote add origin ADDRESS tells it; the "
                "address stands in the README."
            )
        self.git("fetch", "--quiet", remote, there)
        address = self.git("remote", "get-url", remote).strip()
        return self.name("FETCH_HEAD"), re.sub("//[^/@]*@", "//", address)  # without a password in it

    def base(self, one, other):
        """The last commit that two have in common, or ""."""
        return self.git("merge-base", one, other, fits=(0, 1)).strip()

    def changes(self, before, after):
        """The files that differ between two commits."""
        parts = self.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, after).split("\0")
        facts = [part.split() for part in parts[:-1:2]]
        return [Change(path, mode, old, new) for (_, mode, old, new, _), path in zip(facts, parts[1::2])]

    def contents_here(self, paths):
        """Path to the name of its content, of those files that are here, with the line ends that git stores."""
        there = [path for path in paths if (self.folder / path).is_file()]
        return dict(zip(there, self.git("hash-object", "--stdin-paths", given="\n".join(there)).split()))

    def contents_staged(self):
        """Path to the name of its content, of all that is in the index."""
        return read_entries(self.git("ls-files", "--stage", "-z"), 1)

    def contents_of(self, commit):
        """Path to the name of its content, of all that is in a commit."""
        return read_entries(self.git("ls-tree", "-r", "-z", commit), 2)

    def content(self, name):
        """The bytes that git keeps under this name."""
        return self.run("cat-file", "blob", name)

    def take(self, changes):
        """Put the later version of these files into the index and into the folder. A file that goes is removed from
        the folder only where it is as it came.
        """
        here = self.contents_here([change.path for change in changes if change.after == ABSENT])
        self.git("update-index", "-z", "--index-info", given=entries_of(changes))
        there = [f"{change.path}\0" for change in changes if change.after != ABSENT]
        self.git("checkout-index", "--force", "--index", "-z", "--stdin", given="".join(there))
        for change in changes:
            if change.after == ABSENT and here.get(change.path) == change.before:
                (self.folder / change.path).unlink()
                with suppress(OSError):  # others still live there
                    os.removedirs((self.folder / change.path).parent)

    def join(self, own, new, changes):
        """A commit after both: the files of one's own, with these changes."""
        with tempfile.TemporaryDirectory() as elsewhere:
            index = {"GIT_INDEX_FILE": str(Path(elsewhere, "index"))}
            self.git("read-tree", own, **index)
            self.git("update-index", "-z", "--index-info", given=entries_of(changes), **index)
            tree = self.git("write-tree", **index).strip()
        who = {} if self.git("var", "GIT_COMMITTER_IDENT", fits=(0, 128)) else NOBODY
        parents = ["-p", own, "-p", new]
        return self.git("commit-tree", tree, *parents, "-m", "The new version of the course", **who).strip()

    def move(self, commit, since):
        """Let the branch, or a detached HEAD, stand at a commit. since: where it stood."""
        self.git("update-ref", "-m", "make update", "HEAD", commit, since)


def read_entries(listing, place):
    """Path to content, of git's lines of facts, a tab and a path. place: which of the facts is the content."""
    entries = [entry.partition("\t") for entry in listing.split("\0")[:-1]]
    return {path: facts.split()[place] for facts, _, path in entries}


def entries_of(changes):
    """The later version of these files, as git's index takes it."""
    lines = [(change.mode if change.after != ABSENT else "0", change.after, change.path) for change in changes]
    return "".join(f"{mode} {content}\t{path}\0" for mode, content, path in sorted(lines))  # what goes makes room first

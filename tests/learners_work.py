"""What learners do to their copy of a course, and where git may be when they ask for the new version."""

import json
import shutil
import subprocess

from tools.notebooks import REPO

FIVE, MINE = "notebooks/05_head.ipynb", "notebooks/05_head.mine.ipynb"
HELPER, NEW, OLD = "helpers/heads.py", "notebooks/06_scale.ipynb", "notebooks/04_old.ipynb"


def notebook(*sources, output=""):
    cells = [{"cell_type": "code", "source": [source], "outputs": [output] * bool(output)} for source in sources]
    return json.dumps({"cells": cells}, indent=1) + "\n"


FIRST = {
    ".gitignore": (REPO / ".gitignore").read_text(encoding="utf-8"),
    "README.md": "The course\n",
    HELPER: "def head():\n    pass\n",
    "notebooks/01_tokens.ipynb": notebook("tokens"),
    "notebooks/02_mean.ipynb": notebook("mean"),
    OLD: notebook("old"),
    FIVE: notebook("query", "key"),
}
SECOND = FIRST | {
    HELPER: "def head(x):\n    return x\n",
    "notebooks/02_mean.ipynb": notebook("a better mean"),
    FIVE: notebook("query", "key", "value"),
    NEW: notebook("scale"),
}
del SECOND[OLD]


def git(folder, *arguments, ends=(0,)):
    somebody = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    ran = subprocess.run(["git", *somebody, *arguments], cwd=folder, capture_output=True, text=True)
    assert ran.returncode in ends, ran.stderr
    return ran.stdout


def commit(folder, message="mine"):
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "-m", message)


def write(folder, path, text):
    (folder / path).parent.mkdir(exist_ok=True, parents=True)
    (folder / path).write_text(text, encoding="utf-8", newline="\n")


# -- what a learner may have done since -------------------------------------------------------------
# Each returns what the update says of it: the copies that it keeps, what is back, and what the new version has no more.


def nothing(folder):
    return {}


def edited(folder):
    write(folder, FIVE, notebook("query", "key", "my value"))
    return {"kept": {FIVE: [MINE]}}


def only_run(folder):
    write(folder, FIVE, notebook("query", "key", output="42"))
    return {"kept": {FIVE: [MINE]}, "only_run": {FIVE}}


def edited_what_is_not_new(folder):
    write(folder, "notebooks/01_tokens.ipynb", notebook("my tokens"))
    write(folder, "README.md", "My course\n")
    return {}


def already_the_new_one(folder):
    write(folder, FIVE, SECOND[FIVE])
    return {}


def staged(folder):
    edited(folder)
    git(folder, "add", "--all")
    return {"kept": {FIVE: [MINE]}}


def staged_and_edited_again(folder):
    staged(folder)
    write(folder, FIVE, notebook("query", "my other key", "my value"))
    return {"kept": {FIVE: [MINE, "notebooks/05_head.mine-2.ipynb"]}}


def staged_and_deleted(folder):
    staged(folder)
    (folder / FIVE).unlink()
    return {"kept": {FIVE: [MINE]}, "back": [FIVE]}


def committed(folder):
    edited(folder)
    commit(folder)
    return {"kept": {FIVE: [MINE]}}


def committed_and_edited_again(folder):
    committed(folder)
    write(folder, FIVE, notebook("query", "my other key", "my value"))
    return {"kept": {FIVE: [MINE]}}


def committed_often_and_what_is_not_new(folder):
    for turn in range(3):
        write(folder, "notebooks/01_tokens.ipynb", notebook(f"my tokens {turn}"))
        write(folder, "notebooks/mine.ipynb", notebook(f"my own {turn}"))
        commit(folder, f"mine {turn}")
    return {}


def deleted(folder):
    (folder / FIVE).unlink()
    (folder / "notebooks/01_tokens.ipynb").unlink()
    return {"back": [FIVE]}


def deleted_and_committed(folder):
    deleted(folder)
    commit(folder)
    return {"back": [FIVE]}


def deleted_with_its_folder(folder):
    shutil.rmtree(folder / "helpers")
    return {"back": [HELPER]}


def renamed(folder):
    edited(folder)
    (folder / FIVE).rename(folder / "notebooks/my own héad.ipynb")
    return {"back": [FIVE]}


def renamed_and_committed(folder):
    renamed(folder)
    commit(folder)
    return {"back": [FIVE]}


def own_files_beside_it(folder):
    write(folder, "notebooks/05_my_head.ipynb", notebook("mine"))
    write(folder, "notebooks/progress.json", '{"solved": ["mean"]}')
    write(folder, "notebooks/data/own.csv", "1, 2\n")
    return {}


def kept_before(folder):
    write(folder, MINE, notebook("my first key"))
    edited(folder)
    return {"kept": {FIVE: ["notebooks/05_head.mine-2.ipynb"]}}


def own_file_of_a_new_name(folder):
    write(folder, NEW, notebook("my own scale"))
    return {"kept": {NEW: ["notebooks/06_scale.mine.ipynb"]}}


def own_file_of_a_new_name_committed(folder):
    own_file_of_a_new_name(folder)
    commit(folder)
    return {"kept": {NEW: ["notebooks/06_scale.mine.ipynb"]}}


def edited_helpers(folder):
    write(folder, HELPER, "def head():\n    print('mine')\n")
    return {"kept": {HELPER: ["helpers/heads.py.mine"]}}


def edited_what_the_new_version_deletes(folder):
    write(folder, OLD, notebook("my old one"))
    return {"gone": [OLD]}


def edited_and_committed_what_the_new_version_deletes(folder):
    edited_what_the_new_version_deletes(folder)
    commit(folder)
    return {"gone": [OLD]}


def open_in_jupyterlab(folder):
    write(folder, "notebooks/.ipynb_checkpoints/05_head-checkpoint.ipynb", notebook("query", "my checkpoint"))
    write(folder, "notebooks/.~05_head.ipynb", notebook("query", "what was there while it is saved"))
    return edited(folder)


def broken_by_a_pull_of_old(folder):
    write(folder, FIVE, "<<<<<<< Updated\n=======\n>>>>>>> Stashed\n")
    return {"kept": {FIVE: [MINE]}}


def on_a_detached_head(folder):
    git(folder, "checkout", "--quiet", "--detach")
    return edited(folder)


def committed_on_a_branch_of_ones_own(folder):
    git(folder, "checkout", "--quiet", "-b", "mine")
    return committed(folder)


def elsewhere_by_a_link(folder):
    (folder / "cloud.ipynb").write_text(notebook("query", "my cloud"))
    (folder / FIVE).unlink()
    (folder / FIVE).symlink_to(folder / "cloud.ipynb")
    return {"kept": {FIVE: [MINE]}}


CASES = [
    *[nothing, edited, only_run, edited_what_is_not_new, already_the_new_one, staged, staged_and_edited_again],
    *[staged_and_deleted, committed, committed_and_edited_again, committed_often_and_what_is_not_new, deleted],
    *[deleted_and_committed, deleted_with_its_folder, renamed, renamed_and_committed, own_files_beside_it, kept_before],
    *[own_file_of_a_new_name, own_file_of_a_new_name_committed, edited_helpers, edited_what_the_new_version_deletes],
    *[edited_and_committed_what_the_new_version_deletes, open_in_jupyterlab, broken_by_a_pull_of_old],
    *[on_a_detached_head, committed_on_a_branch_of_ones_own, elsewhere_by_a_link],
]


# -- where there is no update -----------------------------------------------------------------------
# Each returns the sentence that says why there is no update.


def in_a_merge(folder):
    committed(folder)
    git(folder, "fetch", "--quiet")
    git(folder, "merge", "origin/main", ends=(1,))
    return "git is in the middle of a merge: git merge --continue"


def after_a_stash(folder):
    edited(folder)
    git(folder, "stash")
    git(folder, "pull", "--quiet")
    git(folder, "stash", "pop", ends=(1,))
    return "05_head.ipynb: here git holds two versions at once. git checkout --ours FILE"


def in_a_rebase(folder):
    committed(folder)
    git(folder, "fetch", "--quiet")
    git(folder, "rebase", "origin/main", ends=(1,))
    return "git is in the middle of a rebase: git rebase --continue ends it"


def while_git_works(folder):
    write(folder, ".git/index.lock", "")
    return "git is in the middle of something: wait for it"


def without_a_remote(folder):
    git(folder, "remote", "remove", "origin")
    return "this clone does not know where new versions come from. git remote add origin"


def without_a_network(folder):
    git(folder, "remote", "set-url", "origin", (folder / "nowhere").as_uri())
    return "git fetch says: .*nowhere"


def as_a_zip(folder):
    shutil.rmtree(folder / ".git")
    edited(folder)
    return "course is no git clone, so nothing can be pulled into it. Download the new version to a folder of its own"


def a_folder_in_the_way(folder):
    write(folder, f"{NEW}/mine.txt", "mine")
    return "06_scale.ipynb is in the way of notebooks/06_scale.ipynb. Give it another name"


def notebooks_by_a_link(folder):
    (folder / "notebooks").rename(folder / "cloud")
    (folder / "notebooks").symlink_to(folder / "cloud")
    return "notebooks is in the way of notebooks/02_mean.ipynb"


NO_UPDATE = [
    *[in_a_merge, after_a_stash, in_a_rebase, while_git_works, without_a_remote, without_a_network, as_a_zip],
    *[a_folder_in_the_way, notebooks_by_a_link],
]

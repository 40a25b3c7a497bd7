"""What learners do to the files of a course, and where git may be when they ask for the new version."""

import json
import shutil
import subprocess

from tools.notebooks import REPO


def git(folder, *arguments, ends=(0,)):
    somebody = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    ran = subprocess.run(["git", *somebody, *arguments], cwd=folder, capture_output=True, text=True)
    assert ran.returncode in ends, ran.stderr
    return ran.stdout


def commit(folder, path="."):
    """Commit this path alone; what else is staged stays so."""
    git(folder, "add", "--force", path)
    git(folder, "commit", "--quiet", "-m", "mine", "--", path)


def write(folder, path, text):
    (folder / path).parent.mkdir(exist_ok=True, parents=True)
    (folder / path).write_text(text, encoding="utf-8", newline="\n")


def notebook(path, *sources, output=""):
    """The text of a notebook, which no other notebook has."""
    outputs = [output] * bool(output)
    cells = [{"cell_type": "code", "source": [source], "outputs": outputs} for source in (path, *sources)]
    return json.dumps({"cells": cells}, indent=1) + "\n"


def course(folder):
    """Publish a course in a folder, in its first version: a file for each thing that a learner may do."""
    git(folder.parent, "init", "--quiet", "--initial-branch=main", folder.name)
    for path, text in FIRST.items():
        write(folder, path, text)
    commit(folder)


def new_version(folder):
    """Publish its second version."""
    for path in FIRST.keys() - SECOND.keys():
        (folder / path).unlink()
    for path, text in SECOND.items():
        write(folder, path, text)
    commit(folder)


# -- what a learner may have done to a file -----------------------------------------------------------
# Each returns what the update says of it: under which name it keeps a copy, and what else there is to say.


def untouched(folder, path):
    return ""


def untouched_and_not_new(folder, path):
    return ""


def untouched_and_gone(folder, path):
    return ""


def edited(folder, path):
    write(folder, path, notebook(path, "query", "key", "my value"))
    return "mine"


def only_run(folder, path):
    write(folder, path, notebook(path, "query", "key", output="42"))
    return "mine, only run"


def edited_and_not_new(folder, path):
    edited(folder, path)
    return ""


def edited_to_what_is_new(folder, path):
    write(folder, path, SECOND[path])
    return ""


def edited_and_gone(folder, path):
    edited(folder, path)
    return "stays"


def edited_twice_over(folder, path):
    """Once before an earlier update."""
    write(folder, path.replace(".ipynb", ".mine.ipynb"), notebook(path, "my first value"))
    edited(folder, path)
    return "mine-2"


def edited_helper(folder, path):
    write(folder, path, "def head():\n    print('mine')\n")
    return "mine"


def edited_while_open_in_jupyterlab(folder, path):
    name = path.removeprefix("notebooks/")
    write(folder, f"notebooks/.ipynb_checkpoints/{name}", notebook(path, "query", "my checkpoint"))
    write(folder, f"notebooks/.~{name}", notebook(path, "query", "what was there while it is saved"))
    return edited(folder, path)


def torn_by_an_earlier_pull(folder, path):
    write(folder, path, "<<<<<<< Updated\n=======\n>>>>>>> Stashed\n")
    return "mine"


def elsewhere_by_a_link(folder, path):
    write(folder, "notebooks/cloud.ipynb", notebook(path, "query", "my cloud"))
    (folder / path).unlink()
    (folder / path).symlink_to(folder / "notebooks/cloud.ipynb")
    return "mine"


def own_file_of_a_new_name(folder, path):
    return edited(folder, path)


def own_files_beside_it(folder, path):
    write(folder, path.replace(".ipynb", "_of_mine.ipynb"), notebook(path, "mine"))
    write(folder, "notebooks/progress.json", '{"solved": ["mean"]}')
    write(folder, "notebooks/data/own.csv", "1, 2\n")
    return ""


def staged(folder, path):
    edited(folder, path)
    git(folder, "add", path)
    return "mine"


def staged_and_edited_again(folder, path):
    staged(folder, path)
    write(folder, path, notebook(path, "query", "my other key", "my value"))
    return "mine, mine-2"


def staged_and_deleted(folder, path):
    write(folder, path, notebook(path, "query", "my staged value"))
    git(folder, "add", path)
    (folder / path).unlink()
    return "mine, back"


def deleted(folder, path):
    (folder / path).unlink()
    return "back"


def deleted_and_not_new(folder, path):
    (folder / path).unlink()
    return ""


def deleted_with_its_folder(folder, path):
    shutil.rmtree((folder / path).parent)
    return "back"


def renamed(folder, path):
    edited(folder, path)
    (folder / path).rename(folder / "notebooks/my own héad.ipynb")
    return "back"


def committed(folder, path):
    edited(folder, path)
    commit(folder, path)
    return "mine"


def committed_and_not_new(folder, path):
    committed(folder, path)
    return ""


def committed_and_gone(folder, path):
    committed(folder, path)
    return "stays"


def committed_and_edited_again(folder, path):
    committed(folder, path)
    write(folder, path, notebook(path, "query", "my last key"))
    return "mine"


def committed_under_a_new_name(folder, path):
    return committed(folder, path)


def deleted_and_committed(folder, path):
    deleted(folder, path)
    commit(folder, path)
    return "back"


def renamed_and_committed(folder, path):
    git(folder, "mv", path, "notebooks/mine.ipynb")
    git(folder, "commit", "--quiet", "-m", "mine", "--", path, "notebooks/mine.ipynb")
    return "back"


UNCOMMITTED = [
    *[untouched, untouched_and_not_new, untouched_and_gone, edited, only_run, edited_and_not_new, edited_and_gone],
    *[edited_to_what_is_new, edited_twice_over, edited_helper, edited_while_open_in_jupyterlab],
    *[torn_by_an_earlier_pull, elsewhere_by_a_link, own_file_of_a_new_name, own_files_beside_it, staged],
    *[staged_and_edited_again, staged_and_deleted, deleted, deleted_and_not_new, deleted_with_its_folder, renamed],
]
COMMITTED = [
    *[committed, committed_and_not_new, committed_and_gone, committed_and_edited_again, committed_under_a_new_name],
    *[deleted_and_committed, renamed_and_committed],
]
PLACES = {edited_helper: "helpers/heads.py", deleted_with_its_folder: "helpers/room/masks.py"}


def path_of(act):
    """The file that is there for this."""
    return PLACES.get(act, f"notebooks/{act.__name__}.ipynb")


def versions():
    """The two versions of the course: path to content. What the names of the acts say is not new, gone, or new."""
    first = {".gitignore": (REPO / ".gitignore").read_text(encoding="utf-8"), "README.md": "The course\n"}
    second = dict(first)
    for act in UNCOMMITTED + COMMITTED:
        path, is_not_new = path_of(act), act.__name__.endswith("not_new")
        if "new_name" not in act.__name__:
            first[path] = notebook(path, "query", "key")
        if not act.__name__.endswith("gone"):
            second[path] = notebook(path, "query", "key", *["value"] * (not is_not_new))
    return first, second


FIRST, SECOND = versions()


# -- where there is no update -------------------------------------------------------------------------
# Each returns the sentence that says why.


def edit_and_commit(folder):
    return committed(folder, path_of(edited))


def in_a_merge(folder):
    edit_and_commit(folder)
    git(folder, "fetch", "--quiet")
    git(folder, "merge", "origin/main", ends=(1,))
    return "git is in the middle of a merge: git merge --continue"


def in_a_rebase(folder):
    edit_and_commit(folder)
    git(folder, "fetch", "--quiet")
    git(folder, "rebase", "origin/main", ends=(1,))
    return "git is in the middle of a rebase: git rebase --continue ends it"


def after_a_stash(folder):
    edited(folder, path_of(edited))
    git(folder, "stash")
    git(folder, "pull", "--quiet")
    git(folder, "stash", "pop", ends=(1,))
    return "edited.ipynb: here git holds two versions at once. git checkout --ours FILE"


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
    return "course is no git clone, so nothing can be pulled into it. Download the new version to a folder of its own"


def a_folder_in_the_way(folder):
    write(folder, f"{path_of(own_file_of_a_new_name)}/mine.txt", "mine")
    return "new_name.ipynb is in the way of notebooks/own_file_of_a_new_name.ipynb. Give it another name"


def notebooks_by_a_link(folder):
    (folder / "notebooks").rename(folder / "cloud")
    (folder / "notebooks").symlink_to(folder / "cloud")
    return "notebooks is in the way of notebooks/"


NO_UPDATE = [
    *[in_a_merge, in_a_rebase, after_a_stash, while_git_works, without_a_remote, without_a_network, as_a_zip],
    *[a_folder_in_the_way, notebooks_by_a_link],
]

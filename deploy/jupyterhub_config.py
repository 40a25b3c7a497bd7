"""The hub of a class on one machine. README.md beside it says how to install it.

A learner is a user of the system, and the server of each runs as that user. The environment belongs to root: all share
it, and none can write it. Teachers can read what a learner has solved, if that learner agreed, and nothing else.
"""

import os
import shutil
import sys
from pathlib import Path

from jupyterhub.spawner import Spawner
from tornado.web import HTTPError

HERE = Path(__file__).parent
TEACHERS = os.environ.get("ATTENTION_COURSE_TEACHERS", "teachers")  # a group of the system
CLASS = Path(
    os.environ.get("ATTENTION_COURSE_CLASS", "/srv/attention-course/class")
)  # ada/progress.json, if she agreed
KERNELS = os.environ.get("ATTENTION_COURSE_KERNELS", "/run/attention-course/kernels")  # the door of warm_kernels.py
MEMORY, PROCESSORS = "2G", 1.0  # of one learner, at most: of the server and all kernels together
IDLE = 2 * 3600  # seconds, after which a kernel ends, and then a server without kernels

QUESTION = """
<label>
  <input type="checkbox" name="agreed" value="yes" {checked}>
  My teacher may see which exercises I have solved.
</label>
<p>Nothing else can be seen, and nothing leaves this machine. You are asked at each start; the last answer counts.</p>
"""


def question(spawner):
    """What a learner is asked before a server starts; the last answer is there again, and the first is no."""
    return QUESTION.format(checked="checked" if (spawner.orm_spawner.user_options or {}).get("agreed") else "")


def answer(form):
    """What was said."""
    return {"agreed": "agreed" in form}


def ask_anyway(spawner, query):
    """A link may not say yes for whoever follows it: the hub shows the form, and this."""
    raise HTTPError(400, "A link cannot answer this for you")


def shown(spawner):
    """Where the progress of a learner is kept who agreed, or nothing."""
    return str(CLASS / spawner.user.name) if spawner.user_options.get("agreed") else ""


def make_room(spawner, options):
    """A folder that is the learner's, and that the teachers can read; what else lies beside it only they can see."""
    if folder := shown(spawner):
        for path, owner, mode in ((CLASS, os.geteuid(), 0o751), (folder, spawner.user.name, 0o2750)):
            os.makedirs(path, mode=0o700, exist_ok=True)
            shutil.chown(path, owner, TEACHERS)
            os.chmod(path, mode)


Spawner.options_from_query = ask_anyway  # a method: there is no setting for it

c = get_config()  # noqa: F821

c.Spawner.options_form = question
c.Spawner.options_from_form = answer
c.Spawner.apply_user_options = make_room

c.Spawner.environment = {
    "ATTENTION_COURSE_SHOWN": shown,
    "ATTENTION_COURSE_KERNELS": KERNELS,
    "JUPYTER_PATH": str(HERE / "jupyter"),
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
c.Spawner.cmd = [sys.executable, str(HERE / "learner.py")]
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    "--MappingKernelManager.cull_connected=True",
    f"--ServerApp.shutdown_no_activity_timeout={IDLE}",
    "--KernelManager.transport=ipc",  # a port could be listened to by any other learner
]
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # seconds: a whole class comes in the same minute
c.Spawner.mem_limit = MEMORY
c.Spawner.cpu_limit = PROCESSORS

c.JupyterHub.spawner_class = "systemdspawner.SystemdSpawner"
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True
c.SystemdSpawner.unit_extra_properties = {"ProtectSystem": "strict", "ProtectProc": "invisible", "TasksMax": "256"}
c.SystemdSpawner.readwrite_paths = ["/home/{USERNAME}", f"-{CLASS}/{{USERNAME}}"]

c.ConfigurableHTTPProxy.command = [str(Path(sys.executable).with_name("configurable-http-proxy"))]
c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # a web server in front of it has the certificate
c.JupyterHub.cleanup_servers = False  # learners work on while the hub starts again
c.PAMAuthenticator.allowed_groups = {"learners"}

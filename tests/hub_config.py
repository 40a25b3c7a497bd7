"""The hub of deploy/, for people whom the system does not know. Who logs in is believed; servers show no page."""

import grp
import os
import pwd
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.hub import FIRST_USER, IS_ROOT, TEACHERS

FOLDER, PEOPLE = Path(os.environ["HUB_FOLDER"]), os.environ["HUB_PEOPLE"].split()
PUBLIC, WITHIN, PROXY = (f"http://127.0.0.1:{port}" for port in os.environ["HUB_PORTS"].split())


def user(name):
    """What the system says of a user: as root each is another one, else all are the one who runs the tests."""
    number, group = (FIRST_USER + PEOPLE.index(name),) * 2 if IS_ROOT else (os.getuid(), os.getgid())
    return pwd.struct_passwd((name, "", number, group, "", str(FOLDER / name), "/bin/sh"))


pwd.getpwnam = user
grp.getgrnam = lambda name: grp.struct_group((name, "", TEACHERS if IS_ROOT else os.getgid(), []))
os.getgrouplist = lambda name, group: [group] if IS_ROOT else os.getgroups()

(FOLDER / "tmp").mkdir()
os.chmod(FOLDER / "tmp", 0o1777)
for name in PEOPLE:
    (FOLDER / name).mkdir(exist_ok=True)
    for path in [FOLDER / name, *(FOLDER / name).rglob("*")]:
        os.chown(path, user(name).pw_uid, user(name).pw_gid)

load_subconfig(str(Path(__file__).parent.parent / "deploy" / "jupyterhub_config.py"))  # noqa: F821
c = get_config()  # noqa: F821
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "localprocess"
c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url = PUBLIC, WITHIN, PROXY
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cleanup_servers = True
c.LocalProcessSpawner.interrupt_timeout = c.LocalProcessSpawner.term_timeout = 2
c.Spawner.environment["TMPDIR"] = str(FOLDER / "tmp")
c.Spawner.default_url = ""
c.Spawner.args = [
    *c.Spawner.args,
    *(f"--ServerApp.jpserver_extensions={name}=False" for name in os.environ["HUB_WITHOUT"].split()),
]

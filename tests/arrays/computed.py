"""What frazil computes of files, by the program that is made for that."""

import json
import subprocess

import numpy
from conftest import COMPUTED


def started(job, **how):
    """The program, done."""
    return subprocess.run([COMPUTED, json.dumps(job)], capture_output=True, text=True, timeout=600, **how)


def computed(files, variable, measure, over=(), **more):
    """A statistic: the numbers in their shape, and all that was told."""
    job = {"files": [str(file) for file in files], "variable": variable, "measure": measure, "over": list(over), **more}
    return told(job)


def told(job):
    done = started(job)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    return numpy.array(line["values"], "f8").reshape(line["shape"]), line


def written(files, variable, **more):
    """Elements, into stores and files."""
    done = started({"files": [str(file) for file in files], "variable": variable, **more})
    assert done.returncode == 0, done.stderr


def refused(job, **how):
    """What the program says that does not do a job."""
    done = started(job, **how)
    assert done.returncode != 0, done.stdout
    assert "panicked" not in done.stderr, done.stderr
    return done.stderr

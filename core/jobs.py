"""Work that outlives a click: stored with the change that causes it, run by a worker, resumed where it stood.

A job is a row. ``enqueue`` adds it in the caller's transaction, so it exists exactly if the change does. A worker
claims a row with a lease, looks up what its owner may do now, runs the function registered under its name and marks it
done. A long job commits a checkpoint together with the rows it wrote; when its worker dies, another one goes on from
there. What happens between two checkpoints may happen twice, so job functions must be safe to repeat.
"""

from core.job_queueing import (
    JOBS_PER_PERSON_MAX,
    OwnerRefused,
    ask_to_cancel,
    enqueue,
    job,
    locked_job,
    permitted_owner,
    register_owner_lookup,
    registered_job,
    registered_names,
    retry,
)
from core.job_rows import QUICK_WEIGHT_MAX, STATUS_LABELS, Job, JobStatus, system_actor
from core.job_schedule import Recurring, enqueue_recurring, release_dead_workers, work
from core.job_worker import JobCancelled, JobRun, LeaseLost, run_next, worker_name

__all__ = [
    "JOBS_PER_PERSON_MAX",
    "QUICK_WEIGHT_MAX",
    "STATUS_LABELS",
    "Job",
    "JobCancelled",
    "JobRun",
    "JobStatus",
    "LeaseLost",
    "OwnerRefused",
    "Recurring",
    "ask_to_cancel",
    "enqueue",
    "enqueue_recurring",
    "job",
    "locked_job",
    "permitted_owner",
    "register_owner_lookup",
    "registered_job",
    "registered_names",
    "release_dead_workers",
    "retry",
    "run_next",
    "system_actor",
    "work",
    "worker_name",
]

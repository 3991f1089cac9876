"""Work that outlives a click: stored with the change that causes it, run by a worker, resumed where it stood.

A job is a row. ``queueing.enqueue`` adds it in the caller's transaction, so it exists exactly if the change does. A
worker claims a row with a lease, looks up what its owner may do now, runs the function registered under its name and
marks it done. A long job commits a checkpoint together with the rows it wrote; when its worker dies, another one goes
on from there. What happens between two checkpoints may happen twice, so job functions must be safe to repeat.
"""

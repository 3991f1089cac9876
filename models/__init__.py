"""Tables and their invariants. Importing this package maps every table, those of ``core`` included."""

from importlib import import_module
from pkgutil import walk_packages

import core.events.log
import core.events.seals
import core.files.contents
import core.jobs.clock_guard
import core.jobs.rows

for _module in walk_packages(__path__, f"{__name__}."):
    import_module(_module.name)

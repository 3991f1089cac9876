"""What is stored and always true. Importing this package maps every table, those of ``core`` included."""

import core.events.log
import core.events.seals
import core.files.contents
import core.jobs.clock_guard
import core.jobs.rows
import models.affiliation_requests
import models.applications
import models.approvals
import models.credit
import models.customers
import models.idempotency
import models.imports
import models.invites
import models.number_series
import models.orders
import models.organisation
import models.partners
import models.prices
import models.products
import models.received_contents
import models.sessions
import models.stores
import models.tokens
import models.users

"""Tables and their invariants. Importing this package maps every table, those of ``core`` included."""

import core.events.log
import core.events.seals
import core.files.contents
import core.jobs.clock_guard
import core.jobs.rows
import models.accounts.departments
import models.accounts.sessions
import models.accounts.tokens
import models.accounts.users
import models.approvals
import models.customers
import models.idempotency
import models.imports
import models.money.credit
import models.number_series
import models.orders
import models.partners.affiliation_requests
import models.partners.applications
import models.partners.invites
import models.partners.partners
import models.prices
import models.products
import models.received_contents
import models.stores

"""Looking up addresses of stores: the network is asked outside of every transaction."""

from core.database.sessions import reading, unit_of_work
from core.i18n import N_
from core.jobs.queueing import job
from core.jobs.worker import JobRun
from core.permissions import Permission
from integrations.geocoding.search import find_candidates
from services.geocoding import JOB, PositionProposal, address_to_look_up, propose_positions


@job(JOB, label=N_("Position of a store by its address"), needs=Permission.STORE_EDIT)
def find_position(run: JobRun, store: str) -> None:
    """Propose positions for a store by its address. Safe to repeat: what is proposed already is not proposed again."""
    with reading(run.actor) as session:
        address = address_to_look_up(session, store)
    found = [
        PositionProposal(one.latitude, one.longitude, one.datum.value, one.provider, one.accuracy_m)
        for one in find_candidates(address)
    ]
    with unit_of_work(run.actor) as session:
        propose_positions(session, store, found)

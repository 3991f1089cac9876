"""The audit log: ``log`` records what happened in the transaction of the change, ``seals`` chains the events by hash,
``anchors`` keeps a signed end of the chain outside the database.
"""

"""Credit of buyers: limits, holds and releases, in whole cents, under the lock of the buyer."""

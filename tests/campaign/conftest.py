"""What campaigns that open pages need."""

from tests.support.browsing import brand, browser

__all__ = ["brand", "browser"]

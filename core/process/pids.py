"""Processes of this machine."""

import ctypes
import os
import sys
from typing import Any

QUERY_LIMITED_INFORMATION = 0x1000  # rights and codes as the Windows API names them
STILL_ACTIVE = 259
ACCESS_DENIED = 5


def is_alive(process_id: int) -> bool:
    """Return whether a process of this machine runs; True where that cannot be known.

    On Windows ``os.kill(pid, 0)`` is Ctrl+C, so the exit code is queried instead.
    """
    if sys.platform == "win32":
        return _is_alive_on_windows(ctypes.windll.kernel32, process_id)
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_alive_on_windows(kernel32: Any, process_id: int) -> bool:
    handle = kernel32.OpenProcess(QUERY_LIMITED_INFORMATION, False, process_id)
    if not handle:
        return bool(kernel32.GetLastError() == ACCESS_DENIED)
    try:
        code = ctypes.c_ulong()
        return not kernel32.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value == STILL_ACTIVE
    finally:
        kernel32.CloseHandle(handle)

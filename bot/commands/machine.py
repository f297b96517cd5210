"""What speed depends on: cores, processor, torch and load of this machine."""

import importlib.metadata
import os
import platform
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CPU_TABLE = Path("/proc/cpuinfo")


def usable_cores() -> int:
    """Number of cores this process may use; in a container often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's own name if the system tells, else its kind."""
    if _CPU_TABLE.exists():
        for line in _CPU_TABLE.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def torch_version() -> str:
    """The installed version, without importing torch, which takes seconds."""
    return importlib.metadata.version("torch")


def load_average() -> float:
    """Processes that wanted a core in the last minute, on average; 0 where the system does not count them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0

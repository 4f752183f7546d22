"""SQL Server views as SQLite tables: loads ordersync into a connection.

    import sqlite3, ordersync

    conn = sqlite3.connect("orders.db")
    conn.enable_load_extension(True)
    ordersync.load(conn)
"""
import ctypes
import os

__version__ = "@VERSION@"
__all__ = ["load", "loadable_path"]

_PACKAGES = "libgnutls30 libinih1 libnettle8 libhogweed6 libgmp10"


def loadable_path() -> str:
    """The path of the library, without .so, which SQLite adds: it reports on
    the last name that it tried, and that one is then the real file's."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "ordersync")


def load(conn) -> None:
    """Loads ordersync into a connection of sqlite3 or apsw that has extensions
    enabled. Raises what the connection raises, or OSError where the library
    itself cannot be loaded."""
    if not hasattr(conn, "enable_load_extension") and \
            not hasattr(conn, "enableloadextension"):
        raise NotImplementedError(
            "this Python's sqlite3 was built without loadable extensions: use "
            "the system's /usr/bin/python3, or apsw")
    try:
        ctypes.CDLL(loadable_path() + ".so")
    except OSError as e:
        raise OSError("ordersync cannot be loaded: %s (%s)" % (e, _hint(str(e)))) \
            from e
    if hasattr(conn, "loadextension"):
        conn.loadextension(loadable_path())
    else:
        conn.load_extension(loadable_path())


def _hint(text: str) -> str:
    if "GLIBC_" in text:
        return "it was built for a newer system: build the wheel on this one"
    return "a library that it needs is not here: apt-get install " + _PACKAGES

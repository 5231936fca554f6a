"""The paths of the API, built once in a process, since that takes a second."""

from functools import cache

from fastapi import FastAPI

from console.api.application import paths, serve

_paths = cache(paths)


def serving(desk=None) -> FastAPI:
    """The API of this desk, until that of another one is asked for."""
    serve(_paths(), desk)
    return _paths()

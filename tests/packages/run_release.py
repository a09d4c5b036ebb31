"""Checks modules of an installed release, in a process of its own; prints JSON.

Reads {"folders", "stubs", "setup", "where"} from standard input. The setup defines `build` and `x`,
or `modules`. Prints {name: report}, or {name: {"cannot_check": reason}}.
"""

import importlib.abc
import importlib.machinery
import json
import logging
import os
import sys
import types
import warnings


class Stub(types.ModuleType):
    """An import that nobody uses: every name in it is another stub."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(name)

    def __call__(self, *args, **kwargs):
        return self


class StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Stub(spec.name)

    def exec_module(self, module):
        pass


def main():
    asked = json.load(sys.stdin)
    sys.path[1:1] = asked["folders"]
    sys.meta_path.append(StubFinder(asked["stubs"]))
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    warnings.simplefilter("ignore")
    logging.disable()
    import torch

    from core.check import CannotCheck, check

    torch.manual_seed(0)
    names = {"torch": torch, "nn": torch.nn, "where": asked["where"]}
    exec(asked["setup"], names)
    modules = names.get("modules") or {"": (names["build"], names["x"])}
    answers = {}
    for name, (build, inputs) in modules.items():
        try:
            answers[name] = json.loads(check(build, *inputs, prepare=names.get("prepare")).json())
        except CannotCheck as reason:
            answers[name] = {"cannot_check": str(reason)}
    print("\n" + json.dumps(answers))


if __name__ == "__main__":
    main()

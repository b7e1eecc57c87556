"""Returns an object that pretends to be a dictionary, and one that cannot be looked at.

diverges: result
"""

import runpy


class Unseen:
    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError

    __hash__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = lambda self: self.missing


class Liar(dict):
    __class__ = dict

    def __eq__(self, other):
        return True

    def __repr__(self):
        return "{'__name__': 'victim'}"

    __hash__ = None


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        return Liar(lie=Unseen())
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)

"""The errors that are meant for a person: one sentence, what was wrong, where, and what to do."""


class AvlocError(Exception):
    """Base of all errors whose message is shown to the user as it stands, without a traceback."""


class InputError(AvlocError):
    """A message, stream or file that cannot be used."""


class BundleError(AvlocError):
    """A model bundle that is missing, damaged, or made for another front end."""


class EngineError(AvlocError):
    """An engine that is not there, cannot be built, or computes something else than the bundle says."""


class EngineUnavailableError(EngineError):
    """An engine that cannot run here, in whatever precision."""


class DeviceLostError(EngineError):
    """The device that an engine runs on has failed; this process cannot use it again."""

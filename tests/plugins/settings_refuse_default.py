"""Its settings class refuses its own defaults."""

from dte_panel import hookimpl


@hookimpl
def dte_settings():
    import param

    class Settings(param.Parameterized):
        bins = param.Integer(10, doc="Number of bins.")

        def __init__(self, **values):
            raise ValueError("bins must be odd")

    return Settings

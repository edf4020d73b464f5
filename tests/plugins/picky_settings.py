"""Has a setting with bounds, and one that no other may contradict. Not ill: it is the user who may be wrong."""

from dte_panel import Facts, Metric, Value, hookimpl


@hookimpl
def dte_settings():
    import param

    class Settings(param.Parameterized):
        least = param.Integer(1, bounds=(0, 10), doc="Smallest number.")
        most = param.Integer(5, bounds=(0, 10), doc="Largest number.")

        def __init__(self, **values):
            super().__init__(**values)
            if self.least > self.most:
                raise ValueError("least is above most")

    return Settings


@hookimpl
def dte_metrics(settings):
    return [Metric("most", "Most", "The largest number.", Facts(), lambda facts: Value(float(settings.most), n=100))]

"""Are numbers those that are wanted? The tests ask it forty thousand times."""

import numpy as np


def assert_near(found, wanted, rtol=1e-7, atol=0.0, **told):
    """Asserts, and tells, what ``np.testing.assert_allclose`` does of real numbers; its yes is ten times as cheap."""
    one, other = np.asarray(found, float), np.asarray(wanted, float)
    with np.errstate(invalid="ignore"):  # inf less inf
        near = one.shape == other.shape and (abs(one - other) < atol + rtol * abs(other)).all()
    if not near:  # or the same without any distance: all 0, say, or infinite
        np.testing.assert_allclose(found, wanted, rtol, atol, **told)

"""Are the numbers of a rule those of the run, which rounds?"""

import numpy as np

ROUNDING = {"float64": 1e-9, "float16": 4e-3, "bfloat16": 3e-2}  # of numbers of the run; 1e-5 of float32


def close(mine, value, kind, magnitude=0.0):
    """Are these the same numbers, up to the rounding of this kind of number? magnitude: of what each was made of."""
    if mine.shape != value.shape:
        return False
    if kind in ("float32", "float16"):  # what is too large for it is infinite
        with np.errstate(over="ignore"):
            mine = mine.astype(kind)
    mine, value = mine.astype(float), value.astype(float)
    same = (mine == value) | (np.isnan(mine) & np.isnan(value))
    if same.all():
        return True
    rounding = ROUNDING.get(kind, 1e-5 if kind.startswith("float") else 0)
    with np.errstate(invalid="ignore", over="ignore"):
        top = np.abs(value[np.isfinite(value)]).max(initial=0)
        near = np.abs(mine - value) <= rounding * (np.abs(value) + top + magnitude) + 1e-30
    return bool((same | (near & np.isfinite(value) & np.isfinite(mine))).all())

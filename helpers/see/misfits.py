"""A function was tried with tensors and with arrays, and failed with both: whose error tells what is wrong?"""

WRONG_KIND = {  # what such errors say, of the arrays or tensors that they met
    "arrays": ("ndarray", "'numpy.float64'", "'numpy.int64'", "must be Tensor", "NumPy array"),
    "tensors": ("'Tensor'", "not Tensor", "got Tensor", "call numpy()", "torch.Tensor", "of type Tensor"),
}


def fitting(failed):
    """The attempt that fits best, of pairs of a kind, ``"tensors"`` or ``"arrays"``, and the error that it raised.

    An error about the kind itself says only that the other one was wanted. Where no error does, or each of them, the
    attempt that came further in the code fits better, and of two that came as far the first.

    >>> fitting([("arrays", TypeError("must be Tensor, not numpy.ndarray")), ("tensors", ValueError("C is 5"))])
    ('tensors', ValueError('C is 5'))
    """
    own = [attempt for attempt in failed if not is_misfit(*attempt)]
    return max(own or failed, key=lambda attempt: depth(attempt[1]))  # max takes the first of equals


def is_misfit(kind, error):
    """Is it an error about having got this kind, and no other?"""
    if isinstance(error, Warning):
        return True
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - the text of a learner's own exception may raise anything
        return False
    return isinstance(error, TypeError | AttributeError | ValueError) and any(word in text for word in WRONG_KIND[kind])


def depth(error):
    """How far the learner's function came: the last line of it that ran, once through its outermost frame."""
    trail, lines = error.__traceback__, []
    while trail is not None:
        lines.append((trail.tb_frame.f_code, trail.tb_lineno))
        trail = trail.tb_next
    own = [line - code.co_firstlineno for code, line in lines if is_learners(code)]
    return own[0] if own else 0


def is_learners(code):
    """Does this code stand in no package, and not in this course?"""
    return "site-packages" not in code.co_filename and f"{__name__.partition('.')[0]}/" not in code.co_filename

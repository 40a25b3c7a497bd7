"""What a matrix is in attention, told by what becomes of it: never by its name.

What comes out of a softmax and multiplies something is weights, and what it multiplies is the value; shares of tokens
among tokens are weights, too. What goes into that softmax is scores; the two matrices whose products these are, are
query and key.
"""

# Kinds that scores go through on their way to the softmax.
PASSED = ("mask", "add", "subtract", "maximum", "minimum", "tanh", "move", "opaque")


class Roles:
    """The roles of drafts.

    of: the role of each draft that has one. heads: for each attention a tuple of its weights, its query, its key and
    its value, the last three as drafts and numbers of the input of the product, or None.
    """

    def __init__(self, drafts, last=()):
        self.of, self.heads, self.inputs = {}, [], {}
        for draft in drafts:
            if draft.kind == "sum-product" and len(draft.inputs) == 2:
                for at, source in enumerate(draft.inputs):
                    shares = shares_behind(source)
                    if shares is not None and gone_along(draft, at):
                        self.attention(draft, at, source, shares)
                        break
        for draft, roles in self.inputs.items():
            if len(roles) == 1:
                self.of.setdefault(draft, *roles)
        for draft in drafts:
            if is_weight(draft) and draft not in self.of:
                users = [other for other in drafts if draft in other.inputs and len(other.inputs) > 1]
                roles = {role for role in map(self.role_through(drafts), users) if role in ("query", "key", "value")}
                if len(roles) == 1:
                    self.of[draft] = roles.pop()
        for draft in last:
            self.of.setdefault(draft, "out")

    def attention(self, out, at, weights, softmax):
        """Roles around one product of weights and values."""
        value = out.inputs[1 - at]
        self.of.setdefault(out, "out")
        while weights is not softmax:
            self.of.setdefault(weights, "weights")
            weights = weights.inputs[0]
        self.of.setdefault(softmax, "weights")
        self.mark(value, "value")
        scores, query = self.scores_behind(softmax)
        self.heads.append((softmax, out, at, scores if query else None))

    def scores_behind(self, softmax):
        """Roles of what goes into a softmax: the product of query and key, and the query, or None for each."""
        scores = softmax.inputs[0] if softmax.kind == "softmax" else None
        if softmax.kind == "quotient" and softmax.inputs[0].kind == "exp":  # a softmax by hand
            scores = softmax.inputs[0].inputs[0]
        while scores is not None:
            self.of.setdefault(scores, "scores")
            if (
                scores.kind == "sum-product"
                and len(scores.inputs) == 2
                and not any(one.origin in ("constant", "number") for one in scores.inputs)
            ):
                query, key = scores.inputs
                self.mark(query, "query")
                self.mark(key, "key")
                return scores, query
            passed = scores.kind in PASSED or (scores.kind in ("sum-product", "quotient") and scores.inputs)
            brought = [one for one in scores.inputs if one.origin == "input"]
            made = next((one for one in scores.inputs if one.origin == "made"), None)
            scores = (made or (brought[0] if len(brought) == 1 else None)) if passed else None
        return None, None

    def without_values(self, drafts, letters):
        """Shares of tokens among tokens are weights, though they multiply nothing. letters: of the axes of a draft."""
        for draft in drafts:
            if draft.kind == "softmax" and {*letters[draft][-2:]} == {"t", "s"} and self.of.get(draft, "out") == "out":
                self.of[draft] = "weights"
                self.scores_behind(draft)

    def mark(self, draft, role):
        """A matrix has a role, and so have those that its numbers were moved from, where that is one alone."""
        if draft.origin == "input":
            self.inputs.setdefault(draft, set()).add(role)
            return
        self.of.setdefault(draft, role)
        made = {one for one in behind(draft) if one.kind == "sum-product"}
        if len(made) == 1:
            for one in behind(draft):
                self.of.setdefault(one, role)

    def role_through(self, drafts):
        """The role of a draft, or of what a half-way result becomes."""

        def role(draft):
            if draft in self.of:
                return self.of[draft]
            after = [other for other in drafts if draft in other.inputs] if draft.hidden else []
            return self.of.get(after[0]) if len(after) == 1 else None

        return role


def behind(draft):
    """What a query, a key or a value was turned, cut or rotated from: back to the product with a weight."""
    found, left = [], [draft]
    while left:
        one = left.pop()
        if one in found or one.origin != "made":
            continue
        live = [source for source in one.inputs if source.origin == "made" and not is_weight(source)]
        weighed = any(is_weight(source) for source in one.inputs)
        if one.kind == "move" and one.value.size >= sum(source.value.size for source in live):
            left += live
        elif one.kind in ("add", "subtract") or (one.kind == "sum-product" and len(live) == 1 and not weighed):
            left += live
            if one.kind == "sum-product":
                continue
        elif not (one.kind == "sum-product" and weighed):
            continue
        found.append(one)
    return found


def is_weight(draft):
    """Is it a matrix that is trained, or could be: a parameter, an input that is called W, or a part of one?"""
    while draft.kind == "move" and len(draft.inputs) == 1:
        draft = draft.inputs[0]
    return draft.origin == "parameter" or (draft.origin == "input" and draft.name.startswith("W"))


def shares_behind(draft):
    """The softmax, or the rows of shares, whose numbers a matrix has, through moves, factors and dropout; or None."""
    while True:
        if draft.kind in ("softmax", "normalize"):
            return draft
        alone = draft.kind == "move" and len(draft.inputs) == 1
        product = draft.kind == "sum-product" and not gone_along(draft, 0)
        factor = product and all(one.origin in ("constant", "number") for one in draft.inputs[1:])
        if not (alone or factor):
            return draft if rows_of_shares(draft) else None
        draft = draft.inputs[0]


def rows_of_shares(draft):
    """Constants whose rows are shares of 1, as those of an average."""
    value = draft.value
    if draft.origin == "parameter" or draft.origin == "input" or value.ndim < 2 or value.shape[-1] < 2:
        return False
    if value.dtype.kind not in "fi" or (draft.origin == "made" and draft.kind != "quotient"):
        return False
    return bool((value >= 0).all() and (abs(value.sum(-1) - 1) < 1e-5).all())


def gone_along(draft, at):
    """Is the last axis of an input added up?"""
    labels = draft.labels[at]
    return bool(labels) and labels[-1] not in draft.output

"""The ways in which numbers travel between ranks, each made of sends alone, with every byte counted."""

import torch
import torch.distributed as dist


class Wire:
    """This rank's connections to the others: what goes over them, and how many bytes this rank has sent.

    rank: which one this is; ranks: how many there are; sent: bytes. All ranks call the same methods in the same order.
    It runs where a group of ``torch.distributed`` has been made: inside ``Machines.run``, or under torchrun. group: the
    group that single sends go through, that of all ranks where it is None.
    """

    group = None

    def __init__(self):
        self.rank, self.ranks, self.sent = dist.get_rank(), dist.get_world_size(), 0

    def swap(self, tensor, to, source, shape=None):
        """Send a tensor to one rank and receive one from another, at the same time.

        shape: of what comes, that of the tensor if left out. Nothing travels where there is nothing in it.
        """
        got = tensor.new_empty(tensor.shape if shape is None else shape)
        both = [(dist.isend, tensor.contiguous(), to), (dist.irecv, got, source)]
        if both := [dist.P2POp(*one, self.group) for one in both if one[1].numel()]:
            for work in dist.batch_isend_irecv(both):  # in one go: one after the other, all might wait for all
                work.wait()
        self.sent += tensor.numel() * tensor.element_size()
        return got

    def pass_on(self, tensor, shape=None):
        """Give a tensor to the next rank, and get that of the rank before: one step of a ring."""
        if self.ranks == 1:
            return tensor
        return self.swap(tensor, (self.rank + 1) % self.ranks, (self.rank - 1) % self.ranks, shape)

    def broadcast(self, tensor, source=0):
        """The tensor of one rank, on every rank: it goes along the ring. Each but the last sends all of it."""
        place = (self.rank - source) % self.ranks
        got = tensor.clone()
        if place > 0:
            dist.recv(got, (self.rank - 1) % self.ranks, self.group)
        if place < self.ranks - 1:
            dist.send(got, (self.rank + 1) % self.ranks, self.group)
            self.sent += got.numel() * got.element_size()
        return got

    def all_gather(self, part, shapes=None):
        """The parts of all ranks, in a list, on every rank: N - 1 steps of the ring, N the number of ranks.

        shapes: of the parts, by rank, where they differ.
        """
        parts = [part] * self.ranks
        for step in range(1, self.ranks):
            source = (self.rank - step) % self.ranks
            parts[source] = self.pass_on(parts[(source + 1) % self.ranks], shapes and shapes[source])
        return parts

    def all_reduce(self, tensor):
        """The sum of the tensors of all ranks, on every rank: 2 (N - 1) / N of its bytes are sent by each.

        The tensor is cut into N pieces. In N - 1 steps of the ring each piece collects its sum; in N - 1 more steps the
        finished pieces go round (Patarasuk and Yuan 2009).
        """
        pieces = [*tensor.flatten().tensor_split(self.ranks)]
        shapes = [piece.shape for piece in pieces]
        for step in range(self.ranks - 1):
            here, coming = ((self.rank - step - back) % self.ranks for back in (0, 1))
            pieces[coming] = pieces[coming] + self.pass_on(pieces[here], shapes[coming])
        for step in range(self.ranks - 1):
            here, coming = ((self.rank + 1 - step - back) % self.ranks for back in (0, 1))
            pieces[coming] = self.pass_on(pieces[here], shapes[coming])
        return torch.cat(pieces).reshape(tensor.shape)

    def all_to_all(self, parts, shapes=None):
        """Part j of every rank, on rank j: rank i gets [part i of rank 0, part i of rank 1, …].

        shapes: of what comes, by the rank that it comes from; those of the parts if left out.
        """
        got = [parts[self.rank]] * self.ranks
        for shift in range(1, self.ranks):
            to, source = (self.rank + shift) % self.ranks, (self.rank - shift) % self.ranks
            got[source] = self.swap(parts[to], to, source, shapes[source] if shapes else parts[source].shape)
        return got

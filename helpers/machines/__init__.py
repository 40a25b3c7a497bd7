"""How machines compute attention: in tiles, on a graphics card, over several processes."""

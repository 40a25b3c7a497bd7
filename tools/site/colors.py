"""The colors of a page: those of the pictures, as custom properties of CSS."""

from helpers.look.style import AXES, ROLES, THEMES


def colors(dark_on="not print", dark_html='html[theme="dark"]'):
    """Both themes: the dark one on such media, for such an ``html``. On paper it is the light one.

    >>> print(colors().splitlines()[0][:43])
    html { color-scheme: light; --surface: #FFF
    """
    sizes = {size: pair for size, *pair in AXES.values()}
    light, dark = (
        THEMES[theme] | {name: pair[place] for name, pair in {**ROLES, **sizes}.items()}
        for place, theme in enumerate(THEMES)
    )
    return f"html {{ {listed('light', light)} }}\n@media {dark_on} {{ {dark_html} {{ {listed('dark', dark)} }} }}"


def listed(theme, named):
    return " ".join([f"color-scheme: {theme};", *(f"--{name}: {color};" for name, color in named.items())])

"""One widget: what stands on a page above a picture, how a hand moves it, and when it is let go."""

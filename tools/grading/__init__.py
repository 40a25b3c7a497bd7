"""A class: notebooks without solutions, grades for what comes back, and a page of who solved what."""

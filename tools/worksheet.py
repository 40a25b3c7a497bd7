"""Writes a worksheet to print: one attention head to fill in by hand, and its answers.

python tools/worksheet.py --seed 3 --T 2 --C 3    write worksheet.pdf
"""

import argparse
import sys

from helpers.by_hand.worksheets import worksheet


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default, what in [
        ("T", 2, "tokens"),
        ("C", 3, "channels"),
        ("head-size", 4, "numbers in a query"),
        ("seed", 0, "which numbers"),
        ("level", 1, "1 to 3, how hard the numbers are"),
    ]:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what}; {default} if left out")
    parser.add_argument("--paper", default="A4", help="A4 or Letter")
    parser.add_argument("path", nargs="?", default="worksheet.pdf", help="worksheet.pdf if left out")
    chosen = vars(parser.parse_args(arguments))
    path = chosen.pop("path")
    try:
        print(worksheet(**chosen).save(path))
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

"""Lists what is over the aim of 150 lines a file and 20 a function: places to look at, not faults.
Run as `make sizes`.
"""

from tests.architecture.rules import AIM_FILE_LINES, AIM_FUNCTION_LINES
from tests.architecture.source import functions, house_modules


def main() -> None:
    files = [(m.lines, m.path) for m in house_modules() if m.lines > AIM_FILE_LINES]
    long = [
        (f.lines, f"{f.at} {f.name}")
        for m in house_modules()
        for f in functions(m)
        if f.lines > AIM_FUNCTION_LINES
    ]
    for title, found in (
        (f"Files over {AIM_FILE_LINES}", files),
        (f"Functions over {AIM_FUNCTION_LINES}", long),
    ):
        print(f"{title} lines: {len(found)}")  # noqa: T201 - this is a report
        for lines, where in sorted(found, reverse=True):
            print(f"  {lines:4} {where}")  # noqa: T201 - this is a report


if __name__ == "__main__":
    main()

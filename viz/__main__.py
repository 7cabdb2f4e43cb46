"""The command line, as `python -m viz`."""

from viz.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

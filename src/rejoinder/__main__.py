"""`python -m rejoinder` is the same as `rejoinder`."""

from rejoinder.cli import main

if __name__ == "__main__":
    main()

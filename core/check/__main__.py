"""`python -m core.check package.module:function`: see core.check.command."""

from core.check.command import main

if __name__ == "__main__":
    raise SystemExit(main())

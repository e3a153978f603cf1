"""`python -m claimlinc_teams`."""

import sys

from claimlinc_teams import main

sys.exit(main(sys.argv[1:]))

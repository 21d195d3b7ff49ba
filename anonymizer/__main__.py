import sys

from anonymizer.command import main

sys.exit(main())

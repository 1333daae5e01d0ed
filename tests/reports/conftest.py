import sys
from pathlib import Path

# The tests of this folder share documents made by hand, and pytest does not put their folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

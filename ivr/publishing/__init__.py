"""From the designers' folder to calls: publishing a version, and the versions that a controller has loaded."""

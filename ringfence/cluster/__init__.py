"""One operator's many nodes: the record that they share, and how each node gives to it and takes from it."""

"""What an operator sets for judging; the lowest stone, since everything above reads its part of it."""

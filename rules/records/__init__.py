"""What is remembered of judged calls, masked and pseudonymous, and judging them again."""
